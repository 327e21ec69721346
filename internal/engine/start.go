package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// start takes the dataflow's lock: it creates the started record of run N+1, which it may do only when run N is finished.
// It returns the record, and where run N left the dataflow.
func (e *Engine) start(ctx context.Context, kind dataflow.Kind, order Order) (dataflow.Started, dataflow.Standing, error) {
	name := order.Definition.Name
	for {
		latest, err := e.ledger.Latest(ctx, name)
		if err != nil {
			return dataflow.Started{}, dataflow.Standing{}, err
		}
		var previous dataflow.Run
		if latest > 0 {
			if previous, err = e.settle(ctx, name, latest); err != nil {
				return dataflow.Started{}, dataflow.Standing{}, err
			}
		}
		if order, err = e.checkRecord(ctx, kind, order); err != nil {
			return dataflow.Started{}, dataflow.Standing{}, err
		}
		started := dataflow.Started{
			Dataflow: name, UID: order.UID, Run: latest + 1, Kind: kind, Trigger: order.Trigger, Triggers: order.Triggers,
			StartedAt: e.clock(), Owner: e.self, Catalog: e.tables.Place(), By: e.starter, Definition: order.Definition,
		}
		if kind == dataflow.KindRollback {
			if started.Target, err = target(order, previous.Standing); err != nil {
				return dataflow.Started{}, dataflow.Standing{}, err
			}
		}
		err = e.ledger.Start(ctx, started)
		if dataflow.IsCode(err, dataflow.CodeExists) {
			continue // somebody else was first: settle their run
		}
		if err != nil {
			return dataflow.Started{}, dataflow.Standing{}, err
		}
		return started, previous.Standing, nil
	}
}

// checkRecord refuses a run of a dataflow that was removed, or made anew by another Create, while the caller waited for its turn: the definition of
// the order does not hold any more. It fills in what the order does not declare.
func (e *Engine) checkRecord(ctx context.Context, kind dataflow.Kind, order Order) (Order, error) {
	if !order.Trigger.Declares() {
		record, err := e.ledger.Dataflow(ctx, order.Definition.Name)
		if err != nil {
			return order, err
		}
		order.UID, order.Definition = record.UID, record.Definition
	}
	record, err := e.plannedFor(ctx, order.UID, order.Definition.Name, string(kind))
	if kind == dataflow.KindRemoval && record.UID == order.UID && record.Phase == dataflow.PhaseRemoved {
		return order, nil
	}
	if err == nil {
		err = checkPinned(kind, order)
	}
	return order, err
}

// checkPinned refuses what would take the tables from the run that they are held at. A rollback that declares the pin goes to it.
func checkPinned(kind dataflow.Kind, order Order) error {
	pinned := order.Definition.PinnedRun
	if pinned == nil || kind == dataflow.KindRemoval || kind == dataflow.KindRollback && order.Trigger.Declares() {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodePinned, Cause: fmt.Errorf("pinned_run holds it at run %d", *pinned), Hint: fmt.Sprintf("Remove pinned_run to allow the %s.", kind),
	}
}

// keepBeating beats the run's heart until the returned stop is called, and gives a context that ends when another
// process has decided the run in the meantime: an owner that was taken for dead must stop.
func (e *Engine) keepBeating(ctx context.Context, started dataflow.Started) (context.Context, func()) {
	work, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(e.lease / beatsPerLease)
		defer ticker.Stop()
		for beat := int64(1); ; beat++ {
			// A beat that fails does not end the run: the next one may reach the workspace, and what counts is who decides.
			_ = dataflow.Guard(func() error {
				return e.ledger.Beat(work, started.Dataflow, started.Run, dataflow.Heartbeat{Owner: e.self.ID, Beat: beat, At: e.clock()})
			})
			select {
			case <-work.Done():
				return
			case <-ticker.C:
			}
			decision, err := dataflow.Guarded(func() (dataflow.Decision, error) {
				return e.ledger.Decision(work, started.Dataflow, started.Run)
			})
			if err == nil && decision.By != e.self.ID {
				cancel()
				return
			}
		}
	}()
	return work, func() {
		cancel()
		<-done
	}
}

// takenForDead is why an owner stops whose run others have decided.
func takenForDead(started dataflow.Started) error {
	return &dataflow.Error{
		Code: dataflow.CodeAbandoned, Object: runOf(started.Dataflow, started.Run),
		Cause: errors.New("another process took this one for dead and abandoned the run"),
		Hint:  "Apply again.",
	}
}

func runOf(name string, run int64) string { return fmt.Sprintf("run %d of dataflow %q", run, name) }
