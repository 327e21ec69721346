package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var publishBehaviours = behaviours{
	"MainTheTagAndTheBranchMoveInOneCommit": func(w *world) {
		change := w.stage(1, row("a", "x", 1))
		result := w.publish(1, change)
		w.wantRefs(map[string]int64{"main": *change.After, "run_1": *change.After})
		w.wantRows("main", map[string]string{"a": "x"})
		w.want("result", dataflow.TableResult{TableChange: change, PublishedMetadataLocation: w.look().MetadataLocation}, result)
	},
	"AKeptTableStaysWhereItIsAndGetsTheTag": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		files := w.dataFiles()
		change := w.stage(2, row("a", "x", 1))
		result := w.publish(2, change)
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2": *first.After})
		w.want("data files", files, w.dataFiles())
		w.want("result", dataflow.TableResult{TableChange: change, PublishedMetadataLocation: w.look().MetadataLocation}, result)
	},
	"DoneTwiceItIsDoneOnce": func(w *world) {
		first := w.stage(1, row("a", "x", 1))
		once := w.publish(1, first)
		w.unchanged("a second publish", func() { w.want("the second result", once, w.publish(1, first)) })
		second := w.stage(2, row("a", "x", 1))
		once = w.publish(2, second)
		w.unchanged("a second keep", func() { w.want("the second result", once, w.publish(2, second)) })
	},
	"AnotherProcessCanDoIt": func(w *world) {
		change := w.stage(1, row("a", "x", 1))
		_, err := w.process(workspace).Publish(w.Context(), customers, 1, change)
		w.must(err)
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"WhatSomebodyElsePutOnMainIsReplacedAndNamedToWhoeverAsks": func(w *world) {
		w.load(1, row("a", "x", 1))
		change := w.stage(2, row("b", "y", 1))
		theirs := w.overwrite()
		for range 2 {
			w.want("replaced", &theirs, w.publish(2, change).Replaced)
		}
		w.wantRows("main", map[string]string{"b": "y"})
		w.want("replaced by a run that replaced nothing", (*int64)(nil), w.publish(3, w.stage(3, row("c", "z", 1))).Replaced)
	},
	"WhatSomebodyElsePutOnATableWithoutAMainIsReplacedAndNamedToo": func(w *world) {
		change := w.stage(1, row("a", "x", 1))
		theirs := w.overwrite()
		for range 2 {
			w.want("replaced", &theirs, w.publish(1, change).Replaced)
		}
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"AKeptTableThatSomebodyElseWroteToGoesBackAndThatIsNamed": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		change := w.stage(2, row("a", "x", 1))
		theirs := w.overwrite()
		for range 2 {
			w.want("replaced", &theirs, w.publish(2, change).Replaced)
		}
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2": *first.After})
	},
	"TheSnapshotOfAKeptTableStaysWhateverElseGoes": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		change := w.stage(2, row("a", "x", 1))
		w.overwrite()
		w.retain(1, 1) // its ticket is all that holds it
		w.publish(2, change)
		w.wantRefs(map[string]int64{"main": *first.After, "run_2": *first.After})
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"WithoutItsTicketItIsRefusedAsAbandoned": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "y", 2))
		staged := w.stage(3, row("a", "z", 3))
		w.sweep(3)
		rollback := w.back(4, 1)
		w.sweep(4)
		w.unchanged("what was swept", func() {
			_, err := w.tables.Publish(w.Context(), customers, 3, staged)
			w.wantCode(err, dataflow.CodeAbandoned)
			_, err = w.tables.Publish(w.Context(), customers, 4, rollback)
			w.wantCode(err, dataflow.CodeAbandoned)
		})
	},
	"ATableThatIsGoneIsNotFound": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		keep := w.stage(2, row("a", "x", 1))
		second := w.stage(3, row("b", "y", 1))
		hide := w.ticket(4, dataflow.ChangeHide)
		w.publish(5, w.ticket(5, dataflow.ChangeDrop))
		for run, change := range map[int64]dataflow.TableChange{1: first, 2: keep, 3: second, 4: hide} {
			_, err := w.tables.Publish(w.Context(), customers, run, change)
			w.wantCode(err, dataflow.CodeNotFound)
		}
		w.wantGone()
	},
	"WhatBelongsToAnotherIsForeign": func(w *world) {
		w.load(1, row("a", "x", 1))
		change := w.stage(2, row("b", "y", 1))
		w.unchanged("another's publish", func() {
			_, err := w.tables.Publish(w.Context(), "Other", 2, change)
			w.wantCode(err, dataflow.CodeForeign)
			_, err = w.process("workspace-2").Publish(w.Context(), customers, 2, change)
			w.wantCode(err, dataflow.CodeForeign)
		})
	},
	"AChangeThatNoRunCanHaveDecidedIsCorrupt": func(w *world) {
		change := w.load(1, row("a", "x", 1))
		nothing, unknown := change, change
		nothing.After, unknown.Change = nil, "rename"
		w.unchanged("a change that can't be", func() {
			for _, change := range []dataflow.TableChange{nothing, unknown} {
				_, err := w.tables.Publish(w.Context(), customers, 1, change)
				w.wantCode(err, dataflow.CodeCorrupt)
			}
		})
	},
}

// refusesLate expects that a change whose ticket is used and whose tag is gone is refused, and changes nothing.
func (w *world) refusesLate(run int64, change dataflow.TableChange) {
	w.unchanged("a late "+string(change.Change), func() {
		_, err := w.tables.Publish(w.Context(), customers, run, change)
		w.wantCode(err, dataflow.CodeAbandoned)
	})
}

// lateBehaviours is about a process that slept through newer runs and goes on where it was.
var lateBehaviours = behaviours{
	"APublishWhoseTagIsThereChangesNothing": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		second := w.load(2, row("b", "y", 1))
		keep := w.load(3, row("b", "y", 1))
		w.load(4, row("c", "z", 1))
		w.unchanged("a late publish", func() {
			w.publish(1, first)
			w.publish(2, second)
			w.publish(3, keep)
		})
	},
	"AnImportThatWasRolledBackIsNotPublishedAgain": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		second := w.load(2, row("b", "y", 1))
		w.publish(3, w.back(3, 1))
		w.unchanged("a late publish whose tag is there", func() { w.publish(2, second) })
		w.retain(3, 2)
		// Main is where the decision of run 2 left it, and nothing tells of run 2 any more but that its ticket is used.
		w.want("main", *first.After, w.look().Refs["main"])
		w.unchanged("a late publish", func() {
			_, err := w.tables.Publish(w.Context(), customers, 2, second)
			w.wantCode(err, dataflow.CodeAbandoned)
		})
	},
	"ARollbackThatWasUndoneIsNotDoneAgain": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		rollback := w.back(3, 1)
		w.publish(3, rollback)
		w.publish(4, w.back(4, 2))
		w.unchanged("a late rollback whose tag is there", func() { w.publish(3, rollback) })
		w.retain(4, 3)
		w.unchanged("a late rollback", func() {
			_, err := w.tables.Publish(w.Context(), customers, 3, rollback)
			w.wantCode(err, dataflow.CodeAbandoned)
		})
	},
	"AKeepWhoseTagRetentionTookDoesNotBringItBack": func(w *world) {
		w.load(1, row("a", "x", 1))
		keep := w.load(2, row("a", "x", 1))
		w.load(3, row("a", "x", 1))
		w.retain(3, 2)
		w.wantRefNames("main", "run_1", "run_3")
		w.refusesLate(2, keep)
	},
	"AKeepWhoseTagRetentionTookDoesNotBringItBackToAHiddenTable": func(w *world) {
		w.load(1, row("a", "x", 1))
		keep := w.load(2, row("a", "x", 1))
		w.publish(3, w.ticket(3, dataflow.ChangeHide))
		w.retain(3, 2)
		w.wantRefNames("run_1")
		w.refusesLate(2, keep)
	},
	"AKeepBesideANewerRunThatStagesDoesNotBringItsTagBack": func(w *world) {
		w.load(1, row("a", "x", 1))
		keep := w.load(2, row("a", "x", 1))
		w.retain(2, 2)
		w.stage(3, row("b", "y", 1))
		w.refusesLate(2, keep)
	},
	"AHideAfterTheTableCameBackChangesNothing": func(w *world) {
		w.load(1, row("a", "x", 1))
		hide := w.ticket(2, dataflow.ChangeHide)
		w.publish(2, hide)
		w.load(3, row("b", "y", 1))
		w.unchanged("a late hide", func() { w.publish(2, hide) })
		w.retain(3, 1)
		w.unchanged("a late hide after retention", func() { w.publish(2, hide) })
	},
	"ATableThatWasMadeAnewUnderTheNameIsLeftAlone": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		keep := w.load(2, row("a", "x", 1))
		hide := w.ticket(3, dataflow.ChangeHide)
		drop := w.ticket(4, dataflow.ChangeDrop)
		w.publish(4, drop)
		w.load(5, row("b", "y", 1))
		w.unchanged("what was decided for the old table", func() {
			for run, change := range map[int64]dataflow.TableChange{1: first, 2: keep, 3: hide} {
				_, err := w.tables.Publish(w.Context(), customers, run, change)
				w.wantCode(err, dataflow.CodeNotFound)
			}
			w.publish(4, drop)
		})
	},
}
