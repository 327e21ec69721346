package tablestest

import (
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// contenders is how many processes do one thing at once.
const contenders = 8

// atOnce lets many processes do something at once.
func (w *world) atOnce(do func(tables dataflow.Tables) error) {
	w.Helper()
	var group sync.WaitGroup
	for range contenders {
		tables := w.process(workspace)
		group.Go(func() {
			if err := do(tables); err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
}

// publishAtOnce lets many processes publish one change at once, and says that every one of them found it replaced the same.
func (w *world) publishAtOnce(run int64, change dataflow.TableChange, replaced *int64) {
	w.Helper()
	w.atOnce(func(tables dataflow.Tables) error {
		result, err := tables.Publish(w.Context(), customers, run, change)
		if !same(result.Replaced, replaced) {
			w.Errorf("replaced %v, want %v", result.Replaced, replaced)
		}
		return err
	})
}

var contendBehaviours = behaviours{
	"OneCreatesATableAndTheOthersTakeIt": func(w *world) {
		w.atOnce(func(tables dataflow.Tables) error {
			staging, err := tables.Stage(w.Context(), request(1, users, narrow()))
			if err != nil {
				return err
			}
			return staging.Close()
		})
		w.want("owned", []dataflow.TableState{{ID: users, Key: "users", FileName: "File of users", UUID: w.look().UUID, Hidden: true}}, w.owned())
	},
	"ManyPublishesOfOneChangeAreOne": func(w *world) {
		w.load(1, row("a", "x", 1))
		change := w.stage(2, row("b", "y", 1))
		theirs := w.overwrite()
		w.publishAtOnce(2, change, &theirs)
		w.wantRefNames("main", "run_1", "run_2")
		w.wantRows("main", map[string]string{"b": "y"})
	},
	"ManyKeepsAreOne": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publishAtOnce(2, w.stage(2, row("a", "x", 1)), nil)
		w.wantRefNames("main", "run_1", "run_2")
	},
	"ManyRollbacksAreOne": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.with(wide()).load(2, append(row("b", "y", 1), "pro"))
		w.publishAtOnce(3, w.back(3, 1), nil)
		w.wantRefNames("main", "run_1", "run_2", "run_3")
		w.wantRows("main", map[string]string{"a": "x"})
		w.want("columns", []string{"id", "name", "updated_at"}, w.look().Columns)
	},
	"ManyHidesAreOne": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publishAtOnce(2, w.ticket(2, dataflow.ChangeHide), nil)
		w.wantRefNames("run_1")
	},
	"ManyDropsAreOne": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publishAtOnce(2, w.ticket(2, dataflow.ChangeDrop), nil)
		w.wantGone()
		w.want("data files", []string{}, w.dataFiles())
	},
	"ALateDropOfAnEmptyDatabaseDoesNotHinderWhoMakesATableInIt": func(w *world) {
		for run := int64(1); run < 12; run += 2 {
			w.load(run, row("a", "x", 1))
			drop := w.ticket(run+1, dataflow.ChangeDrop)
			w.publish(run+1, drop)
			w.atOnce(func(tables dataflow.Tables) error {
				if _, err := tables.Publish(w.Context(), customers, run+1, drop); err != nil {
					return err
				}
				staging, err := tables.Stage(w.Context(), request(run+2, users, narrow()))
				if err != nil {
					return err
				}
				return staging.Close()
			})
			w.want("owned", 1, len(w.owned()))
		}
	},
	"PublishRetainAndSweepDoNotHinderEachOther": func(w *world) {
		for run := int64(1); run <= 4; run++ {
			w.load(run, row("a", "x", int(run)), row("b", "y", 1))
		}
		w.stage(5, row("c", "abandoned", 1))
		change := w.stage(6, row("a", "x", 6), row("b", "y", 1))
		w.atOnce(func(tables dataflow.Tables) error {
			if err := tables.Sweep(w.Context(), customers, 5, []dataflow.TableID{users}); err != nil {
				return err
			}
			if _, err := tables.Publish(w.Context(), customers, 6, change); err != nil {
				return err
			}
			_, err := tables.Retain(w.Context(), customers, 6, []dataflow.TableID{users}, []int64{1, 2, 3})
			return err
		})
		w.wantRefNames("main", "run_4", "run_6")
		w.wantRows("main", map[string]string{"a": "x", "b": "y"})
		w.wantRows("run_4", map[string]string{"a": "x", "b": "y"})
		w.wantNoOrphans(users)
	},
	"ADropAmongRetainAndSweepTakesEverything": func(w *world) {
		for run := int64(1); run <= 3; run++ {
			w.load(run, row("a", "x", int(run)))
		}
		w.stage(4, row("c", "abandoned", 1))
		change := w.ticket(5, dataflow.ChangeDrop)
		w.atOnce(func(tables dataflow.Tables) error {
			if err := tables.Sweep(w.Context(), customers, 4, []dataflow.TableID{users}); err != nil {
				return err
			}
			if _, err := tables.Retain(w.Context(), customers, 5, []dataflow.TableID{users}, []int64{1, 2}); err != nil {
				return err
			}
			_, err := tables.Publish(w.Context(), customers, 5, change)
			return err
		})
		w.wantGone()
		w.want("data files", []string{}, w.dataFiles())
	},
}
