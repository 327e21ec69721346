package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// reading is the rows of one table on their way from the source to the staging. It is the dataflow.Sink of the scan.
type reading struct {
	e         *Engine
	ctx       context.Context //nolint:containedctx // of the scan, which has it too
	staging   dataflow.Staging
	progress  *progress
	event     dataflow.Event
	recording dataflow.Recording
	parts     dataflow.Parts
	failed    []int64 // the imports that failed since one was completed, the newest first
	recorder  dataflow.Recorder
	within    time.Duration // how old a part may be that is not read again

	resumed []dataflow.Resumed
}

var _ dataflow.Sink = (*reading)(nil)

// Put implements dataflow.Sink.
func (r *reading) Put(row dataflow.Row) error {
	if r.progress.add() {
		r.e.notify(r.ctx, r.progress.event(r.event))
	}
	return r.staging.Put(r.ctx, row)
}

// Part implements dataflow.Sink.
func (r *reading) Part(name string) dataflow.Part {
	return readingPart{r, r.recorder.Part(name)}
}

type readingPart struct {
	*reading
	recorded dataflow.RecordedPart
}

// Put implements dataflow.Part.
func (p readingPart) Put(row dataflow.Row) error {
	p.recorded.Put(row)
	return p.reading.Put(row)
}

// Done implements dataflow.Part.
func (p readingPart) Done(keptAsText int64) error {
	p.recorded.Done(keptAsText, p.e.clock())
	return nil
}

// Resume implements dataflow.Sink. A part that several runs have read is taken from the newest.
func (r *reading) Resume(want func(part string) bool) ([]dataflow.ReadPart, error) {
	var all []dataflow.ReadPart
	known := map[string]bool{}
	for _, run := range r.failed {
		from := r.recording
		from.Run = run
		kept, err := r.parts.Parts(r.ctx, from)
		if err != nil {
			return nil, err
		}
		if len(kept) == 0 {
			continue
		}
		started, err := r.e.ledger.Started(r.ctx, from.Dataflow, run)
		if err != nil {
			return nil, err
		}
		if !r.e.isWorthKeeping(started, newest(kept)) {
			continue
		}
		resumed := dataflow.Resumed{Run: run, Began: started.StartedAt}
		var names []string
		for _, part := range kept {
			if r.e.clock().Sub(part.At) >= r.within || known[part.Name] || !want(part.Name) {
				continue
			}
			known[part.Name] = true
			names = append(names, part.Name)
			all = append(all, part.ReadPart)
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
		err = r.parts.Read(r.ctx, from, names, func(row dataflow.Row) error {
			full = r.staging.Put(r.ctx, row)
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

// forget lets nobody go on from what this run and those before it have read of the table: it led to an error that would only come again.
func (r *reading) forget() error {
	return r.e.parts.Forget(r.ctx, r.recording.Dataflow, r.recording.Run, r.recording.Key)
}

// newest gives when the newest of these parts was read to its end.
func newest(kept []dataflow.KeptPart) (at time.Time) {
	for _, part := range kept {
		if part.At.After(at) {
			at = part.At
		}
	}
	return at
}

// isWorthKeeping says whether a run had read for long enough when it had read the newest of its parts to the end.
func (e *Engine) isWorthKeeping(started dataflow.Started, newest time.Time) bool {
	return started.Definition.ResumeFor() > 0 && newest.Sub(started.StartedAt) >= e.resumeAfter
}

// keptBy says what an import that is abandoned leaves to the next one. That it can't be told is no reason to fail: then nobody is told.
func (e *Engine) keptBy(ctx context.Context, started dataflow.Started) []dataflow.Kept {
	if started.Kind != dataflow.KindImport {
		return nil
	}
	kept, err := e.parts.Kept(ctx, started.Dataflow, started.Run)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(kept, func(k dataflow.Kept) bool { return !e.isWorthKeeping(started, k.Until) })
}

// failedSince gives the failed imports that no completed one came after, the newest first.
func failedSince(before dataflow.Standing) []int64 {
	var runs []int64
	for _, run := range before.Failed {
		if len(before.Kept) == 0 || run > slices.Max(before.Kept) {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	slices.Reverse(runs)
	return runs
}

// read brings the rows of a table from the source to the staging. What an import that failed has read is not read again.
// The reading that it gives says how far it came, also when it failed.
func (e *Engine) read(
	ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source, table dataflow.SourceTable, staging dataflow.Staging,
) (dataflow.ScanReport, *reading, error) {
	r := &reading{
		e: e, ctx: ctx, staging: staging, parts: e.parts, within: started.Definition.ResumeFor(), progress: newProgress(e.now, table.Estimate), failed: failedSince(before),
		event: dataflow.Event{Dataflow: started.Dataflow, Run: started.Run, Table: table.Key, Step: "staging"},
		recording: dataflow.Recording{
			Dataflow: started.Dataflow, UID: started.UID, Run: started.Run, Key: table.Key, Origin: table.Origin, Schema: table.Schema,
		},
	}
	if !started.Definition.Tables[table.Key].Data || r.within == 0 {
		r.parts = noParts{} // what is not loaded, or not to be taken over, is kept nowhere
	}
	var err error
	if r.recorder, err = r.parts.Record(r.recording); err != nil {
		return dataflow.ScanReport{}, r, err
	}
	report, err := source.Scan(ctx, table.Key, table.Schema, r)
	_ = r.recorder.Close() // what could not be kept is read again
	if dataflow.IsCode(err, dataflow.CodeGuard) {
		err = errors.Join(err, r.forget())
	}
	return report, r, err
}
