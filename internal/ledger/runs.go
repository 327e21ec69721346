package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Start creates a run's started record, which is taking the dataflow's lock. When the run was started already
// the error has dataflow.CodeExists; when the run before it is not finished, dataflow.CodeInvalid.
func (l *Ledger) Start(ctx context.Context, started dataflow.Started) error {
	p, err := runPlace(started.Dataflow, started.Run, "started")
	if err != nil {
		return err
	}
	if started.Run > 1 {
		_, err := l.Finished(ctx, started.Dataflow, started.Run-1)
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			return &dataflow.Error{
				Code: dataflow.CodeInvalid, Op: "start run", Object: dataflowObject(started.Dataflow),
				Cause: fmt.Errorf("run %d can't start before run %d is finished", started.Run, started.Run-1),
			}
		}
		if err != nil {
			return err
		}
	}
	return create(ctx, l, p, started, checkStarted(started.Dataflow, started.Run))
}

// Started reads a run's started record.
func (l *Ledger) Started(ctx context.Context, name string, run int64) (dataflow.Started, error) {
	p, err := runPlace(name, run, "started")
	if err != nil {
		return dataflow.Started{}, err
	}
	return get(ctx, l, p, checkStarted(name, run))
}

// Beat overwrites the run's heartbeat. Only its owner calls it.
func (l *Ledger) Beat(ctx context.Context, name string, run int64, beat dataflow.Heartbeat) error {
	p, err := runPlace(name, run, "heartbeat")
	if err != nil {
		return err
	}
	return replace(ctx, l, p, beat, checkHeartbeat)
}

// Heartbeat reads the run's heartbeat.
func (l *Ledger) Heartbeat(ctx context.Context, name string, run int64) (dataflow.Heartbeat, error) {
	p, err := runPlace(name, run, "heartbeat")
	if err != nil {
		return dataflow.Heartbeat{}, err
	}
	return get(ctx, l, p, checkHeartbeat)
}

// Decide creates the run's decision and returns the one that stands, which may be another process's.
func (l *Ledger) Decide(ctx context.Context, decision dataflow.Decision) (dataflow.Decision, error) {
	p, err := runPlace(decision.Dataflow, decision.Run, "decision")
	if err != nil {
		return dataflow.Decision{}, err
	}
	return createOrGet(ctx, l, p, decision, checkDecision(decision.Dataflow, decision.Run))
}

// Decision reads the run's decision.
func (l *Ledger) Decision(ctx context.Context, name string, run int64) (dataflow.Decision, error) {
	p, err := runPlace(name, run, "decision")
	if err != nil {
		return dataflow.Decision{}, err
	}
	return get(ctx, l, p, checkDecision(name, run))
}

// Finish creates the run's finished record and returns the one that stands. Then it moves the hint at the newest run.
func (l *Ledger) Finish(ctx context.Context, run dataflow.Run) (dataflow.Run, error) {
	p, err := runPlace(run.Dataflow, run.Run, "finished")
	if err != nil {
		return dataflow.Run{}, err
	}
	there, err := createOrGet(ctx, l, p, run, checkFinished(run.Dataflow, run.Run))
	if err != nil {
		return dataflow.Run{}, err
	}
	// The run is finished, whatever becomes of the hint: readers probe forward from one that lags.
	_ = l.moveHint(ctx, run.Dataflow, run.Run)
	return there, nil
}

// Finished reads the run's finished record.
func (l *Ledger) Finished(ctx context.Context, name string, run int64) (dataflow.Run, error) {
	p, err := runPlace(name, run, "finished")
	if err != nil {
		return dataflow.Run{}, err
	}
	return get(ctx, l, p, checkFinished(name, run))
}

// Runs gives the history of a dataflow, newest first: at most limit runs (0: all) from the run numbered from (0: the newest) down.
// A run that is not finished is shown as its started record tells it. A history with a gap has dataflow.CodeCorrupt;
// a dataflow that never ran, or does not exist, has an empty one.
func (l *Ledger) Runs(ctx context.Context, name string, from int64, limit int) ([]dataflow.Run, error) {
	newest, err := l.Latest(ctx, name)
	if err != nil {
		return nil, err
	}
	if from <= 0 || from > newest {
		from = newest
	}
	numbers := func(yield func(int64, error) bool) {
		for number := from; number >= 1 && (limit <= 0 || from-number < int64(limit)); number-- {
			if !yield(number, nil) {
				return
			}
		}
	}
	return collect(ReadAhead(ctx, numbers, func(ctx context.Context, number int64) (dataflow.Run, error) { return l.run(ctx, name, number) }))
}

// run reads a run that must be there, because a newer one is.
func (l *Ledger) run(ctx context.Context, name string, number int64) (dataflow.Run, error) {
	started, err := l.Started(ctx, name, number)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return dataflow.Run{}, l.errGap(name, number)
	}
	if err != nil {
		return dataflow.Run{}, err
	}
	finished, err := l.Finished(ctx, name, number)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return started.View(), nil
	}
	return finished, err
}

func (l *Ledger) errGap(name string, number int64) error {
	p, err := runPlace(name, number, "started")
	if err != nil {
		return err
	}
	e := corrupt(fmt.Errorf("run %d of %s has no started record", number, dataflowObject(name)))
	e.Object = l.store.Location(p.path)
	return e
}

// createOrGet creates a write-once record and returns the one that stands.
func createOrGet[T any](ctx context.Context, l *Ledger, p place, record T, check func(T) error) (T, error) {
	err := create(ctx, l, p, record, check)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		return get(ctx, l, p, check)
	}
	if err != nil {
		var none T
		return none, err
	}
	return record, nil
}

func checkStarted(name string, run int64) func(dataflow.Started) error {
	return func(s dataflow.Started) error {
		return firstOf(checkIdentity(dataflowObject, name, s.Dataflow), checkRun(run, s.Run), checkKind(s.Kind))
	}
}

func checkHeartbeat(beat dataflow.Heartbeat) error {
	if beat.Owner == "" {
		return errors.New("it has no owner")
	}
	return nil
}

func checkDecision(name string, run int64) func(dataflow.Decision) error {
	return func(d dataflow.Decision) error {
		return firstOf(checkIdentity(dataflowObject, name, d.Dataflow), checkRun(run, d.Run),
			checkOneOf("outcome", d.Outcome, dataflow.OutcomePublish, dataflow.OutcomeAbandon))
	}
}

func checkFinished(name string, run int64) func(dataflow.Run) error {
	return func(r dataflow.Run) error {
		return firstOf(checkIdentity(dataflowObject, name, r.Dataflow), checkRun(run, r.Run), checkKind(r.Kind),
			checkOneOf("status", r.Status, dataflow.StatusCompleted, dataflow.StatusFailed))
	}
}

func checkKind(kind dataflow.Kind) error {
	return checkOneOf("kind", kind, dataflow.KindImport, dataflow.KindRollback, dataflow.KindRemoval)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
