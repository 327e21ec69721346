package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var retainBehaviours = behaviours{
	"TheTagsGoWithWhatOnlyTheyHad": func(w *world) {
		w.load(1, row("a", "x", 1))
		second := w.load(2, row("a", "y", 2))
		third := w.load(3, row("a", "z", 3))
		w.load(4, row("a", "z", 3)) // it has the third's snapshot
		w.retain(4, 1, 3)
		table := w.look()
		w.want("refs", map[string]int64{"main": *third.After, "run_2": *second.After, "run_4": *third.After}, table.Refs)
		w.want("snapshots", 2, len(table.Snapshots))
		w.wantRows("main", map[string]string{"a": "z"})
		w.wantRows("run_2", map[string]string{"a": "y"})
		w.wantNoOrphans(users)
		w.want("runs", []int64{2, 4}, w.owned()[0].Runs)
		w.unchanged("retaining again", func() { w.retain(4, 1, 3) })
	},
	"AFileThatAKeptSnapshotSharesStays": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "x", 1), row("b", "y", 1))
		w.load(3, row("a", "x", 1), row("b", "y", 1), row("c", "z", 1))
		w.retain(3, 1, 2)
		w.wantRefNames("main", "run_3")
		w.wantRows("main", map[string]string{"a": "x", "b": "y", "c": "z"})
		w.wantNoOrphans(users)
	},
	"WhatANewerRunHasStagedStays": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		third := w.stage(3, row("a", "z", 3))
		w.retain(2, 1) // late
		w.wantRows("run_3_staging", map[string]string{"a": "z"})
		w.publish(3, third)
		w.unchanged("retaining later still", func() { w.retain(2, 1) })
		w.wantRows("run_2", map[string]string{"a": "y"})
	},
	"LateItChangesNothing": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		w.retain(2, 1)
		w.publish(3, w.back(3, 2))
		w.overwrite()
		w.overwrite() // the first of theirs is on no ref any more
		w.unchanged("what was done before", func() { w.retain(2, 1) })
	},
	"ADataFileOfANewerRunStaysWhetherASnapshotHasItOrNot": func(w *world) {
		// A run writes its files before its commit, so one that no snapshot has may be about to get one.
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		w.load(3, row("a", "z", 3))
		w.overwrite()
		files := w.dataFiles()
		w.retain(2, 3) // takes the third's snapshot away
		w.want("data files", files, w.dataFiles())
		w.retain(3)
		w.want("data files", 2, len(w.dataFiles()))
		w.wantNoOrphans(users)
	},
	"ASnapshotThatNoRefIsOnGoesWithTheTags": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		w.overwrite()
		theirs := w.overwrite()
		w.retain(2, 1)
		table := w.look()
		w.want("snapshots", 2, len(table.Snapshots))
		w.want("main", theirs, table.Refs["main"])
		w.wantRows("run_2", map[string]string{"a": "y"})
	},
	"WhatSomebodyElseTaggedStays": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		w.must(w.subject.Tag(users, "theirs", *first.After))
		w.load(2, row("a", "y", 2))
		w.retain(2, 1)
		w.wantRefNames("main", "run_2", "theirs")
		w.wantRows("theirs", map[string]string{"a": "x"})
	},
	"AHiddenTableLetsItsRunsGoToo": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		w.publish(3, w.ticket(3, dataflow.ChangeHide))
		w.retain(3, 1)
		w.wantRefNames("run_2")
		w.wantRows("run_2", map[string]string{"a": "y"})
		w.wantNoOrphans(users)
	},
	"TheTableThatMainIsOnStaysReadableWithoutItsTag": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.retain(1, 1)
		w.wantRefNames("main")
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"EveryTableIsDone": func(w *world) {
		groups := w.of(groups)
		for run := int64(1); run <= 2; run++ {
			w.load(run, row("a", "x", int(run)))
			groups.load(run, row("g", "x", int(run)))
		}
		where, err := w.tables.Retain(w.Context(), customers, 2, []dataflow.TableID{users, groups.id}, []int64{1})
		w.must(err)
		w.want("where the tables are", map[dataflow.TableID]string{users: w.look().MetadataLocation, groups.id: groups.look().MetadataLocation}, where)
		w.wantRefNames("main", "run_2")
		groups.wantRefNames("main", "run_2")
		w.wantNoOrphans(users, groups.id)
	},
	"WhatBelongsToAnotherIsForeign": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		w.unchanged("another's retention", func() {
			_, err := w.tables.Retain(w.Context(), "Other", 2, []dataflow.TableID{users}, []int64{1})
			w.wantCode(err, dataflow.CodeForeign)
			_, err = w.process("workspace-2").Retain(w.Context(), customers, 2, []dataflow.TableID{users}, []int64{1})
			w.wantCode(err, dataflow.CodeForeign)
		})
	},
}
