package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Settle brings the dataflow's newest run to its end, when it has none yet, and gives the dataflow as it then stands:
// a process that died may have published tables of which no finished record tells. A live owner is waited for until ctx ends.
func (e *Engine) Settle(ctx context.Context, name string) (State, error) {
	latest, err := e.ledger.Latest(ctx, name)
	if err == nil && latest > 0 {
		_, err = e.settle(ctx, name, latest)
	}
	if err != nil {
		return State{}, err
	}
	return e.State(ctx, name)
}

// settle makes sure that the run is finished and gives its finished record.
//
// With a publish decision the run is rolled forward whether its owner lives or not. Without a decision it is abandoned
// once its owner is dead; while the owner lives, settle waits until ctx ends and then says who runs the dataflow.
// Any number of processes may settle one run at once.
func (e *Engine) settle(ctx context.Context, name string, run int64) (dataflow.Run, error) {
	finished, err := e.ledger.Finished(ctx, name, run)
	if !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return finished, err
	}
	started, err := e.ledger.Started(ctx, name, run)
	if err != nil {
		return dataflow.Run{}, err
	}
	var decision dataflow.Decision
	dead, err := e.outlive(ctx, started, func() (err error) {
		decision, err = e.ledger.Decision(ctx, name, run)
		return err
	})
	if dead {
		decision, err = e.ledger.Decide(ctx, dataflow.Decision{
			Dataflow: name, Run: run, Outcome: dataflow.OutcomeAbandon, By: e.self.ID, DecidedAt: e.clock(), Reason: interrupted,
			Resumable: e.resumable(ctx, started),
		})
	}
	if err != nil {
		return dataflow.Run{}, err
	}
	if err := e.checkDecided(ctx, started, decision); err != nil {
		return dataflow.Run{}, err
	}
	before, err := e.standingBefore(ctx, name, run)
	if err != nil {
		return dataflow.Run{}, err
	}
	finished, err = dataflow.Guarded(func() (dataflow.Run, error) { return e.carryOut(ctx, started, decision, before) })
	if err != nil {
		return dataflow.Run{}, fmt.Errorf("recover run %d: %w", run, err)
	}
	return finished, nil
}

// outlive waits until read finds its record (then dead is false), or until the run's owner is dead and the record is not there.
// When ctx ends before, it says who runs the dataflow.
func (e *Engine) outlive(ctx context.Context, started dataflow.Started, read func() error) (dead bool, err error) {
	watch := watcher{}
	told := false
	for {
		if err = read(); dataflow.IsCode(err, dataflow.CodeNotFound) {
			dead, err = e.isDead(ctx, started, &watch)
			if err == nil && !dead {
				if !told {
					e.event(ctx, started, "", "waiting", 0)
					told = true
				}
				err = dataflow.Sleep(ctx, pollEvery)
				if err == nil {
					continue
				}
			}
		}
		if err != nil && ctx.Err() != nil {
			err = busy(ctx, started.View())
		}
		return dead, err
	}
}

// watcher remembers since when, by this observer's clock, a heartbeat has not changed.
type watcher struct {
	beat  dataflow.Heartbeat
	since time.Time
}

// isDead says whether the owner of the run is dead: its process is gone, or its heartbeat has not changed for the lease. A process can be there
// without a heartbeat: its CLI was killed, and it could not even write that the run has ended.
func (e *Engine) isDead(ctx context.Context, started dataflow.Started, w *watcher) (bool, error) {
	if e.liveness(started.Owner) == dataflow.LivenessDead {
		return true, nil
	}
	beat, err := e.heartbeat(ctx, started)
	if err != nil {
		return false, err
	}
	now := e.now()
	if w.since.IsZero() || beat.Owner != w.beat.Owner || beat.Beat != w.beat.Beat {
		w.beat, w.since = beat, now
	}
	return now.Sub(w.since) >= e.lease, nil
}

// heartbeat reads a run's heartbeat. One that is missing or damaged counts as a first one that never changes: a live owner soon writes it anew.
func (e *Engine) heartbeat(ctx context.Context, started dataflow.Started) (dataflow.Heartbeat, error) {
	beat, err := e.ledger.Heartbeat(ctx, started.Dataflow, started.Run)
	if dataflow.IsCode(err, dataflow.CodeNotFound) || dataflow.IsCode(err, dataflow.CodeCorrupt) {
		return dataflow.Heartbeat{}, nil
	}
	return beat, err
}

// busy says who runs the dataflow.
func busy(ctx context.Context, run dataflow.Run) error {
	hint := "Wait for it to end and apply again."
	if timeout, ok := errors.AsType[*dataflow.TimeoutError](context.Cause(ctx)); ok {
		hint = fmt.Sprintf("Wait for it to end and apply again, or wait longer: %s.", timeout)
	}
	return &dataflow.Error{
		Code: dataflow.CodeBusy, Object: fmt.Sprintf("dataflow %q", run.Dataflow),
		Cause: fmt.Errorf("run %d is under way on host %s, process %d, since %s",
			run.Run, run.Owner.Host, run.Owner.PID, run.StartedAt.Format(time.RFC3339)),
		Hint: hint,
	}
}
