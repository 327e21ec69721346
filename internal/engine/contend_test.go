package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func TestContend_ManyEnginesRunOneDataflowOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const engines, each = 8, 3
		w, _, order := imported(t, "users", "groups")
		w.source.Before(func(_ context.Context, at enginetest.Point) error {
			if at.Call == "Scan" && w.source.Open() != 1 {
				t.Errorf("%d runs scan at once", w.source.Open())
			}
			return nil
		})
		var group sync.WaitGroup
		runs := make([][]int64, engines)
		for i := range engines {
			group.Go(func() {
				p := w.process(fmt.Sprintf("p%d", i))
				for n := range each {
					w.source.Put("users", row(fmt.Sprintf("of p%d %d", i, n), "x"))
					run, err := p.Import(context.Background(), order)
					if err != nil {
						t.Errorf("engine %d: %v", i, err)
						return
					}
					runs[i] = append(runs[i], run.Run)
				}
			})
		}
		group.Wait()
		var all, numbers []int64
		for _, r := range runs {
			all = append(all, r...)
		}
		slices.Sort(all)
		for n := range int64(engines * each) {
			numbers = append(numbers, n+2)
		}
		want(t, "numbers of the runs", numbers, all)
		w.holds(usersID, "users")
		m, err := w.catalog.Load(usersID)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "tags and main", engines*each+2, len(m.Refs))
	})
}

func TestContend_ManyProcessesRecoverOneRunAtOnce(t *testing.T) {
	for name, at := range map[string]struct {
		op     string
		status dataflow.Status
	}{"that has not decided": {"decision", dataflow.StatusFailed}, "that has decided": {"publish", dataflow.StatusCompleted}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, order := imported(t, "users", "groups")
				w.source.Put("users", row("u4", "Dan"))
				w.source.Put("groups", row("g2", "Guests"))
				w.killed(order, killedAt(at.op, enginetest.Writing))
				var group sync.WaitGroup
				for i := range 8 {
					group.Go(func() {
						if _, err := w.process(fmt.Sprintf("p%d", i)).Import(context.Background(), order); err != nil {
							t.Errorf("process %d: %v", i, err)
						}
					})
				}
				group.Wait()
				run, err := p.Run(t.Context(), "Customers", 2)
				if err != nil {
					t.Fatal(err)
				}
				want(t, "status of the dead run", at.status, run.Status)
				w.holds(usersID, "users")
				w.holds(groupsID, "groups")
				w.isClean(0)
			})
		})
	}
}

func TestContend_DataflowsDoNotWaitForEachOther(t *testing.T) {
	w := newWorld(t)
	slow := w.process("slow")
	order := slow.declare(definition("users"))
	reached := blockScan(w)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := slow.Import(ctx, order)
		ended <- err
	}()
	<-reached
	other := definition("groups")
	other.Name, other.Database = "Other", "other"
	p := w.process("second")
	p.completes(p.declare(other))
	cancel()
	failed(t, <-ended, "interrupted: the run was cancelled. Nothing was published; there are no tables yet.")
}
