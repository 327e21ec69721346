package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// letGo gives the runs whose data goes when the run is published: all but the newest retain_runs, the one that the
// tables are at then, and the pinned one. It is decided with the run, so that whoever carries it out lets the same runs go.
func letGo(started dataflow.Started, before dataflow.Standing) []int64 {
	runs := slices.Concat(before.Kept, before.Rollbacks, []int64{started.Run})
	slices.Sort(runs)
	keep := func(run int64) bool {
		return started.Target != nil && run == *started.Target || started.Definition.PinnedRun != nil && run == *started.Definition.PinnedRun
	}
	older := len(runs) - int(max(started.Definition.RetainRuns, 1))
	if older <= 0 {
		return nil
	}
	return slices.DeleteFunc(runs[:older], keep)
}

// retain carries out what the decision lets go, on every table of the dataflow, hidden ones too.
func (e *Engine) retain(ctx context.Context, started dataflow.Started, decision dataflow.Decision, before dataflow.Standing) error {
	if len(decision.LetGo) == 0 {
		return nil
	}
	owned, err := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	if err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	var ids []dataflow.TableID
	for _, table := range owned {
		ids = append(ids, table.ID)
	}
	if err := e.tables.Retain(ctx, started.Dataflow, started.Run, ids, decision.LetGo); err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	return nil
}
