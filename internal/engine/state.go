package engine

import (
	"context"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// State is a dataflow as the ledger has it. Runs of an earlier dataflow of the same name are history, not its state:
// until it has run itself, a dataflow is New.
type State struct {
	Record   dataflow.Record
	LastRun  *dataflow.Run     // the newest entry of the history; nil: none
	Standing dataflow.Standing // after the newest finished run
	unseen   bool              // of a pinned dataflow: no import was run for its refresh_triggers
}

// Status says where the dataflow stands. A failed rollback or removal is not a failed dataflow.
func (s State) Status() dataflow.Status {
	switch {
	case s.LastRun == nil:
		return dataflow.StatusNew
	case s.LastRun.Status == dataflow.StatusProcessing:
		return dataflow.StatusProcessing
	case s.LastRun.EndedAt == nil, s.Standing.LastImport == dataflow.StatusFailed:
		return dataflow.StatusFailed
	case s.Standing.CurrentRun == nil:
		return dataflow.StatusNew
	default:
		return dataflow.StatusCompleted
	}
}

// Pending says whether the tables are not what the definition asks for, or, while they are held at a run, refresh_triggers ask for an import
// that was not run yet.
func (s State) Pending() bool { return s.unseen || s.Standing.Digest != s.Record.Definition.Digest() }

// Published says whether the dataflow's tables hold the data of a run.
func (s State) Published() bool { return s.Standing.CurrentRun != nil }

// State reads a dataflow. It writes nothing, but it judges: an unfinished run whose owner is surely dead is shown
// as Failed "interrupted" (without an end), because nobody will finish it before somebody runs the dataflow again.
func (e *Engine) State(ctx context.Context, name string) (State, error) {
	record, err := e.ledger.Dataflow(ctx, name)
	if err != nil {
		return State{}, err
	}
	s := State{Record: record}
	latest, err := e.ledger.Latest(ctx, name)
	if err != nil || latest == 0 {
		return s, err
	}
	last, err := e.Run(ctx, name, latest)
	if err != nil {
		return State{}, err
	}
	if last.UID != record.UID {
		return s, nil
	}
	s.LastRun = &last
	s.Standing = last.Standing
	if last.EndedAt == nil {
		if s.Standing, err = e.standingDuring(ctx, last); err != nil {
			return State{}, err
		}
	}
	if s.Standing.UID != record.UID {
		// Tables that an earlier dataflow left are there to be taken over. This one has not published them, and may not drop them.
		s.Standing = dataflow.Standing{LastImport: s.Standing.LastImport}
	}
	if record.Definition.PinnedRun != nil && len(s.Standing.Retained) > 0 {
		newest, err := e.ledger.Finished(ctx, name, s.Standing.Retained[len(s.Standing.Retained)-1])
		if err == nil {
			var seen bool
			seen, err = e.HasSeen(ctx, newest, record.Definition)
			s.unseen = !seen
		}
		if err != nil {
			return State{}, err
		}
	}
	return s, nil
}

// Run reads one run, judged as in State.
func (e *Engine) Run(ctx context.Context, name string, run int64) (dataflow.Run, error) {
	finished, err := e.ledger.Finished(ctx, name, run)
	if !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return finished, err
	}
	started, err := e.ledger.Started(ctx, name, run)
	if err != nil {
		return dataflow.Run{}, err
	}
	return e.showUnfinished(ctx, started)
}

// showUnfinished shows a run that is not finished: one whose owner is surely dead as Failed.
func (e *Engine) showUnfinished(ctx context.Context, started dataflow.Started) (dataflow.Run, error) {
	view := started.View()
	dead := e.liveness(started.Owner) == dataflow.LivenessDead
	if !dead {
		beat, err := e.heartbeat(ctx, started)
		if err != nil {
			return dataflow.Run{}, err
		}
		seen := beat.At
		if beat.Beat == 0 {
			seen = started.StartedAt
		}
		dead = e.now().Sub(seen) > surelyDead*e.lease
	}
	if !dead {
		return view, nil
	}
	view.Status, view.Description = dataflow.StatusFailed, interrupted
	decision, err := e.ledger.Decision(ctx, started.Dataflow, started.Run)
	switch {
	case dataflow.IsCode(err, dataflow.CodeNotFound):
	case err != nil:
		return dataflow.Run{}, err
	case decision.Outcome == dataflow.OutcomePublish:
		view.Description = interruptedPublish
	default:
		view.Description = decision.Reason
	}
	return view, nil
}

// standingDuring is where the dataflow stands while the run is not finished: where it stood before, but for a removal that is decided.
// Nothing brings back what that takes away.
func (e *Engine) standingDuring(ctx context.Context, run dataflow.Run) (dataflow.Standing, error) {
	if run.Kind == dataflow.KindRemoval {
		decision, err := e.ledger.Decision(ctx, run.Dataflow, run.Run)
		if err == nil && decision.Outcome == dataflow.OutcomePublish {
			return dataflow.Standing{}, nil
		}
		if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return dataflow.Standing{}, err
		}
	}
	return e.standingBefore(ctx, run.Dataflow, run.Run)
}

// standingBefore is where the dataflow stood when the run started.
func (e *Engine) standingBefore(ctx context.Context, name string, run int64) (dataflow.Standing, error) {
	if run <= 1 {
		return dataflow.Standing{}, nil
	}
	before, err := e.ledger.Finished(ctx, name, run-1)
	if err != nil {
		return dataflow.Standing{}, err
	}
	return before.Standing, nil
}
