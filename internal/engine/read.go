package engine

import (
	"context"
	"errors"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// reading is the rows of one table on their way from the source to the staging. It is the dataflow.Sink of the scan.
type reading struct {
	e        *Engine
	ctx      context.Context //nolint:containedctx // of the scan, which has it too
	rows     tableRows
	staging  dataflow.Staging
	progress *progress
	event    dataflow.Event

	checkpoints dataflow.Checkpoints
	checkpoint  dataflow.Checkpoint // that this run writes
	writer      dataflow.CheckpointWriter
	failed      []int64       // the imports that failed since one was completed, the newest first
	within      time.Duration // how old a part may be that is not read again
	resumed     []dataflow.Resumed
}

var _ dataflow.Sink = (*reading)(nil)

// read brings the rows of a table from the source to the staging. What an import that failed has read is not read again.
// The reading that it gives says how far it came, also when it failed.
func (e *Engine) read(
	ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source, rows tableRows, staging dataflow.Staging,
) (dataflow.ScanReport, *reading, error) {
	table := rows.table
	r := &reading{
		e: e, ctx: ctx, rows: rows, staging: staging, progress: newProgress(e.now, table.Estimate),
		event:       dataflow.Event{Dataflow: started.Dataflow, Run: started.Run, Table: table.Key, Step: "staging"},
		checkpoints: e.checkpoints, within: started.Definition.ResumeFor(), failed: failedSince(before),
		checkpoint: dataflow.Checkpoint{
			Dataflow: started.Dataflow, UID: started.UID, Run: started.Run, Key: table.Key, Origin: table.Origin, Schema: table.Schema,
			Policies: rows.policies.Digest(),
		},
	}
	if !started.Definition.Tables[table.Key].Data || r.within == 0 || rows.namesParts() {
		r.checkpoints = noCheckpoints{} // what is not loaded, or not to be taken over, is kept nowhere
	}
	var err error
	if r.writer, err = r.checkpoints.Write(r.checkpoint); err != nil {
		return dataflow.ScanReport{}, r, err
	}
	report, err := source.Scan(ctx, table.Key, rows.source.Schema, r)
	_ = r.writer.Close() // what could not be kept is read again
	if dataflow.IsCode(err, dataflow.CodeGuard) {
		err = errors.Join(err, r.forget())
	}
	return report, r, err
}

// fromSource takes in a row of the source.
func (r *reading) fromSource(row dataflow.Row) (dataflow.Row, error) {
	if r.progress.add() {
		r.e.notify(r.ctx, r.progress.event(r.event))
	}
	return r.rows.fromSource.row(row)
}

// toTable hands a row on to the staging.
func (r *reading) toTable(row dataflow.Row) error {
	row, err := r.rows.toTable.row(row)
	if err != nil {
		return err
	}
	return r.staging.Put(r.ctx, row)
}

// Put implements dataflow.Sink.
func (r *reading) Put(row dataflow.Row) error {
	row, err := r.fromSource(row)
	if err != nil {
		return err
	}
	return r.toTable(row)
}

// Part implements dataflow.Sink.
func (r *reading) Part(name string) dataflow.Part { return partReading{r, r.writer.Part(name)} }

// partReading is the rows of one part of the table.
type partReading struct {
	*reading
	checkpoint dataflow.PartWriter
}

// Put implements dataflow.Part.
func (p partReading) Put(row dataflow.Row) error {
	row, err := p.fromSource(row)
	if err != nil {
		return err
	}
	p.checkpoint.Put(row)
	return p.toTable(row)
}

// Done implements dataflow.Part.
func (p partReading) Done(keptAsText int64) error {
	p.checkpoint.Done(keptAsText, p.e.clock())
	return nil
}
