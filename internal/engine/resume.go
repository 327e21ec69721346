package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Resume implements dataflow.Sink. A part that several runs have read is taken from the newest.
func (r *reading) Resume(want func(part string) bool) ([]dataflow.DonePart, error) {
	var all []dataflow.DonePart
	known := map[string]bool{}
	for _, run := range r.failed {
		from := r.checkpoint
		from.Run = run
		done, err := r.checkpoints.DoneParts(r.ctx, from)
		if err != nil {
			return nil, err
		}
		if len(done) == 0 {
			continue
		}
		started, err := r.e.ledger.Started(r.ctx, from.Dataflow, run)
		if err != nil {
			return nil, err
		}
		if !r.e.isWorthKeeping(started, newest(done)) {
			continue
		}
		resumed := dataflow.Resumed{Run: run, Began: started.StartedAt}
		var names []string
		for _, part := range done {
			if r.e.clock().Sub(part.At) >= r.within || known[part.Name] || !want(part.Name) {
				continue
			}
			known[part.Name] = true
			names = append(names, part.Name)
			all = append(all, part)
			resumed.Parts++
			resumed.Rows += part.Rows
			if resumed.Since.IsZero() || part.At.Before(resumed.Since) {
				resumed.Since = part.At
			}
		}
		if len(names) == 0 {
			continue
		}
		var full error
		err = r.checkpoints.ReadRows(r.ctx, from, names, func(row dataflow.Row) error {
			full = r.toTable(row)
			return full
		})
		if err != nil && full == nil && r.ctx.Err() == nil {
			err = errors.Join(err, r.forget()) // it would be as unreadable for the next run
		}
		if err != nil {
			return nil, fmt.Errorf("resume run %d: %w", run, err)
		}
		r.progress.skip(resumed.Rows)
		taken := r.event
		taken.Step, taken.Rows = "resumed", resumed.Rows
		r.e.notify(r.ctx, taken)
		r.resumed = append(r.resumed, resumed)
	}
	return all, nil
}

// forget removes the checkpoints of the table, of this run and those before it: they led to an error, and would lead to it again.
func (r *reading) forget() error {
	return r.e.checkpoints.Forget(r.ctx, r.checkpoint.Dataflow, r.checkpoint.Run, r.checkpoint.Key)
}

// newest gives when the newest of these parts was read to its end.
func newest(parts []dataflow.DonePart) (at time.Time) {
	for _, part := range parts {
		if part.At.After(at) {
			at = part.At
		}
	}
	return at
}

// isWorthKeeping says whether a run had read for long enough for its parts to be taken over: until the end of its newest part.
func (e *Engine) isWorthKeeping(started dataflow.Started, newest time.Time) bool {
	return started.Definition.ResumeFor() > 0 && newest.Sub(started.StartedAt) >= e.resumeAfter
}

// resumable says what an import that is abandoned leaves to the next one, for the run's description. When that can't be read, nothing is said of it.
func (e *Engine) resumable(ctx context.Context, started dataflow.Started) []dataflow.Resumable {
	if started.Kind != dataflow.KindImport {
		return nil
	}
	all, err := e.checkpoints.Resumable(ctx, started.Dataflow, started.Run)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(r dataflow.Resumable) bool { return !e.isWorthKeeping(started, r.Until) })
}

// failedSince gives the failed imports that no completed one came after, the newest first.
func failedSince(before dataflow.Standing) []int64 {
	var runs []int64
	for _, run := range before.Failed {
		if len(before.Retained) == 0 || run > slices.Max(before.Retained) {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	slices.Reverse(runs)
	return runs
}
