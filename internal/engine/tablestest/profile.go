package tablestest

import "github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"

// profiled is the profile of rows of the narrow schema.
func profiled(rows int64, id, name, updatedAt dataflow.ColumnProfile) *dataflow.Profile {
	return &dataflow.Profile{Rows: rows, Columns: map[string]dataflow.ColumnProfile{"id": id, "name": name, "updated_at": updatedAt}}
}

func text(filled, empty, distinct, longest int64) dataflow.ColumnProfile {
	return dataflow.ColumnProfile{Filled: filled, Empty: empty, Distinct: distinct, Longest: &longest}
}

func times(filled, distinct int64) dataflow.ColumnProfile {
	return dataflow.ColumnProfile{Filled: filled, Distinct: distinct}
}

var profileBehaviours = behaviours{
	"ASnapshotHasTheProfileOfTheRowsThatCount": func(w *world) {
		absent, unversioned := row("c", "", 4), row("d", "x", 0)
		absent[1], unversioned[2] = nil, nil
		w.stage(1, row("a", "an older and longer name", 1), row("a", "x", 2), row("bb", "été", 2), absent, unversioned, row("e", "", 3))
		w.wantProfile("run_1_staging", profiled(5, text(5, 0, 5, 2), text(4, 1, 3, 3), times(4, 3)))
	},
	"AnEmptyTableHasAProfile": func(w *world) {
		w.load(1)
		w.wantProfile("main", profiled(0, text(0, 0, 0, 0), text(0, 0, 0, 0), times(0, 0)))
	},
	"AColumnThatTheSourceNoLongerHasIsFilledNowhere": func(w *world) {
		w.with(wide()).load(1, append(row("a", "x", 1), "pro"))
		w.load(2, row("a", "x", 1))
		want := profiled(1, text(1, 0, 1, 1), text(1, 0, 1, 1), times(1, 1))
		want.Columns["plan"] = text(0, 0, 0, 0)
		w.wantProfile("main", want)
	},
	"ATableWithoutDataHasAProfileAndNoRow": func(w *world) {
		change := w.loads(false, true).load(1, row("a", "x", 1), row("b", "y", 1), row("b", "older", 0))
		w.want("change", dataflow.ChangePublish, change.Change)
		w.want("counts", dataflow.Counts{Read: 2}, change.Counts)
		w.wantRows("main", map[string]string{})
		w.want("data files", []string{}, w.dataFiles())
		w.wantProfile("main", profiled(2, text(2, 0, 2, 1), text(2, 0, 2, 1), times(2, 1)))
	},
	"ATableWithoutDataIsKeptWhileItsProfileStays": func(w *world) {
		w = w.loads(false, true)
		first := w.load(1, row("a", "x", 1), row("b", "y", 1))
		kept := w.load(2, row("a", "y", 1), row("b", "z", 1)) // others, of which the same is known
		w.want("change", dataflow.ChangeKeep, kept.Change)
		w.want("counts", dataflow.Counts{Read: 2}, kept.Counts)
		w.want("snapshot", first.After, kept.After)
		w.want("change of other rows", dataflow.ChangePublish, w.load(3, row("a", "yes", 1)).Change)
		w.wantProfile("main", profiled(1, text(1, 0, 1, 1), text(1, 0, 1, 3), times(1, 1)))
		w.wantProfile("run_2", profiled(2, text(2, 0, 2, 1), text(2, 0, 2, 1), times(2, 1)))
	},
	"TurningDataOffTakesTheRowsAndLeavesTheProfile": func(w *world) {
		w.load(1, row("a", "x", 1), row("b", "y", 1))
		files := w.dataFiles()
		change := w.loads(false, true).load(2, row("a", "x", 1))
		w.want("counts", dataflow.Counts{Read: 1, Removed: 2}, change.Counts)
		w.wantRows("main", map[string]string{})
		w.wantRows("run_1", map[string]string{"a": "x", "b": "y"})
		w.want("data files", files, w.dataFiles())
		w.wantProfile("main", profiled(1, text(1, 0, 1, 1), text(1, 0, 1, 1), times(1, 1)))
		w.want("counts with data again", dataflow.Counts{Read: 1, Added: 1}, w.load(3, row("a", "x", 1)).Counts)
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"TurningMetadataOffTakesTheProfileAndLeavesTheRows": func(w *world) {
		w.load(1, row("a", "x", 1))
		files := w.dataFiles()
		change := w.loads(true, false).load(2, row("a", "x", 1))
		w.want("change", dataflow.ChangePublish, change.Change)
		w.want("counts", dataflow.Counts{Read: 1, Unchanged: 1}, change.Counts)
		w.wantProfile("main", nil)
		w.want("change of the same again", dataflow.ChangeKeep, w.loads(true, false).load(3, row("a", "x", 1)).Change)
		w.want("change with metadata again", dataflow.ChangePublish, w.load(4, row("a", "x", 1)).Change)
		w.wantProfile("main", profiled(1, text(1, 0, 1, 1), text(1, 0, 1, 1), times(1, 1)))
		w.wantRows("main", map[string]string{"a": "x"})
		w.want("data files", files, w.dataFiles())
	},
	"ARollbackTakesTheProfileBack": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.loads(true, false).load(2, row("a", "x", 1))
		w.load(3, row("a", "xyz", 1), row("b", "y", 1))
		w.publish(4, w.back(4, 1))
		w.wantProfile("main", profiled(1, text(1, 0, 1, 1), text(1, 0, 1, 1), times(1, 1)))
		w.publish(5, w.back(5, 2))
		w.wantProfile("main", nil)
	},
}
