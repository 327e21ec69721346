package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// start takes the dataflow's lock: it creates the started record of run N+1, which it may do only when run N is finished.
// It returns the record and where the dataflow stands before the run.
func (e *Engine) start(ctx context.Context, kind dataflow.Kind, order Order) (dataflow.Started, dataflow.Standing, error) {
	name := order.Definition.Name
	for {
		latest, err := e.ledger.Latest(ctx, name)
		if err != nil {
			return dataflow.Started{}, dataflow.Standing{}, err
		}
		var before dataflow.Run
		if latest > 0 {
			if before, err = e.settle(ctx, name, latest); err != nil {
				return dataflow.Started{}, dataflow.Standing{}, err
			}
		}
		started := dataflow.Started{
			Dataflow: name, UID: order.UID, Run: latest + 1, Kind: kind, Trigger: order.Trigger,
			StartedAt: e.clock(), Owner: e.self, Definition: order.Definition,
		}
		err = e.ledger.Start(ctx, started)
		if dataflow.IsCode(err, dataflow.CodeExists) {
			continue // somebody else was first: settle their run
		}
		if err != nil {
			return dataflow.Started{}, dataflow.Standing{}, err
		}
		return started, before.Standing, e.sweepBefore(ctx, started, before)
	}
}

// sweepBefore removes what the run before left behind when its own clean-up did not come to an end.
func (e *Engine) sweepBefore(ctx context.Context, started dataflow.Started, before dataflow.Run) error {
	if before.Status != dataflow.StatusFailed {
		return nil
	}
	failed, err := e.ledger.Started(ctx, started.Dataflow, before.Run)
	if err != nil {
		return fmt.Errorf("sweep run %d: %w", before.Run, err)
	}
	// A table that can't be swept now can't be staged either, and that error says more.
	_ = e.tables.Sweep(ctx, started.Dataflow, before.Run, reach(failed, before.Standing))
	return nil
}

// keepBeating beats the run's heart until the returned stop is called, and gives a context that ends when another
// process has decided the run in the meantime: an owner that was taken for dead must stop.
func (e *Engine) keepBeating(ctx context.Context, started dataflow.Started) (context.Context, func()) {
	work, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(heartbeatEvery)
		defer ticker.Stop()
		for beat := int64(1); ; beat++ {
			// A beat that fails is not the end of a run: the next one may reach the workspace, and the decision is what counts.
			_ = e.ledger.Beat(work, started.Dataflow, started.Run, dataflow.Heartbeat{Owner: e.self.ID, Beat: beat, At: e.clock()})
			select {
			case <-work.Done():
				return
			case <-ticker.C:
			}
			decision, err := e.ledger.Decision(work, started.Dataflow, started.Run)
			if err == nil && decision.By != e.self.ID {
				cancel(&dataflow.Error{
					Code: dataflow.CodeAbandoned, Object: runOf(started.Dataflow, started.Run),
					Cause: errors.New("another process took this one for dead and abandoned the run"),
					Hint:  "Apply again.",
				})
				return
			}
		}
	}()
	return work, func() {
		cancel(nil)
		<-done
	}
}

func runOf(name string, run int64) string { return fmt.Sprintf("run %d of dataflow %q", run, name) }
