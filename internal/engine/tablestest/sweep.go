package tablestest

import (
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var sweepBehaviours = behaviours{
	"TheBranchTheSnapshotAndTheFilesOfThatRunGo": func(w *world) {
		w.load(1, row("a", "x", 1))
		before, files := w.look(), w.dataFiles()
		w.stage(2, row("b", "y", 1), row("c", "z", 1))
		w.sweep(2)
		after := w.look()
		w.want("refs", before.Refs, after.Refs)
		w.want("snapshots", before.Snapshots, after.Snapshots)
		w.want("data files", files, w.dataFiles())
		w.unchanged("a second sweep", func() { w.sweep(2) })
		w.load(3, row("a", "x", 1), row("d", "y", 1))
		w.wantRows("main", map[string]string{"a": "x", "d": "y"})
	},
	"NothingOfAnotherRunGoes": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.stage(2, row("b", "y", 1))
		third := w.stage(3, row("c", "z", 1))
		w.sweep(2)
		w.wantRefNames("main", "run_1", "run_3_staging")
		w.wantNoOrphans(users)
		w.publish(3, third)
		w.wantRows("main", map[string]string{"c": "z"})
	},
	"NothingOfARunThatWasPublishedGoes": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("a", "x", 1), row("b", "y", 1))
		w.load(3, row("b", "y", 1))
		w.unchanged("the sweeps", func() {
			for run := int64(1); run <= 4; run++ {
				w.sweep(run)
			}
		})
	},
	"TheSnapshotThatATicketIsOnStays": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		refs, snapshots := w.look().Refs, w.look().Snapshots
		w.ticket(3, dataflow.ChangeHide)
		w.back(4, 1)
		w.ticket(5, dataflow.ChangeDrop)
		for run := int64(3); run <= 5; run++ {
			w.sweep(run)
		}
		w.want("refs", refs, w.look().Refs)
		w.want("snapshots", snapshots, w.look().Snapshots)
		w.wantRows("run_1", map[string]string{"a": "x"})
	},
	"ASnapshotOfSomebodyElsesStaysAlsoWhereOnlyTheTicketIsOnIt": func(w *world) {
		w.load(1, row("a", "x", 1))
		theirs := w.overwrite()
		w.ticket(2, dataflow.ChangeHide)
		w.overwrite()
		snapshots := w.look().Snapshots
		w.sweep(2)
		w.want("snapshots", snapshots, w.look().Snapshots)
		w.wantRefNames("main", "run_1")
		w.must(w.subject.Tag(users, "theirs", theirs))
	},
	"ASnapshotOfAnotherRunsOrSomebodyElsesStaysWhereOnlyTheTicketIsOnIt": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		theirs := w.overwrite()
		w.ticket(3, dataflow.ChangeHide)
		w.publish(4, w.back(4, 1))
		w.back(5, 2)
		w.retain(4, 2)
		w.sweep(3)
		w.sweep(5)
		w.wantRefNames("main", "run_1", "run_4")
		if !slices.Contains(w.look().Snapshots, theirs) {
			w.Error("their snapshot is gone")
		}
		w.want("snapshots", 3, len(w.look().Snapshots))
	},
	"AStagedSnapshotThatSomebodyElseTaggedStaysReadable": func(w *world) {
		w.load(1, row("a", "x", 1))
		change := w.stage(2, row("b", "y", 1))
		w.must(w.subject.Tag(users, "theirs", *change.After))
		for range 2 {
			w.sweep(2)
			w.wantRefNames("main", "run_1", "theirs")
			w.wantRows("theirs", map[string]string{"b": "y"})
		}
	},
	"AHiddenTableIsSweptToo": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		w.stage(3, row("b", "y", 1))
		w.sweep(3)
		w.wantRefNames("run_1")
		w.wantNoOrphans(users)
	},
	"OneThatIsForeignIsRefusedAndKeepsNoOtherFromIt": func(w *world) {
		other := request(1, dataflow.TableID{Database: "theirs", Name: "users"}, narrow())
		other.Dataflow = "Other"
		_, err := w.tryStage(w.tables, other, row("a", "x", 1))
		w.must(err)
		w.load(1, row("a", "x", 1))
		w.stage(2, row("b", "y", 1))
		w.of(other.ID).unchanged("another's sweep", func() {
			before := w.look().Refs
			err := w.tables.Sweep(w.Context(), customers, 1, []dataflow.TableID{other.ID, users})
			w.wantCode(err, dataflow.CodeForeign)
			w.want("refs", before, w.look().Refs)
		})
		err = w.tables.Sweep(w.Context(), customers, 2, []dataflow.TableID{other.ID, users})
		w.wantCode(err, dataflow.CodeForeign)
		w.wantRefNames("main", "run_1")
	},
	"WhereNothingWasEverWrittenThereIsNothingToDo": func(w *world) {
		w.sweep(1)
		w.wantGone()
	},
}
