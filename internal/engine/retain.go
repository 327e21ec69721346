package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// letGo gives the runs whose data goes when this run is published. These imports stay: the newest retain_runs, the one that the tables are at
// then, and the pinned one. It is part of the decision, so that whoever carries the run out lets the same runs go.
//
// Rollbacks do not count towards retain_runs: their data is an import's, and stays or goes with that. The tag of a rollback goes with the next run.
func letGo(started dataflow.Started, before dataflow.Standing) []int64 {
	imports := slices.Clone(before.Retained)
	if started.Kind == dataflow.KindImport {
		imports = append(imports, started.Run)
	}
	keep := func(run int64) bool {
		return started.Target != nil && run == *started.Target || started.Definition.PinnedRun != nil && run == *started.Definition.PinnedRun
	}
	older := max(0, len(imports)-int(max(started.Definition.RetainRuns, 1)))
	gone := append(slices.DeleteFunc(imports[:older], keep), before.Rollbacks...)
	slices.Sort(gone)
	return gone
}

// retain carries out what the decision lets go, on every table of the dataflow, hidden ones too. It changes the tables once more,
// so it says in the results where their metadata is then.
func (e *Engine) retain(ctx context.Context, started dataflow.Started, decision dataflow.Decision, before dataflow.Standing, results []dataflow.TableResult) error {
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
	where, err := e.tables.Retain(ctx, started.Dataflow, started.Run, ids, decision.LetGo)
	if err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	for i, result := range results {
		if at, ok := where[result.TableID]; ok && !result.Gone {
			results[i].PublishedMetadataLocation = at
		}
	}
	return nil
}
