package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var _ engine.Ledger = (*Ledger)(nil)

// Records are the records of a workspace in memory, as the bytes they would be on a disk. Many processes share them.
type Records struct {
	mu      sync.Mutex
	records map[string][]byte
}

// NewRecords makes an empty workspace.
func NewRecords() *Records { return &Records{records: map[string][]byte{}} }

// Ledger is engine.Ledger for one process over records that many may share.
type Ledger struct {
	records *Records
	hook    Hook
}

// NewLedger makes the ledger that one process sees.
func NewLedger(records *Records, hook Hook) *Ledger { return &Ledger{records: records, hook: hook} }

// create writes a record if there is none, and fails with dataflow.CodeExists if there is.
func (l *Ledger) create(ctx context.Context, op, name string, run int64, record any) error {
	return l.put(ctx, op, name, run, record, true)
}

// replace writes a record whether there is one or not.
func (l *Ledger) replace(ctx context.Context, op, name string, run int64, record any) error {
	return l.put(ctx, op, name, run, record, false)
}

func (l *Ledger) put(ctx context.Context, op, name string, run int64, record any, once bool) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	path := pathOf(op, name, run)
	return l.hook.write(ctx, op, path, func() error {
		l.records.mu.Lock()
		defer l.records.mu.Unlock()
		if _, exists := l.records.records[path]; exists && once {
			return &dataflow.Error{Code: dataflow.CodeExists, Object: path, Op: op, Cause: errors.New("the record exists")}
		}
		l.records.records[path] = text
		return nil
	})
}

// read gives a copy of a record: nobody else sees what the caller does to it.
func read[T any](ctx context.Context, l *Ledger, op, name string, run int64) (record T, err error) {
	path := pathOf(op, name, run)
	if err := l.hook.read(ctx, op, path); err != nil {
		return record, err
	}
	l.records.mu.Lock()
	text, ok := l.records.records[path]
	l.records.mu.Unlock()
	if !ok {
		return record, &dataflow.Error{Code: dataflow.CodeNotFound, Object: path, Op: "read record", Cause: errors.New("there is no such record")}
	}
	err = json.Unmarshal(text, &record)
	return record, err
}

// once creates a record and gives the one that stands.
func once[T any](ctx context.Context, l *Ledger, op, name string, run int64, record T) (T, error) {
	err := l.create(ctx, op, name, run, record)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeExists) {
		return record, err
	}
	return read[T](ctx, l, op, name, run)
}

// The records of a dataflow; they are also the operations that a hook sees.
const (
	opDataflow  = "dataflow"
	opStarted   = "started"
	opHeartbeat = "heartbeat"
	opDecision  = "decision"
	opFinished  = "finished"
)

// pathOf is where a run's record is, or a version of the dataflow's own.
func pathOf(op, name string, number int64) string {
	return fmt.Sprintf("%s/%d/%s", dataflow.FoldName(name), number, op)
}

// newest gives the highest number under which there is such a record; 0: there is none.
func (l *Ledger) newest(op, name string) int64 {
	l.records.mu.Lock()
	defer l.records.mu.Unlock()
	for number := int64(0); ; number++ {
		if _, ok := l.records.records[pathOf(op, name, number+1)]; !ok {
			return number
		}
	}
}

// Dataflow implements engine.Ledger.
func (l *Ledger) Dataflow(ctx context.Context, name string) (dataflow.Record, error) {
	return read[dataflow.Record](ctx, l, opDataflow, name, l.newest(opDataflow, name))
}

// PutDataflow implements engine.Ledger.
func (l *Ledger) PutDataflow(ctx context.Context, record dataflow.Record) error {
	return l.create(ctx, opDataflow, record.Definition.Name, record.Version, record)
}

// Latest implements engine.Ledger.
func (l *Ledger) Latest(ctx context.Context, name string) (int64, error) {
	if err := l.hook.read(ctx, "latest", name); err != nil {
		return 0, err
	}
	return l.newest(opStarted, name), nil
}

// Start implements engine.Ledger.
func (l *Ledger) Start(ctx context.Context, started dataflow.Started) error {
	return l.create(ctx, opStarted, started.Dataflow, started.Run, started)
}

// Started implements engine.Ledger.
func (l *Ledger) Started(ctx context.Context, name string, run int64) (dataflow.Started, error) {
	return read[dataflow.Started](ctx, l, opStarted, name, run)
}

// Beat implements engine.Ledger.
func (l *Ledger) Beat(ctx context.Context, name string, run int64, beat dataflow.Heartbeat) error {
	return l.replace(ctx, opHeartbeat, name, run, beat)
}

// Heartbeat implements engine.Ledger.
func (l *Ledger) Heartbeat(ctx context.Context, name string, run int64) (dataflow.Heartbeat, error) {
	return read[dataflow.Heartbeat](ctx, l, opHeartbeat, name, run)
}

// Decide implements engine.Ledger.
func (l *Ledger) Decide(ctx context.Context, decision dataflow.Decision) (dataflow.Decision, error) {
	return once(ctx, l, opDecision, decision.Dataflow, decision.Run, decision)
}

// Decision implements engine.Ledger.
func (l *Ledger) Decision(ctx context.Context, name string, run int64) (dataflow.Decision, error) {
	return read[dataflow.Decision](ctx, l, opDecision, name, run)
}

// Finish implements engine.Ledger.
func (l *Ledger) Finish(ctx context.Context, run dataflow.Run) (dataflow.Run, error) {
	return once(ctx, l, opFinished, run.Dataflow, run.Run, run)
}

// Finished implements engine.Ledger.
func (l *Ledger) Finished(ctx context.Context, name string, run int64) (dataflow.Run, error) {
	return read[dataflow.Run](ctx, l, opFinished, name, run)
}
