package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var ticketBehaviours = behaviours{
	"ItIsABranchOnASnapshotThatTheTableHas": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		files := w.dataFiles()
		for run, kind := range map[int64]dataflow.Change{2: dataflow.ChangeHide, 3: dataflow.ChangeDrop} {
			change := w.ticket(run, kind)
			w.want("change", dataflow.TableChange{
				Key: "users", FileName: "File of users", TableID: users, UUID: first.UUID, Change: kind,
				Before: first.After, Ticket: first.After, MetadataLocation: w.look().MetadataLocation,
			}, change)
		}
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2_staging": *first.After, "run_3_staging": *first.After})
		w.want("data files", files, w.dataFiles())
	},
	"OfAHiddenTableItIsOnASnapshotThatStays": func(w *world) {
		w.load(1, row("a", "x", 1))
		second := w.load(2, row("b", "y", 1))
		w.publish(3, w.ticket(3, dataflow.ChangeHide))
		change := w.ticket(4, dataflow.ChangeDrop)
		w.want("before", (*int64)(nil), change.Before)
		w.want("ticket", second.After, change.Ticket)
	},
	"ATableThatNeverHadASnapshotNeedsNone": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		w.must(staging.Close())
		w.unchanged("the ticket", func() {
			w.want("ticket", (*int64)(nil), w.ticket(2, dataflow.ChangeDrop).Ticket)
		})
	},
	"AskedForTwiceItIsTheSame": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		hide, rollback := w.ticket(3, dataflow.ChangeHide), w.back(4, 1)
		hide.MetadataLocation = rollback.MetadataLocation
		w.unchanged("asking again", func() {
			w.want("the second ticket", hide, w.ticket(3, dataflow.ChangeHide))
			w.want("the second ticket", rollback, w.back(4, 1))
		})
	},
	"OfATableThatIsGoneIsNotFound": func(w *world) {
		for _, kind := range []dataflow.Change{dataflow.ChangeHide, dataflow.ChangeDrop, dataflow.ChangePublish} {
			_, err := w.tables.Ticket(w.Context(), ticketRequest(2, users, kind, 1))
			w.wantCode(err, dataflow.CodeNotFound)
		}
	},
	"OfATableOfAnotherIsForeign": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.unchanged("another's ticket", func() {
			for _, kind := range []dataflow.Change{dataflow.ChangeHide, dataflow.ChangeDrop, dataflow.ChangePublish} {
				req := ticketRequest(2, users, kind, 1)
				_, err := w.process("workspace-2").Ticket(w.Context(), req)
				w.wantCode(err, dataflow.CodeForeign)
				req.Dataflow = "Other"
				_, err = w.tables.Ticket(w.Context(), req)
				w.wantCode(err, dataflow.CodeForeign)
			}
		})
	},
	"OfAChangeThatHasNoneIsInvalid": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.unchanged("the request", func() {
			_, err := w.tables.Ticket(w.Context(), ticketRequest(2, users, dataflow.ChangeKeep, 0))
			w.wantCode(err, dataflow.CodeInvalid)
		})
	},
}

var rollbackBehaviours = behaviours{
	"RowsAndColumnsGoBackAndForthAndNoDataFileIsWritten": func(w *world) {
		first := w.load(1, row("a", "x", 1), row("b", "y", 1))
		second := w.with(wide()).load(2, append(row("a", "x", 2), "pro"))
		files := w.dataFiles()
		back := w.back(3, 1)
		w.want("change", dataflow.TableChange{
			Key: "users", FileName: "File of users", TableID: users, UUID: first.UUID, Change: dataflow.ChangePublish,
			Before: second.After, After: first.After, Ticket: first.After, SchemaID: back.SchemaID,
			MetadataLocation: w.look().MetadataLocation, RowsBefore: 1, Counts: dataflow.Counts{Read: 2},
		}, back)
		w.wantRefs(map[string]int64{"main": *second.After, "run_1": *first.After, "run_2": *second.After, "run_3_staging": *first.After})
		w.wantRows("main", map[string]string{"a": "x/pro"})

		w.publish(3, back)
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2": *second.After, "run_3": *first.After})
		w.wantRows("main", map[string]string{"a": "x", "b": "y"})
		w.want("columns", []string{"id", "name", "updated_at"}, w.look().Columns)

		forth := w.back(4, 2)
		w.want("rows before", int64(2), forth.RowsBefore)
		w.publish(4, forth)
		w.wantRows("main", map[string]string{"a": "x/pro"})
		w.want("columns", []string{"id", "name", "updated_at", "plan"}, w.look().Columns)
		w.want("data files", files, w.dataFiles())
		w.want("change of an import of what it brought", dataflow.ChangeKeep, w.with(wide()).load(5, append(row("a", "x", 2), "pro")).Change)
	},
	"ToTheRowsThatAreThereItIsATagMore": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		back := w.back(2, 1)
		w.publish(2, back)
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2": *first.After})
		w.unchanged("a second publish", func() { w.publish(2, back) })
	},
	"AnImportAfterItIsComparedWithWhatItBrought": func(w *world) {
		w.load(1, row("a", "x", 1), row("b", "y", 1))
		w.with(wide()).load(2, append(row("a", "x", 1), "pro"))
		w.publish(3, w.back(3, 1))
		change := w.with(wide()).load(4, append(row("a", "x", 1), "pro"))
		w.want("counts", dataflow.Counts{Read: 1, Changed: 1, Removed: 1}, change.Counts)
		w.wantRows("main", map[string]string{"a": "x/pro"})
		w.want("columns", []string{"id", "name", "updated_at", "plan"}, w.look().Columns)
	},
	"AHiddenTableComesBack": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		back := w.back(3, 1)
		w.want("before", (*int64)(nil), back.Before)
		w.want("rows before", int64(0), back.RowsBefore)
		w.want("rows", int64(1), back.Counts.Read)
		w.publish(3, back)
		w.wantRows("main", map[string]string{"a": "x"})
		w.want("hidden by", "", w.look().HiddenBy)
	},
	"ToARunThatIsNotKeptIsNotFound": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		w.retain(2, 1)
		w.unchanged("the request", func() {
			for _, target := range []int64{1, 7} {
				_, err := w.tables.Ticket(w.Context(), ticketRequest(3, users, dataflow.ChangePublish, target))
				w.wantCode(err, dataflow.CodeNotFound)
			}
		})
	},
	"ATableThatTheRunHasStagedIsRefused": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.stage(2, row("b", "y", 1))
		w.unchanged("the request", func() {
			_, err := w.tables.Ticket(w.Context(), ticketRequest(2, users, dataflow.ChangePublish, 1))
			w.wantCode(err, dataflow.CodeExists)
		})
	},
	"WhatSomebodyElsePutOnMainIsReplacedAndNamed": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		back := w.back(3, 1)
		theirs := w.overwrite()
		for range 2 {
			w.want("replaced", &theirs, w.publish(3, back).Replaced)
		}
	},
}
