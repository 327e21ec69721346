package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// A workspace may lose the records of its newest runs, when an older copy of it was put back. It then gives their numbers to new runs, and a table that
// has the tag of the lost run would take the new one for published. So a run whose number a table knows is given up: it is Failed and says
// why, and the next number is tried. What the lost runs left on the tables is let go by the next run.

// numberTakenError ends a run whose number the tables know already, from a run whose records were lost.
type numberTakenError struct{ run, newest int64 }

func (e *numberTakenError) Error() string {
	return fmt.Sprintf("the workspace has lost the records of run %d: the tables have traces of runs up to %d. Numbering goes on after them.", e.run, e.newest)
}

// beginStaging begins to stage a table. A dataflow whose whole history was lost begins anew: its first run takes over tables that have traces of
// runs whose numbers are given again.
func (e *Engine) beginStaging(ctx context.Context, req dataflow.StageRequest) (dataflow.Staging, error) {
	staging, err := e.tables.Stage(ctx, req)
	if !dataflow.IsCode(err, dataflow.CodeCorrupt) || req.Run != 1 {
		return staging, err
	}
	forgotten := e.tables.ForgetRuns(ctx, req.Dataflow, req.ID, func(ctx context.Context) error {
		latest, err := e.ledger.Latest(ctx, req.Dataflow)
		if err == nil && latest != req.Run {
			err = fmt.Errorf("run %d has begun", latest)
		}
		return err
	})
	if forgotten != nil {
		return nil, err
	}
	return e.tables.Stage(ctx, req)
}

// checkNumber refuses a number that the tables know. A dataflow whose whole history was lost begins anew: beginStaging sees to that.
func (e *Engine) checkNumber(ctx context.Context, started dataflow.Started, before dataflow.Standing) error {
	if started.Run == 1 {
		return nil
	}
	owned, err := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	if err != nil {
		return err
	}
	var newest int64
	for _, table := range owned {
		newest = max(newest, table.Trace)
	}
	if newest >= started.Run {
		return &numberTakenError{started.Run, newest}
	}
	return nil
}

// lostRuns gives the runs whose tags the tables have and of which the records know nothing.
func (e *Engine) lostRuns(ctx context.Context, started dataflow.Started, before dataflow.Standing) ([]int64, error) {
	if len(before.Failed) == 0 { // the number of a lost run is a failed run's
		return nil, nil
	}
	owned, err := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	if err != nil {
		return nil, err
	}
	var lost []int64
	for _, table := range owned {
		for _, run := range table.Runs {
			if run < started.Run && slices.Contains(before.Failed, run) {
				lost = append(lost, run)
			}
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost), nil
}
