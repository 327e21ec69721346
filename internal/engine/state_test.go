package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func (p *process) state() engine.State {
	p.w.t.Helper()
	state, err := p.State(p.w.t.Context(), "Customers")
	if err != nil {
		p.w.t.Fatalf("state: %v", err)
	}
	return state
}

func TestState_FollowsADataflowThroughItsLife(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	_, err := p.State(t.Context(), "Customers")
	want(t, "code before it is declared", dataflow.CodeNotFound, dataflow.CodeOf(err))

	order := p.declare(definition("users"))
	want(t, "status when it is declared", dataflow.StatusNew, p.state().Status())
	want(t, "published when it is declared", false, p.state().Published())

	broken := order
	broken.Definition = definition("devices")
	if _, err := p.Import(t.Context(), broken); err == nil {
		t.Fatal("the import of a table that is not there completed")
	}
	want(t, "status when its first import failed", dataflow.StatusFailed, p.state().Status())
	want(t, "published when its first import failed", false, p.state().Published())

	p.completes(order)
	s := p.state()
	want(t, "status when an import completed", dataflow.StatusCompleted, s.Status())
	want(t, "current run", 2, *s.Standing.CurrentRun)
	want(t, "last run", 2, s.LastRun.Run)
	refreshed := *s.Standing.LastRefreshAt

	if _, err := p.Import(t.Context(), broken); err == nil {
		t.Fatal("the import of a table that is not there completed")
	}
	s = p.state()
	want(t, "status when a later import failed", dataflow.StatusFailed, s.Status())
	want(t, "current run", 2, *s.Standing.CurrentRun)
	want(t, "last run", 3, s.LastRun.Run)
	want(t, "last refresh", refreshed, *s.Standing.LastRefreshAt)
	want(t, "digest", order.Definition.Digest(), s.Standing.Digest)
	want(t, "tables", []string{"users"}, keysOf(s.Standing.Tables))

	if _, err := p.Import(t.Context(), broken); err == nil {
		t.Fatal("the import of a table that is not there completed")
	}
	want(t, "current run over two failed runs", 2, *p.state().Standing.CurrentRun)
	p.completes(order)
	want(t, "status when it has recovered", dataflow.StatusCompleted, p.state().Status())

	if _, err := p.Remove(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	s = p.state()
	want(t, "status when it is removed", dataflow.StatusNew, s.Status())
	want(t, "phase", dataflow.PhaseRemoved, s.Record.Phase)
	want(t, "published when it is removed", false, s.Published())
	want(t, "last run", dataflow.KindRemoval, s.LastRun.Kind)

	p.declare(definition("users"))
	s = p.state()
	want(t, "status when it is made again", dataflow.StatusNew, s.Status())
	if s.LastRun != nil {
		t.Errorf("the dataflow that was made again shows run %d of the one before", s.LastRun.Run)
	}
}

func TestState_JudgesAnUnfinishedRun(t *testing.T) {
	cases := map[string]struct {
		life        dataflow.Liveness
		silent      time.Duration // since the last sign of the owner
		kill        enginetest.Hook
		status      dataflow.Status
		description string
	}{
		"on this host, alive":                        {dataflow.LivenessAlive, engine.SurelyDead, nil, dataflow.StatusProcessing, ""},
		"on this host, alive, and its heart stopped": {dataflow.LivenessAlive, 48 * time.Hour, nil, dataflow.StatusFailed, engine.Interrupted},
		"on this host, dead":                         {dataflow.LivenessDead, 0, nil, dataflow.StatusFailed, engine.Interrupted},
		"elsewhere, just seen":                       {dataflow.LivenessUnknown, 0, nil, dataflow.StatusProcessing, ""},
		"elsewhere, silent for five minutes":         {dataflow.LivenessUnknown, engine.SurelyDead, nil, dataflow.StatusProcessing, ""},
		"elsewhere, silent for too long":             {dataflow.LivenessUnknown, engine.SurelyDead + time.Millisecond, nil, dataflow.StatusFailed, engine.Interrupted},
		"elsewhere, never beaten": {
			dataflow.LivenessUnknown, engine.SurelyDead + time.Millisecond,
			killedAt("heartbeat", enginetest.Writing), dataflow.StatusFailed, engine.Interrupted,
		},
		"elsewhere, never beaten, for five minutes": {
			dataflow.LivenessUnknown, engine.SurelyDead, killedAt("heartbeat", enginetest.Writing), dataflow.StatusProcessing, "",
		},
		"dead, and it had decided to publish": {
			dataflow.LivenessDead, 0, killedAt("publish", enginetest.Written), dataflow.StatusFailed,
			"interrupted: the process that ran it ended while it published. The next apply brings it to its end.",
		},
		"dead, and it had been abandoned": {
			dataflow.LivenessDead, 0, killedAt("finished", enginetest.Writing), dataflow.StatusFailed,
			"table users: no such pool. Nothing was published; the tables are at run 1.",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, order := imported(t, "users")
				w.source.Put("users", row("u4", "Dan"))
				w.source.Before(func(ctx context.Context, at enginetest.Point) error {
					if at == (enginetest.Point{Call: "Scan", Key: "users", Row: 1}) {
						<-time.After(4*engine.HeartbeatEvery + time.Second) // four more beats
						if name == "dead, and it had been abandoned" {
							return errors.New("no such pool")
						}
					}
					return ctx.Err()
				})
				kill := c.kill
				if kill == nil {
					kill = killedAt("decision", enginetest.Writing)
				}
				_, err := w.process("victim", kill).Import(t.Context(), order)
				if err == nil {
					t.Fatal("the victim was not killed")
				}
				w.looks("victim", c.life)
				<-time.After(time.Until(w.lastSign(2).Add(c.silent))) // by the clock of the test
				s := p.state()
				want(t, "run", c.status, s.LastRun.Status)
				want(t, "description", c.description, s.LastRun.Description)
				want(t, "dataflow", c.status, s.Status())
				want(t, "current run", 1, *s.Standing.CurrentRun)
				if s.LastRun.EndedAt != nil {
					t.Errorf("a run that nobody finished has ended at %s", s.LastRun.EndedAt)
				}
			})
		})
	}
}

// lastSign is when a run was started or its heart beat last.
func (w *world) lastSign(run int64) time.Time {
	w.t.Helper()
	started, err := w.ledger().Started(w.t.Context(), "Customers", run)
	if err != nil {
		w.t.Fatal(err)
	}
	beat, err := w.ledger().Heartbeat(w.t.Context(), "Customers", run)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		w.t.Fatal(err)
	}
	if beat.At.After(started.StartedAt) {
		return beat.At
	}
	return started.StartedAt
}

func TestState_WritesNothing(t *testing.T) {
	w, p, order := imported(t, "users")
	w.source.Put("users", row("u4", "Dan"))
	w.killed(order, killedAt("publish", enginetest.Written))
	reader := w.process("reader", func(_ context.Context, step enginetest.Step) error {
		if step.When != enginetest.Reading {
			t.Errorf("reading wrote: %+v", step)
		}
		return nil
	})
	if _, err := reader.State(t.Context(), "Customers"); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Run(t.Context(), "Customers", 2); err != nil {
		t.Fatal(err)
	}
	p.completes(order)
	if _, err := reader.State(t.Context(), "Customers"); err != nil {
		t.Fatal(err)
	}
}

func TestState_IsPendingUntilTheDefinitionHasRun(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	order := p.declare(definition("users"))
	want(t, "pending when it is declared", true, p.state().Pending())
	p.completes(order)
	want(t, "pending when it has run", false, p.state().Pending())
	order.Definition.RetainRuns = 1
	if err := p.Define(t.Context(), order.UID, order.Definition); err != nil {
		t.Fatal(err)
	}
	want(t, "pending when what changed changes no row", false, p.state().Pending())
	if err := p.Define(t.Context(), order.UID, definition("users", "groups")); err != nil {
		t.Fatal(err)
	}
	want(t, "pending when there is a new table", true, p.state().Pending())
}

func TestState_TablesThatAnEarlierDataflowLeftAreNotPublishedByTheNext(t *testing.T) {
	w, p, order := imported(t, "users")
	if err := p.Forget(t.Context(), order.UID, "Customers"); err != nil {
		t.Fatal(err)
	}
	again := p.declare(order.Definition)
	w.source.Before(func(context.Context, enginetest.Point) error {
		s := p.state() //nolint:contextcheck // the test reads for itself
		want(t, "status while it runs", dataflow.StatusProcessing, s.Status())
		want(t, "published while it runs", false, s.Published())
		want(t, "tables while it runs", 0, len(s.Standing.Tables))
		return context.DeadlineExceeded
	})
	if _, err := p.Import(t.Context(), again); err == nil {
		t.Fatal("the source can't be opened and the run completed")
	}
	s := p.state()
	want(t, "status", dataflow.StatusFailed, s.Status())
	want(t, "published", false, s.Published())
	want(t, "standing", dataflow.Standing{LastImport: dataflow.StatusFailed}, s.Standing)

	w.source.Before(nil)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged).", p.completes(again).Description)
	want(t, "published when it has run", true, p.state().Published())
}
