package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// sweptBack is how many runs back a new run looks for what failed ones have left. Whoever finishes a failed run sweeps it, so there is
// something only when that was interrupted, or when the run's owner was asleep and wrote more when it woke.
const sweptBack = 16

// sweepBefore removes what failed runs left behind.
func (e *Engine) sweepBefore(ctx context.Context, name string, before dataflow.Standing) error {
	for _, run := range before.Failed {
		started, err := e.ledger.Started(ctx, name, run)
		if err != nil {
			return fmt.Errorf("sweep run %d: %w", run, err)
		}
		// A table that can't be swept now can't be staged either, and that error says more.
		_ = e.sweep(ctx, started, before)
	}
	return nil
}

// sweepAbandoned removes what an abandoned run left behind, also when others have finished the run already: an owner
// that was taken for dead may have staged a table after they had swept it.
//
// What can't be swept now is swept when the next run starts. The finished record matters more, so where time is short half of it is
// left for that.
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
	// Its tickets are on whatever it found, hidden tables too; an owner that came late found what newer runs had made.
	owned, unlisted := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	for _, t := range owned {
		ids = append(ids, t.ID)
	}
	slices.SortFunc(ids, compareIDs)
	return errors.Join(unlisted, e.tables.Sweep(ctx, started.Dataflow, started.Run, slices.Compact(ids)))
}
