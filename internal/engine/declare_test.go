package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func TestDeclare_TakesOverNothingThatIsComplete(t *testing.T) {
	devices := definition("users", "devices") // the source has no devices: its import fails
	cases := map[string]struct {
		arrange func(*testing.T, *world, *process)
		code    dataflow.Code
		message string
	}{
		"there is none": {arrange: func(*testing.T, *world, *process) {}},
		"declared and never run": {arrange: func(_ *testing.T, _ *world, p *process) {
			p.declare(definition("users"))
		}},
		"its first run failed": {arrange: func(t *testing.T, _ *world, p *process) {
			if _, err := p.Import(t.Context(), p.declare(devices)); err == nil {
				t.Fatal("the import of a table that is not there completed")
			}
		}},
		"defined and never run": {
			arrange: func(t *testing.T, _ *world, p *process) {
				order := p.declare(definition("users"))
				if err := p.Define(t.Context(), order.UID, order.Definition); err != nil {
					t.Fatal(err)
				}
			},
			code:    dataflow.CodeExists,
			message: `dataflow "Customers": create: the workspace has a dataflow of this name, which was created on CREATED and has published nothing yet`,
		},
		"its creator died while it staged": {arrange: func(_ *testing.T, w *world, p *process) {
			w.killed(p.declare(definition("users")), killedAt("stage", enginetest.Written))
		}},
		"its creator died while it published": {arrange: func(_ *testing.T, w *world, p *process) {
			w.killed(p.declare(definition("users")), killedAt("publish", enginetest.Written))
		}},
		"removed": {arrange: func(t *testing.T, _ *world, p *process) {
			order := p.declare(definition("users"))
			p.completes(order)
			if _, err := p.Remove(t.Context(), order); err != nil {
				t.Fatal(err)
			}
		}},
		"forgotten": {arrange: func(t *testing.T, _ *world, p *process) {
			order := p.declare(definition("users"))
			p.completes(order)
			if err := p.Forget(t.Context(), order.UID, "Customers"); err != nil {
				t.Fatal(err)
			}
		}},
		"forgotten, and made again in vain": {arrange: func(t *testing.T, _ *world, p *process) {
			order := p.declare(definition("users"))
			p.completes(order)
			if err := p.Forget(t.Context(), order.UID, "Customers"); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Import(t.Context(), p.declare(devices)); err == nil {
				t.Fatal("the import of a table that is not there completed")
			}
		}},
		"published": {
			arrange: func(_ *testing.T, _ *world, p *process) { p.completes(p.declare(definition("users"))) },
			code:    dataflow.CodeExists,
			message: `dataflow "Customers": create: the workspace has a dataflow of this name, which was created on CREATED and holds 1 table with 3 rows in database "customers", at run 1`,
		},
		"published, and its creator is dead": {
			arrange: func(_ *testing.T, w *world, p *process) {
				p.completes(p.declare(definition("users")))
				w.looks(p.self.ID, dataflow.LivenessDead)
			},
			code:    dataflow.CodeExists,
			message: `dataflow "Customers": create: the workspace has a dataflow of this name, which was created on CREATED and holds 1 table with 3 rows in database "customers", at run 1`,
		},
		"published, and its newest import failed": {
			arrange: func(t *testing.T, _ *world, p *process) {
				order := p.declare(definition("users"))
				p.completes(order)
				order.Definition = devices
				if _, err := p.Import(t.Context(), order); err == nil {
					t.Fatal("the import of a table that is not there completed")
				}
			},
			code:    dataflow.CodeExists,
			message: `dataflow "Customers": create: the workspace has a dataflow of this name, which was created on CREATED and holds 1 table with 3 rows in database "customers", at run 1`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.arrange(t, w, w.process("first"))
			before, beforeErr := w.ledger().Dataflow(t.Context(), "Customers")
			next := definition("groups")
			record, err := w.process("second").Declare(t.Context(), next)
			if c.code != "" {
				want(t, "code", c.code, dataflow.CodeOf(err))
				want(t, "message", strings.Replace(c.message, "CREATED", before.CreatedAt.Format(time.RFC3339), 1), err.Error())
				want(t, "record", before, w.record())
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want(t, "record", record, w.record())
			want(t, "phase", dataflow.PhaseCreating, record.Phase)
			want(t, "type", enginetest.Type, record.Type)
			want(t, "definition", next, record.Definition)
			if beforeErr == nil && record.UID == before.UID {
				t.Error("the record has the uid of the one that it took over")
			}
			w.process("second").completes(engine.Order{UID: record.UID, Definition: next, Trigger: dataflow.TriggerCreate})
			w.holds(groupsID, "groups")
		})
	}
}

func TestDeclare_WaitsForALiveProcessAndThenSaysWhoItIs(t *testing.T) {
	for name, life := range map[string]dataflow.Liveness{"here": dataflow.LivenessAlive, "elsewhere": dataflow.LivenessUnknown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.looks("slow", life)
				slow := w.process("slow")
				order := slow.declare(definition("users"))
				reached := blockScan(w)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				began := time.Now()
				since := began.UTC().Format(time.RFC3339)
				go func() {
					_, err := slow.Import(ctx, order)
					ended <- err
				}()
				<-reached
				patience, done := context.WithTimeout(t.Context(), 10*time.Minute)
				defer done()
				_, err := w.process("second").Declare(patience, definition("groups"))
				want(t, "waited", "10m0s", time.Since(began).String())
				want(t, "code", dataflow.CodeBusy, dataflow.CodeOf(err))
				want(t, "message", `dataflow "Customers": run 1 is under way on host host-of-slow, process 104, since `+since+
					". Wait for it to end and apply again.", err.Error())
				want(t, "uid", order.UID, w.record().UID)
				cancel()
				var failure *engine.RunError
				if err := <-ended; !errors.As(err, &failure) {
					t.Errorf("the cancelled run ended with %v", err)
				}
			})
		})
	}
}

func TestDeclare_OfManyAtOnceOneMakesTheRecord(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	records := make([]dataflow.Record, 8)
	errs := make([]error, len(records))
	for i := range records {
		group.Go(func() {
			records[i], errs[i] = w.process(fmt.Sprintf("p%d", i)).Declare(context.Background(), definition("users"))
		})
	}
	group.Wait()
	winners := 0
	for i := range records {
		switch {
		case errs[i] == nil && records[i].UID == w.record().UID:
			winners++
		case errs[i] != nil && !dataflow.IsCode(errs[i], dataflow.CodeExists):
			t.Errorf("process %d: %v", i, errs[i])
		}
	}
	want(t, "processes whose record it is", 1, winners)
}

func TestDeclare_OfTwoOnOneRemovedNameOnlyOneImports(t *testing.T) {
	w := newWorld(t)
	a, b := w.process("a"), w.process("b")
	first := a.declare(definition("users"))
	second := b.declare(definition("groups")) // takes over a record that has not run
	_, err := a.Import(t.Context(), first)
	want(t, "code", dataflow.CodeForeign, dataflow.CodeOf(err))
	want(t, "message", `dataflow "Customers": import: it was made anew since this was planned. Plan again.`, err.Error())
	b.completes(second)
	want(t, "history", "1 Completed", w.history())
	want(t, "tables", []dataflow.TableID{groupsID}, w.catalog.Tables("customers"))
}

func TestState_OfARemovalThatIsDecidedHasNoTables(t *testing.T) {
	w, _, order := imported(t, "users")
	_, err := w.process("victim", killedAt("drop table", enginetest.Writing)).Remove(t.Context(), order)
	if !errors.Is(err, enginetest.ErrKilled) {
		t.Fatalf("the removal ended with %v; want that its process was killed", err)
	}
	w.looks("victim", dataflow.LivenessDead)
	state, err := w.process("reader").State(t.Context(), "Customers")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "published", false, state.Published())
	want(t, "status", dataflow.StatusFailed, state.Status())
	record, err := w.process("second").Declare(t.Context(), order.Definition)
	if err != nil {
		t.Fatal(err)
	}
	run := w.process("second").completes(engine.Order{UID: record.UID, Definition: order.Definition, Trigger: dataflow.TriggerCreate})
	want(t, "run", int64(3), run.Run)
	removal, err := w.ledger().Finished(t.Context(), "Customers", 2)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "removal", dataflow.StatusCompleted, removal.Status)
}
