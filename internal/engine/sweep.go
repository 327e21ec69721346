package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// sweptBack is how many failed runs in a row a start looks back at. Each sweeps behind itself, so what a run left can only
// be there when its own sweep failed, and that of every start since.
const sweptBack = 8

// sweepBefore removes what failed runs left behind when their own clean-up did not come to an end.
func (e *Engine) sweepBefore(ctx context.Context, previous dataflow.Run) error {
	for n := 0; n < sweptBack && previous.Status == dataflow.StatusFailed; n++ {
		started, err := e.ledger.Started(ctx, previous.Dataflow, previous.Run)
		if err != nil {
			return fmt.Errorf("sweep run %d: %w", previous.Run, err)
		}
		// A table that can't be swept now can't be staged either, and that error says more.
		_ = e.sweep(ctx, started, previous.Standing)
		if previous.Run == 1 {
			return nil
		}
		if previous, err = e.ledger.Finished(ctx, previous.Dataflow, previous.Run-1); err != nil {
			return fmt.Errorf("sweep run %d: %w", started.Run-1, err)
		}
	}
	return nil
}

// sweepAbandoned removes what an abandoned run left behind, also when others have finished the run already: an owner
// that was taken for dead may have staged a table after they had swept it.
//
// What can't be swept now is swept when the next run starts. The abandon must not hang on it,
// so where time is short half of it is kept for the finished record.
func (e *Engine) sweepAbandoned(ctx context.Context, started dataflow.Started, before dataflow.Standing) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	_ = e.sweep(ctx, started, before)
}

// sweep removes what a run staged, on every table that it may have touched before its decision.
func (e *Engine) sweep(ctx context.Context, started dataflow.Started, before dataflow.Standing) error {
	var ids []dataflow.TableID
	for key := range started.Definition.Tables {
		ids = append(ids, started.Definition.TableID(key))
	}
	for _, t := range before.Tables {
		ids = append(ids, t.TableID)
	}
	var unlisted error
	if started.Kind != dataflow.KindImport { // a rollback and a removal reach the hidden tables too
		var owned []dataflow.OwnedTable
		owned, unlisted = e.tables.Owned(ctx, started.Dataflow, databases(started, before))
		for _, t := range owned {
			ids = append(ids, t.ID)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return errors.Join(unlisted, e.tables.Sweep(ctx, started.Dataflow, started.Run, slices.Compact(ids)))
}
