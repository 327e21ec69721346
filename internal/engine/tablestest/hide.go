package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var hideBehaviours = behaviours{
	"MainGoesAndTheRunsStay": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		hide := w.ticket(2, dataflow.ChangeHide)
		w.wantRows("main", map[string]string{"a": "x"}) // not yet
		result := w.publish(2, hide)
		table := w.look()
		w.want("refs", map[string]int64{"run_1": *first.After}, table.Refs)
		w.want("hidden by", "2", table.HiddenBy)
		w.wantRows("run_1", map[string]string{"a": "x"})
		w.want("result", dataflow.TableResult{TableChange: hide, PublishedMetadataLocation: table.MetadataLocation}, result)
	},
	"DoneTwiceItIsDoneOnce": func(w *world) {
		w.load(1, row("a", "x", 1))
		hide := w.ticket(2, dataflow.ChangeHide)
		once := w.publish(2, hide)
		w.unchanged("a second hide", func() { w.want("the second result", once, w.publish(2, hide)) })
	},
	"AnImportBringsTheTableBack": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		change := w.load(3, row("a", "x", 1), row("b", "y", 1))
		w.want("before", (*int64)(nil), change.Before)
		w.want("counts", dataflow.Counts{Read: 2, Added: 2}, change.Counts)
		w.wantRows("main", map[string]string{"a": "x", "b": "y"})
		w.want("hidden by", "", w.look().HiddenBy)
	},
	"WhatSomebodyElsePutOnMainGoesAndIsNamedToWhoeverAsks": func(w *world) {
		w.load(1, row("a", "x", 1))
		hide := w.ticket(2, dataflow.ChangeHide)
		theirs := w.overwrite()
		for range 2 {
			w.want("replaced", &theirs, w.publish(2, hide).Replaced)
		}
		w.wantRefNames("run_1")
	},
	"ATableWithoutAMainIsHiddenAllTheSame": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		w.publish(3, w.ticket(3, dataflow.ChangeHide))
		w.want("hidden by", "3", w.look().HiddenBy)
		w.wantRefNames("run_1")
	},
	"WithoutItsTicketItChangesNothing": func(w *world) {
		w.load(1, row("a", "x", 1))
		hide := w.ticket(2, dataflow.ChangeHide)
		w.sweep(2)
		w.unchanged("a hide that was swept", func() { w.publish(2, hide) })
	},
}
