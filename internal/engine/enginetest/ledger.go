package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ dataflow.Ledger = (*Ledger)(nil)

// Records are the records of a workspace in memory, as the bytes they would be on a disk. Many processes share them.
type Records struct {
	mu      sync.Mutex
	records map[string][]byte
}

// NewRecords makes an empty workspace.
func NewRecords() *Records { return &Records{records: map[string][]byte{}} }

// Ledger is dataflow.Ledger for one process over records that many may share. It refuses what internal/ledger refuses (ledgertest).
type Ledger struct {
	records *Records
	hook    Hook
}

// NewLedger makes the ledger that one process sees.
func NewLedger(records *Records, hook Hook) *Ledger { return &Ledger{records: records, hook: hook} }

// place is where a record of one type is, and what makes one there valid.
type place[T any] struct {
	op, path string
	check    func(T) error
	err      error // there is no such place
}

// The records of a dataflow; they are also the operations that a hook sees.
const (
	opDataflow  = "dataflow"
	opStarted   = "started"
	opHeartbeat = "heartbeat"
	opDecision  = "decision"
	opFinished  = "finished"
)

// at gives where a run's record is, or a version of the dataflow's own. invalid says what a record there may not be.
func at[T any](op, name string, number int64, nameOf func(T) string, invalid func(T) bool) place[T] {
	p := place[T]{op: op, path: fmt.Sprintf("%s/%d/%s", dataflow.FoldName(name), number, op)}
	p.check = func(record T) error {
		switch {
		case nameOf != nil && nameOf(record) != name:
			return refused(op, p.path, "the name differs in case")
		case invalid(record):
			return refused(op, p.path, "it has a value that nobody knows")
		}
		return nil
	}
	if err := dataflow.CheckName(name); err != nil {
		p.err = refused(op, p.path, err.Error())
	} else if number < 1 {
		p.err = refused(op, p.path, "the first is 1")
	}
	return p
}

func refused(op, path, cause string) error {
	return &dataflow.Error{Code: dataflow.CodeInvalid, Object: path, Op: op, Cause: errors.New(cause)}
}

func versionAt(name string, version int64) place[dataflow.Record] {
	return at(opDataflow, name, version, func(r dataflow.Record) string { return r.Definition.Name }, func(r dataflow.Record) bool {
		return r.Version != version || r.Phase != dataflow.PhaseCreating && r.Phase != dataflow.PhaseCreated && r.Phase != dataflow.PhaseRemoved
	})
}

func startedAt(name string, run int64) place[dataflow.Started] {
	return at(opStarted, name, run, func(s dataflow.Started) string { return s.Dataflow }, func(s dataflow.Started) bool { return isUnknown(s.Kind) })
}

func heartbeatAt(name string, run int64) place[dataflow.Heartbeat] {
	return at(opHeartbeat, name, run, nil, func(b dataflow.Heartbeat) bool { return b.Owner == "" })
}

func decisionAt(name string, run int64) place[dataflow.Decision] {
	return at(opDecision, name, run, func(d dataflow.Decision) string { return d.Dataflow }, func(d dataflow.Decision) bool {
		return d.Outcome != dataflow.OutcomePublish && d.Outcome != dataflow.OutcomeAbandon
	})
}

func finishedAt(name string, run int64) place[dataflow.Run] {
	return at(opFinished, name, run, func(r dataflow.Run) string { return r.Dataflow }, func(r dataflow.Run) bool {
		return isUnknown(r.Kind) || r.Status != dataflow.StatusCompleted && r.Status != dataflow.StatusFailed
	})
}

func isUnknown(kind dataflow.Kind) bool {
	return kind != dataflow.KindImport && kind != dataflow.KindRollback && kind != dataflow.KindRemoval
}

// put writes a record. With once one that is there stays, and the error has dataflow.CodeExists.
func put[T any](ctx context.Context, l *Ledger, p place[T], record T, once bool) error {
	if p.err != nil {
		return p.err
	}
	if err := p.check(record); err != nil {
		return err
	}
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return l.hook.write(ctx, p.op, p.path, func() error {
		l.records.mu.Lock()
		defer l.records.mu.Unlock()
		if _, exists := l.records.records[p.path]; exists && once {
			return &dataflow.Error{Code: dataflow.CodeExists, Object: p.path, Op: p.op, Cause: errors.New("the record exists")}
		}
		l.records.records[p.path] = text
		return nil
	})
}

// read gives a copy of a record: nobody else sees what the caller does to it.
func read[T any](ctx context.Context, l *Ledger, p place[T]) (T, error) {
	var none T
	if p.err != nil {
		return none, p.err
	}
	if err := l.hook.read(ctx, p.op, p.path); err != nil {
		return none, err
	}
	return peek(l, p)
}

// peek is read as a part of another call: it is no step of its own.
func peek[T any](l *Ledger, p place[T]) (T, error) {
	var record, none T
	l.records.mu.Lock()
	text, ok := l.records.records[p.path]
	l.records.mu.Unlock()
	if !ok {
		return none, &dataflow.Error{Code: dataflow.CodeNotFound, Object: p.path, Op: "read record", Cause: errors.New("there is no such record")}
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return none, err
	}
	if err := p.check(record); err != nil {
		return none, err
	}
	return record, nil
}

// once creates a record and gives the one that stands.
func once[T any](ctx context.Context, l *Ledger, p place[T], record T) (T, error) {
	if err := put(ctx, l, p, record, true); err != nil && !dataflow.IsCode(err, dataflow.CodeExists) {
		var none T
		return none, err
	}
	return read(ctx, l, p)
}

// newest gives the highest number under which there is such a record; 0: there is none.
func newest[T any](l *Ledger, at func(number int64) place[T]) (int64, error) {
	for number := int64(0); ; number++ {
		next := at(number + 1)
		if next.err != nil {
			return 0, next.err
		}
		_, err := peek(l, next)
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound):
			return number, nil
		case err != nil:
			return 0, err
		}
	}
}

// Dataflow implements dataflow.Ledger.
func (l *Ledger) Dataflow(ctx context.Context, name string) (dataflow.Record, error) {
	version, err := newest(l, func(version int64) place[dataflow.Record] { return versionAt(name, version) })
	if err != nil {
		return dataflow.Record{}, err
	}
	return read(ctx, l, versionAt(name, max(version, 1)))
}

// PutDataflow implements dataflow.Ledger.
func (l *Ledger) PutDataflow(ctx context.Context, record dataflow.Record) error {
	name := record.Definition.Name
	version, err := newest(l, func(version int64) place[dataflow.Record] { return versionAt(name, version) })
	if err == nil && record.Version > version+1 {
		err = refused(opDataflow, name, "it leaves a version out")
	}
	if err != nil {
		return err
	}
	return put(ctx, l, versionAt(name, record.Version), record, true)
}

// Latest implements dataflow.Ledger.
func (l *Ledger) Latest(ctx context.Context, name string) (int64, error) {
	if err := l.hook.read(ctx, "latest", name); err != nil {
		return 0, err
	}
	return newest(l, func(run int64) place[dataflow.Started] { return startedAt(name, run) })
}

// Start implements dataflow.Ledger.
func (l *Ledger) Start(ctx context.Context, started dataflow.Started) error {
	if started.Run > 1 {
		_, err := l.Finished(ctx, started.Dataflow, started.Run-1)
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			return refused(opStarted, started.Dataflow, "the run before is not finished")
		}
		if err != nil {
			return err
		}
	}
	return put(ctx, l, startedAt(started.Dataflow, started.Run), started, true)
}

// Started implements dataflow.Ledger.
func (l *Ledger) Started(ctx context.Context, name string, run int64) (dataflow.Started, error) {
	return read(ctx, l, startedAt(name, run))
}

// Beat implements dataflow.Ledger.
func (l *Ledger) Beat(ctx context.Context, name string, run int64, beat dataflow.Heartbeat) error {
	return put(ctx, l, heartbeatAt(name, run), beat, false)
}

// Heartbeat implements dataflow.Ledger.
func (l *Ledger) Heartbeat(ctx context.Context, name string, run int64) (dataflow.Heartbeat, error) {
	return read(ctx, l, heartbeatAt(name, run))
}

// Decide implements dataflow.Ledger.
func (l *Ledger) Decide(ctx context.Context, decision dataflow.Decision) (dataflow.Decision, error) {
	return once(ctx, l, decisionAt(decision.Dataflow, decision.Run), decision)
}

// Decision implements dataflow.Ledger.
func (l *Ledger) Decision(ctx context.Context, name string, run int64) (dataflow.Decision, error) {
	return read(ctx, l, decisionAt(name, run))
}

// Finish implements dataflow.Ledger.
func (l *Ledger) Finish(ctx context.Context, run dataflow.Run) (dataflow.Run, error) {
	return once(ctx, l, finishedAt(run.Dataflow, run.Run), run)
}

// Finished implements dataflow.Ledger.
func (l *Ledger) Finished(ctx context.Context, name string, run int64) (dataflow.Run, error) {
	return read(ctx, l, finishedAt(name, run))
}
