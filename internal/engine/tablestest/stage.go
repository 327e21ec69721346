package tablestest

import (
	"context"
	"fmt"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var stageBehaviours = behaviours{
	"ATableThatIsNotThereIsCreatedEmptyAndMarked": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		w.must(staging.Close())
		table := w.look()
		w.want("columns", []string{"id", "name", "updated_at"}, table.Columns)
		w.want("refs", map[string]int64{}, table.Refs)
		w.want("owned", []dataflow.TableState{{ID: users, Key: "users", FileName: "File of users", UUID: table.UUID, Hidden: true}}, w.owned())
	},
	"ATableThatAFailedRunLeftIsTakenOver": func(w *world) {
		w.stage(1, row("a", "x", 1))
		uuid := w.look().UUID
		w.sweep(1)
		w.load(2, row("b", "y", 1))
		w.wantRows("main", map[string]string{"b": "y"})
		w.want("uuid", uuid, w.look().UUID)
	},
	"WhatIsStagedIsOnABranchThatNobodyReads": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		second := w.stage(2, row("b", "y", 1))
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2_staging": *second.After})
		w.wantRows("main", map[string]string{"a": "x"})
		w.wantRows("run_2_staging", map[string]string{"b": "y"})
	},
	"TheChangeSaysWhatPublishHasToDo": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		table := w.look()
		change := w.stage(2, row("a", "y", 2))
		w.want("change", dataflow.TableChange{
			Key: "users", FileName: "File of users", TableID: users, Definition: request(2, users, narrow()).Definition, UUID: table.UUID,
			Change: dataflow.ChangePublish, Before: first.After, After: change.Ticket, Ticket: change.Ticket,
			MetadataLocation: w.look().MetadataLocation, Counts: dataflow.Counts{Read: 1, Changed: 1},
		}, change)
		if same(change.Before, change.After) {
			w.Error("the staged snapshot is main's")
		}
	},
	"AnEmptyTableGetsASnapshot": func(w *world) {
		change := w.load(1)
		w.want("counts", dataflow.Counts{}, change.Counts)
		w.wantRows("main", map[string]string{})
		w.wantRows("run_1", map[string]string{})
		w.want("data files", []string{}, w.dataFiles())
		w.want("change of the next", dataflow.ChangeKeep, w.load(2).Change)
	},
	"AnUnchangedTableIsKeptWithATicketAndWithoutADataFile": func(w *world) {
		first := w.load(1, row("a", "x", 1), row("b", "y", 1))
		files := w.dataFiles()
		change := w.stage(2, row("b", "y", 1), row("a", "x", 1))
		w.want("change", dataflow.TableChange{
			Key: "users", FileName: "File of users", TableID: users, Definition: request(2, users, narrow()).Definition, UUID: first.UUID,
			Change: dataflow.ChangeKeep, Before: first.After, After: first.After, Ticket: first.After, MetadataLocation: w.look().MetadataLocation,
			Counts: dataflow.Counts{Read: 2, Unchanged: 2},
		}, change)
		w.wantRefs(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2_staging": *first.After})
		w.want("data files", files, w.dataFiles())
	},
	"WhatBecameOfEveryRowIsCounted": func(w *world) {
		first := w.load(1, row("a", "x", 1), row("b", "x", 1), row("c", "x", 1), row("d", "x", 1))
		w.want("counts of the first", dataflow.Counts{Read: 4, Added: 4}, first.Counts)
		second := w.load(2, row("a", "x", 1), row("b", "y", 2), row("d", "x", 1), row("e", "x", 1), row("f", "x", 1))
		w.want("counts", dataflow.Counts{Read: 5, Added: 2, Changed: 1, Removed: 1, Unchanged: 2}, second.Counts)
		w.wantRows("main", map[string]string{"a": "x", "b": "y", "d": "x", "e": "x", "f": "x"})
		w.wantRows("run_1", map[string]string{"a": "x", "b": "x", "c": "x", "d": "x"})
		third := w.load(3)
		w.want("counts of an empty one", dataflow.Counts{Removed: 5}, third.Counts)
	},
	"RowsThatGetAnotherKeyColumnAreRemovedAndAdded": func(w *world) {
		w.load(1, row("a", "x", 1), row("b", "x", 1), row("c", "x", 1))
		rekeyed := narrow()
		rekeyed.Columns[0].Name, rekeyed.Key = "other_id", []string{"other_id"}
		change := w.with(rekeyed).load(2, row("1", "x", 1), row("2", "x", 1))
		w.want("counts", dataflow.Counts{Read: 2, Added: 2, Removed: 3}, change.Counts)
		again := w.with(rekeyed).load(3, row("1", "x", 1), row("2", "x", 1))
		w.want("counts of the same rows", dataflow.Counts{Read: 2, Unchanged: 2}, again.Counts)
	},
	"OfRowsWithOneKeyTheNewestVersionCountsOnce": func(w *world) {
		unversioned := row("b", "old", 0)
		unversioned[2] = nil
		for n, rows := range [][]dataflow.Row{
			{row("a", "old", 1), row("a", "new", 3), row("a", "newer", 2), unversioned, row("b", "new", 1)},
			{row("a", "new", 3), row("b", "new", 1), row("a", "old", 1), unversioned},
		} {
			w := w.of(dataflow.TableID{Database: "customers", Name: fmt.Sprint("t", n)})
			w.want("counts", dataflow.Counts{Read: 2, Added: 2}, w.load(1, rows...).Counts)
			w.wantRows("main", map[string]string{"a": "new", "b": "new"})
		}
	},
	"ANewColumnBecomesCurrentWithThePublishAndNotBefore": func(w *world) {
		w.load(1, row("a", "x", 1), row("b", "y", 1))
		change := w.with(wide()).stage(2, append(row("a", "x", 1), nil), append(row("b", "y", 1), "pro"))
		w.want("counts", dataflow.Counts{Read: 2, Changed: 1, Unchanged: 1}, change.Counts)
		if change.SchemaID == nil {
			w.Error("the change names no schema")
		}
		w.want("columns", []string{"id", "name", "updated_at"}, w.look().Columns)
		w.publish(2, change)
		w.want("columns", []string{"id", "name", "updated_at", "plan"}, w.look().Columns)
		w.wantRows("main", map[string]string{"a": "x", "b": "y/pro"})
		w.wantRows("run_1", map[string]string{"a": "x", "b": "y"})
	},
	"ANewColumnWithoutAValueIsPublishedWithoutADataFileOfARow": func(w *world) {
		w.load(1, row("a", "x", 1))
		change := w.with(wide()).load(2, append(row("a", "x", 1), nil))
		w.want("change", dataflow.ChangePublish, change.Change)
		w.want("counts", dataflow.Counts{Read: 1, Unchanged: 1}, change.Counts)
		w.want("columns", []string{"id", "name", "updated_at", "plan"}, w.look().Columns)
		w.want("change of the same again", dataflow.ChangeKeep, w.with(wide()).load(3, append(row("a", "x", 1), nil)).Change)
	},
	"AColumnThatTheSourceNoLongerHasStaysAndIsAbsent": func(w *world) {
		w.with(wide()).load(1, append(row("a", "x", 1), "pro"), append(row("b", "y", 1), nil))
		change := w.load(2, row("a", "x", 1), row("b", "y", 1))
		w.want("counts", dataflow.Counts{Read: 2, Changed: 1, Unchanged: 1}, change.Counts)
		if change.SchemaID != nil {
			w.Errorf("the schema becomes %d", *change.SchemaID)
		}
		w.want("columns", []string{"id", "name", "updated_at", "plan"}, w.look().Columns)
		w.wantRows("main", map[string]string{"a": "x", "b": "y"})
		w.wantRows("run_1", map[string]string{"a": "x/pro", "b": "y"})
	},
	"ARunStagesATableOnce": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.stage(2, row("b", "y", 1))
		w.unchanged("staging again", func() {
			_, err := w.tryStage(w.tables, request(2, users, narrow()), row("c", "z", 1))
			w.wantCode(err, dataflow.CodeExists)
			_, err = w.tryStage(w.tables, request(2, users, narrow()), row("a", "x", 1)) // even what is there
			w.wantCode(err, dataflow.CodeExists)
		})
		w.wantRows("run_2_staging", map[string]string{"b": "y"})
	},
	"ARunThatTheTableHasAlreadyOrANewerOneIsCorrupt": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		w.ticket(5, dataflow.ChangeHide)
		w.unchanged("a run whose number was given before", func() {
			for _, run := range []int64{1, 2, 4} {
				_, err := w.tryStage(w.tables, request(run, users, narrow()), row("c", "z", 1))
				w.wantCode(err, dataflow.CodeCorrupt)
				_, err = w.tables.Ticket(w.Context(), ticketRequest(run, users, dataflow.ChangePublish, 1))
				w.wantCode(err, dataflow.CodeCorrupt)
			}
		})
		w.sweep(5)
		w.load(4, row("c", "z", 1))
	},
	"WithoutACommitNothingReachesTheTable": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.unchanged("a close", func() {
			staging, err := w.tables.Stage(w.Context(), request(2, users, wide()))
			w.must(err)
			w.must(staging.Put(w.Context(), append(row("b", "y", 1), "pro")))
			w.must(staging.Close())
		})
	},
	"WhatBreaksTheSchemaIsInvalid": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		for _, row := range []dataflow.Row{{"a"}, append(row("a", "x", 1), "pro"), {nil, "x", nil}} {
			w.wantCode(staging.Put(w.Context(), row), dataflow.CodeInvalid)
		}
		change, err := staging.Commit(w.Context())
		w.must(err)
		w.want("counts", dataflow.Counts{}, change.Counts)
		if err := staging.Put(w.Context(), row("a", "x", 1)); err == nil {
			w.Error("a row was taken after the commit")
		}
		w.must(staging.Close())
	},
	"RowsMayBePutFromManyGoroutines": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for i := range 50 {
					if err := staging.Put(w.Context(), row(fmt.Sprint("u", i), fmt.Sprint("by ", worker), worker)); err != nil {
						w.Error(err)
					}
				}
			})
		}
		group.Wait()
		change, err := staging.Commit(w.Context())
		w.must(err)
		w.must(staging.Close())
		w.want("counts", dataflow.Counts{Read: 50, Added: 50}, change.Counts)
		for key, row := range w.look().Rows["run_1_staging"] {
			w.want("the newest of "+key, any("by 7"), row["name"])
		}
	},
	"ACancelledContextEndsIt": func(w *world) {
		w.load(1, row("a", "x", 1))
		ctx, cancel := context.WithCancel(w.Context())
		staging, err := w.tables.Stage(ctx, request(2, users, narrow()))
		w.must(err)
		w.must(staging.Put(ctx, row("b", "y", 1)))
		cancel()
		w.unchanged("a cancelled staging", func() {
			if err := staging.Put(ctx, row("c", "z", 1)); err == nil {
				w.Error("Put went on")
			}
			if _, err := staging.Commit(ctx); err == nil {
				w.Error("Commit went on")
			}
			w.must(staging.Close())
		})
	},
	"TheRowsThatSomebodyElseLeftAreWhatIsComparedWith": func(w *world) {
		w.load(1, row("a", "x", 1))
		theirs := w.overwrite()
		change := w.load(2, row("a", "x", 1))
		w.want("counts", dataflow.Counts{Read: 1, Added: 1}, change.Counts)
		w.want("before", &theirs, change.Before)
		w.wantRows("main", map[string]string{"a": "x"})
	},
	"WhatBelongsToAnotherIsForeign": func(w *world) {
		w.load(1, row("a", "x", 1))
		other := request(2, users, narrow())
		other.Dataflow = "Other"
		w.unchanged("another's staging", func() {
			_, err := w.tryStage(w.tables, other, row("b", "y", 1))
			w.wantCode(err, dataflow.CodeForeign)
			_, err = w.tryStage(w.process("workspace-2"), request(2, users, narrow()), row("b", "y", 1))
			w.wantCode(err, dataflow.CodeForeign)
			other.ID.Name = "theirs" // in a database that was made for this dataflow
			_, err = w.tryStage(w.tables, other, row("b", "y", 1))
			w.wantCode(err, dataflow.CodeForeign)
		})
		w.of(other.ID).wantGone()
	},
	"ADataflowsNameIsItsOwnInAnyCase": func(w *world) {
		w.load(1, row("a", "x", 1))
		req := request(2, users, narrow())
		req.Dataflow = "CUSTOMERS"
		change, err := w.tryStage(w.tables, req, row("a", "x", 1))
		w.must(err)
		w.want("change", dataflow.ChangeKeep, change.Change)
	},
	"ATableThatWasMadeForAnotherKeyIsInvalid": func(w *world) {
		w.load(1, row("a", "x", 1))
		req := request(3, users, narrow())
		req.Table.Key = "groups"
		refused := func() {
			_, err := w.tryStage(w.tables, req, row("b", "y", 1))
			w.wantCode(err, dataflow.CodeInvalid)
		}
		w.unchanged("staging another key", refused)
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		w.unchanged("staging another key on a hidden table", refused)
	},
}
