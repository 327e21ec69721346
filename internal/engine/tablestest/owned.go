package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var ownedBehaviours = behaviours{
	"TablesAreListedByNameWithTheirRunsHiddenAndNeverPublishedOnesToo": func(w *world) {
		hidden, never := w.of(groups), w.of(dataflow.TableID{Database: "customers", Name: "never"})
		for run := int64(1); run <= 10; run++ {
			w.load(run, row("a", "x", 1))
		}
		hidden.load(1, row("g", "x", 1))
		hidden.publish(2, hidden.ticket(2, dataflow.ChangeHide))
		never.stage(11, row("n", "x", 1))
		table := func(w *world, hidden bool, trace int64, runs ...int64) dataflow.OwnedTable {
			return dataflow.OwnedTable{
				ID: w.id, Key: w.id.Name, FileName: "File of " + w.id.Name, UUID: w.look().UUID, Hidden: hidden, Runs: runs, Trace: trace,
			}
		}
		w.want("owned", []dataflow.OwnedTable{
			table(hidden, true, 2, 1), table(never, true, 11), table(w, false, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
		}, w.owned())
	},
	"DatabasesAreListedInOrderEachOnce": func(w *world) {
		for _, database := range []string{"a", "b", "c"} {
			w.of(dataflow.TableID{Database: database, Name: "users"}).load(1, row("a", "x", 1))
		}
		owned, err := w.tables.Owned(w.Context(), customers, []string{"c", "a", "nowhere", "c"})
		w.must(err)
		var ids []string
		for _, table := range owned {
			ids = append(ids, table.ID.String())
		}
		w.want("owned", []string{"a.users", "c.users"}, ids)
	},
	"ATagOfSomebodyElseIsNoRun": func(w *world) {
		first := w.load(1, row("a", "x", 1))
		for _, tag := range []string{"theirs", "run_x", "run_02", "run_3_of_theirs"} {
			w.must(w.subject.Tag(users, tag, *first.After))
		}
		w.want("runs", []int64{1}, w.owned()[0].Runs)
	},
	"WhatBelongsToAnotherIsNotListed": func(w *world) {
		w.load(1, row("a", "x", 1))
		owned, err := w.tables.Owned(w.Context(), "Other", []string{"customers"})
		w.must(err)
		w.want("owned by another dataflow", []dataflow.OwnedTable{}, owned)
		owned, err = w.process("workspace-2").Owned(w.Context(), customers, []string{"customers"})
		w.must(err)
		w.want("owned in another workspace", []dataflow.OwnedTable{}, owned)
	},
	"WhereNothingWasEverWrittenNothingIsListed": func(w *world) {
		w.want("owned", []dataflow.OwnedTable{}, w.owned())
	},
}
