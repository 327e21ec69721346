package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Order asks for a run.
type Order struct {
	UID        string              // of the record it was planned against
	Definition dataflow.Definition // only its name counts, and UID does not, where Trigger.Declares is false: then the run takes both from the record
	Trigger    dataflow.Trigger
	Triggers   dataflow.Triggers
	Target     *int64 // of a rollback: the import to go to; nil: the one before the current
}

// Import runs the dataflow: every table of the definition is read from the source, staged and published.
//
// It waits for a live run of the same dataflow until ctx ends, and recovers one whose owner is dead.
// The run it returns is the finished record, also when the run failed; then the error says that and why.
// A cancelled ctx makes the run Failed "interrupted"; nothing was published then.
// While the definition pins the dataflow to a run nothing is imported: that is dataflow.CodePinned, and no run.
func (e *Engine) Import(ctx context.Context, order Order) (dataflow.Run, error) {
	return e.run(ctx, dataflow.KindImport, order, e.stageImport)
}

// Remove drops every table that the dataflow owns. The history stays, and the record is marked as removed.
func (e *Engine) Remove(ctx context.Context, order Order) (dataflow.Run, error) {
	return e.run(ctx, dataflow.KindRemoval, order, e.stageRemoval)
}

// staged is what a run decides from.
type staged struct {
	tables []dataflow.TableChange
	letGo  []int64
	usage  dataflow.Usage

	discarded []dataflow.TableID
}

// run takes a run from its start to its end. The steps are the protocol's; each leaves a record, and carryOut
// is what recovery calls too.
func (e *Engine) run(
	ctx context.Context, kind dataflow.Kind, order Order,
	stage func(context.Context, dataflow.Started, dataflow.Standing) (staged, error),
) (dataflow.Run, error) {
	started, before, err := e.start(ctx, kind, order)
	if err != nil {
		return dataflow.Run{}, notStarted(order.Definition.Name, err)
	}
	e.event(ctx, started, "", "started", 0)

	work, stopBeating := e.keepBeating(ctx, started)
	defer stopBeating() // also while it publishes: whoever waits for its end sees that it lives
	result, stageErr := dataflow.Guarded(func() (staged, error) {
		if err := e.checkCatalog(work, started.Dataflow, before); err != nil {
			return staged{}, err
		}
		if err := e.checkNumber(work, started, before); err != nil {
			return staged{}, err
		}
		discarded, err := e.discardBroken(work, started, before)
		if err == nil {
			err = e.sweepBefore(work, started.Dataflow, before)
		}
		if err != nil {
			return staged{}, err
		}
		result, err := stage(work, started, before)
		result.discarded = discarded
		return result, err
	})

	decision := dataflow.Decision{
		Dataflow: started.Dataflow, Run: started.Run, Outcome: dataflow.OutcomePublish, By: e.self.ID,
		DecidedAt: e.clock(), Tables: result.tables, LetGo: result.letGo, Usage: result.usage, Discarded: result.discarded,
	}
	if stageErr == nil {
		stageErr = ctx.Err()
	}
	if stageErr != nil {
		decision.Outcome, decision.Tables, decision.LetGo = dataflow.OutcomeAbandon, nil, nil
		decision.Reason = reasonOf(ctx, stageErr, before)
		decision.Resumable = e.resumable(context.WithoutCancel(ctx), started)
	}

	// From here on the run is to reach its end even when the caller has gone: what is decided is decided.
	last, cancel := outlasting(ctx)
	defer cancel()
	decided, err := e.ledger.Decide(last, decision)
	if err != nil {
		if stageErr != nil { // what made the run fail may well be what keeps the decision from being written
			err = fmt.Errorf("%w; the run had failed: %w", err, stageErr)
		}
		return started.View(), fmt.Errorf("decide run %d of dataflow %q: %w", started.Run, started.Dataflow, err)
	}
	if decided.By != e.self.ID {
		stageErr = takenForDead(started)
	}
	e.event(ctx, started, "", "decided", 0)
	run, err := dataflow.Guarded(func() (dataflow.Run, error) { return e.carryOut(last, started, decided, before) })
	if err != nil {
		return started.View(), fmt.Errorf("run %d of dataflow %q is decided (%s) and not finished; the next apply finishes it: %w",
			started.Run, started.Dataflow, decided.Outcome, err)
	}
	e.event(ctx, started, "", "finished", 0)
	if _, lost := errors.AsType[*numberTakenError](stageErr); lost {
		stopBeating()
		return e.run(ctx, kind, order, stage)
	}
	if run.Status == dataflow.StatusFailed {
		return run, failure(run, stageErr)
	}
	return run, nil
}

// outlasting gives a context that ends lastWords after ctx: whoever interrupts a run that publishes waits no longer than that.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	last := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return context.WithTimeout(last, lastWords)
	}
	last, cancel := context.WithCancel(last)
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-last.Done():
		}
	})
	return last, func() { stop(); cancel() }
}

// carryOut does what a decision says and finishes the run. It follows the records alone, never the memory of
// a process, so anybody may call it, at any time and twice.
//
// A process that comes late is refused somewhere on the way. When others have finished the run meanwhile, that is no failure.
func (e *Engine) carryOut(
	ctx context.Context, started dataflow.Started, decision dataflow.Decision, before dataflow.Standing,
) (dataflow.Run, error) {
	run, err := e.carry(ctx, started, decision, before)
	if err != nil {
		if finished, finishedErr := e.ledger.Finished(ctx, started.Dataflow, started.Run); finishedErr == nil {
			return finished, nil
		}
	}
	return run, err
}

// notStarted names the dataflow in an error that does not.
func notStarted(name string, err error) error {
	object := fmt.Sprintf("dataflow %q", name)
	if e, ok := errors.AsType[*dataflow.Error](err); ok && e.Object == object {
		return err
	}
	return fmt.Errorf("start a run of %s: %w", object, err)
}

func (e *Engine) carry(
	ctx context.Context, started dataflow.Started, decision dataflow.Decision, before dataflow.Standing,
) (dataflow.Run, error) {
	run := started.View()
	run.Usage, run.Discarded = decision.Usage, decision.Discarded
	if decision.Outcome == dataflow.OutcomeAbandon {
		e.sweepAbandoned(ctx, started, before)
		run.Status, run.Resumable, run.Description = dataflow.StatusFailed, decision.Resumable, describeFailed(decision, inWords(started.Definition.ResumeFor()))
		return e.finish(ctx, run, e.standingAfter(before, run, started, decision, ""))
	}
	if finished, err := e.ledger.Finished(ctx, started.Dataflow, started.Run); !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return finished, err
	}
	if err := e.tables.PublishTogether(ctx, started.Dataflow, started.Run, decision.Tables); err != nil {
		return dataflow.Run{}, fmt.Errorf("publish: %w", err)
	}
	for _, change := range decision.Tables {
		result, err := e.tables.Publish(ctx, started.Dataflow, started.Run, change)
		if dataflow.IsCode(err, dataflow.CodeNotFound) || dataflow.IsCode(err, dataflow.CodeFilesGone) {
			// The run must not hang on it for ever. Whoever reads the dataflow next finds the table missing.
			result, err = dataflow.TableResult{TableChange: change, Gone: true}, nil
		}
		if err != nil {
			return dataflow.Run{}, fmt.Errorf("publish table %s: %w", change.TableID, err)
		}
		if result.Replaced == nil {
			result.Replaced = replaced(before, change)
		}
		run.Tables = append(run.Tables, result)
		e.event(ctx, started, change.Key, "published", 0)
	}
	if err := e.retain(ctx, started, decision, before, run.Tables); err != nil {
		return dataflow.Run{}, err
	}
	run.Status, run.Description = dataflow.StatusCompleted, describe(run, before, decision.LetGo)
	digest, err := e.digestOf(ctx, started)
	if err != nil {
		return dataflow.Run{}, err
	}
	if err := e.record(ctx, started); err != nil {
		return dataflow.Run{}, err
	}
	if run, err = e.finish(ctx, run, e.standingAfter(before, run, started, decision, digest)); err == nil && run.Kind != dataflow.KindRollback {
		_ = e.checkpoints.Forget(ctx, run.Dataflow, run.Run, "") // of no use any more; what stays goes with the next run
	}
	return run, err
}

// replaced gives the snapshot of somebody else that was on main before the run was staged. A change takes it away, or keeps it where its rows
// are those of the source.
func replaced(before dataflow.Standing, change dataflow.TableChange) *int64 {
	if change.Before == nil {
		return nil
	}
	for _, table := range before.Tables {
		if table.UUID == change.UUID && table.After != nil && *table.After == *change.Before {
			return nil
		}
	}
	return change.Before
}

// record writes into the dataflow's record what the completed run changes there. It leaves a record alone that has another uid (a later Create took
// the name over) or that was removed while the run was under way.
//
// Of a finished run there is nothing to write: whoever finished it has, and newer runs may have changed the record since. Whether it is finished is
// looked up after the record was read. So a process that sleeps here finds either the run finished or the next version of the record taken.
func (e *Engine) record(ctx context.Context, started dataflow.Started) error {
	err := e.change(ctx, func() (dataflow.Record, bool, error) {
		now, err := e.ledger.Dataflow(ctx, started.Dataflow)
		if err != nil || now.UID != started.UID || now.Phase == dataflow.PhaseRemoved {
			return now, false, err
		}
		next := now
		switch started.Kind {
		case dataflow.KindImport:
			next.Phase = dataflow.PhaseCreated
			if started.Trigger.Declares() { // else somebody may have given the dataflow another one since the run started
				next.Definition = started.Definition
			}
		case dataflow.KindRemoval:
			next.Phase = dataflow.PhaseRemoved
		case dataflow.KindRollback:
		}
		if reflect.DeepEqual(next, now) {
			return next, false, nil
		}
		_, err = e.ledger.Finished(ctx, started.Dataflow, started.Run)
		if !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return next, false, err
		}
		return next, true, nil
	})
	if err != nil {
		return fmt.Errorf("record the definition: %w", err)
	}
	return nil
}

func (e *Engine) finish(ctx context.Context, run dataflow.Run, after dataflow.Standing) (dataflow.Run, error) {
	ended := e.clock()
	if ended.Before(run.StartedAt) {
		ended = run.StartedAt // a clock was put back, or who finishes the run has one that is behind
	}
	run.EndedAt = &ended
	run.Standing = after
	if run.Kind == dataflow.KindImport && run.Status == dataflow.StatusCompleted {
		run.Standing.LastRefreshAt, run.Standing.DataAsOf = &ended, dataAsOf(run)
	}
	e.tell(ctx, &run)
	finished, err := e.ledger.Finish(ctx, run)
	if err != nil {
		return dataflow.Run{}, fmt.Errorf("finish: %w", err)
	}
	return finished, nil
}

// tell reports a run that is about to be finished. What goes wrong is a note in its record.
func (e *Engine) tell(ctx context.Context, run *dataflow.Run) {
	if e.report == nil {
		return
	}
	within := reportWithin
	if end, limited := ctx.Deadline(); limited { // of what is left of an interrupted run, half is for its record
		within = min(within, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := dataflow.Guard(func() error { return e.report(ctx, *run) }); err != nil {
		run.Description += " The report could not be written: " + dataflow.Sentence(err)
	}
}

// standingAfter is where the dataflow stands once the run is finished, with tables that have the digest.
func (e *Engine) standingAfter(
	before dataflow.Standing, run dataflow.Run, started dataflow.Started, decision dataflow.Decision, digest string,
) dataflow.Standing {
	after := before
	after.Databases = databases(started, before)
	after.Failed = slices.DeleteFunc(slices.Clone(before.Failed), func(failed int64) bool { return failed <= run.Run-sweptBack })
	if run.Kind == dataflow.KindImport {
		after.LastImport = run.Status
	}
	if run.Status != dataflow.StatusCompleted {
		after.Failed = append(after.Failed, run.Run)
		return after
	}
	after.UID, after.Catalog = run.UID, e.tables.Place()
	switch run.Kind {
	case dataflow.KindImport:
		number := run.Run
		after.CurrentRun, after.Digest, after.Tables = &number, digest, published(run)
		after.Retained = append(slices.Clone(before.Retained), number)
	case dataflow.KindRollback:
		after.CurrentRun, after.Digest, after.Tables = started.Target, digest, published(run)
		after.Rollbacks = append(slices.Clone(before.Rollbacks), run.Run)
	case dataflow.KindRemoval:
		return dataflow.Standing{Failed: after.Failed}
	}
	gone := func(run int64) bool { return slices.Contains(decision.LetGo, run) }
	after.Retained = slices.DeleteFunc(slices.Clone(after.Retained), gone)
	after.Rollbacks = slices.DeleteFunc(slices.Clone(after.Rollbacks), gone)
	return after
}

// published lists the tables that a run left with rows to read.
func published(run dataflow.Run) []dataflow.TableResult {
	return slices.DeleteFunc(slices.Clone(run.Tables), func(t dataflow.TableResult) bool {
		return t.Change == dataflow.ChangeHide || t.Change == dataflow.ChangeDrop
	})
}

// digestOf is the digest of the import whose data the tables hold after the run.
func (e *Engine) digestOf(ctx context.Context, started dataflow.Started) (string, error) {
	if started.Kind != dataflow.KindRollback {
		return started.Definition.Digest(), nil
	}
	target, err := e.ledger.Finished(ctx, started.Dataflow, *started.Target)
	if err != nil {
		return "", fmt.Errorf("read run %d: %w", *started.Target, err)
	}
	return target.Digest, nil
}

// databases lists every database that may hold tables of the dataflow once the run has begun, in order: a failed run
// leaves the empty tables that it made, and a table that was hidden stays where it is when the definition moves on.
func databases(started dataflow.Started, before dataflow.Standing) []string {
	names := append(slices.Clone(before.Databases), started.Definition.Database)
	slices.Sort(names)
	return slices.Compact(names)
}

func (e *Engine) event(ctx context.Context, started dataflow.Started, table, step string, rows int64) {
	e.notify(ctx, dataflow.Event{Dataflow: started.Dataflow, Run: started.Run, Table: table, Step: step, Rows: rows})
}
