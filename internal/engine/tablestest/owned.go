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
		table := func(w *world, hidden bool, trace int64, runs ...int64) dataflow.TableState {
			return dataflow.TableState{
				ID: w.id, Key: w.id.Name, FileName: "File of " + w.id.Name, UUID: w.look().UUID, Hidden: hidden, Snapshot: w.main(), Runs: runs, Trace: trace,
			}
		}
		w.want("owned", []dataflow.TableState{
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
		w.want("owned by another dataflow", []dataflow.TableState{}, owned)
		owned, err = w.process("workspace-2").Owned(w.Context(), customers, []string{"customers"})
		w.must(err)
		w.want("owned in another workspace", []dataflow.TableState{}, owned)
	},
	"OneTableIsFoundAsItIsListedWhoeversItIs": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.of(groups).load(1, row("g", "x", 1))
		found, err := w.process("workspace-2").Find(w.Context(), users)
		w.must(err)
		w.want("found", w.owned()[1], found)
		_, err = w.tables.Find(w.Context(), dataflow.TableID{Database: "customers", Name: "nope"})
		w.wantCode(err, dataflow.CodeNotFound)
	},
	"TheLocationOfATableChangesWithEveryCommitAndNeverElse": func(w *world) {
		where := func(want map[dataflow.TableID]string) {
			w.Helper()
			got, err := w.tables.Where(w.Context(), []dataflow.TableID{users, groups, {Database: "nowhere", Name: "users"}})
			w.must(err)
			w.want("locations", want, got)
		}
		where(nil)
		w.load(1, row("a", "x", 1))
		first := w.look().MetadataLocation
		where(map[dataflow.TableID]string{users: first})
		w.load(2, row("a", "y", 2))
		if w.look().MetadataLocation == first {
			w.Error("a commit left the metadata where it was")
		}
		where(map[dataflow.TableID]string{users: w.look().MetadataLocation})
	},
	"WhereNothingWasEverWrittenNothingIsListed": func(w *world) {
		w.want("owned", []dataflow.TableState{}, w.owned())
	},
}
