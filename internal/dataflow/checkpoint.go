package dataflow

import (
	"context"
	"time"
)

// Checkpoints keeps what imports have read of long tables, part by part, so that an import goes on where a failed one ended.
// It is a help, never a need: it may be empty at any time, and on another machine it is. Every method may be called concurrently,
// by any number of processes.
type Checkpoints interface {
	// Write begins the checkpoint of what a run reads of a table. The caller closes what it gets.
	Write(of Checkpoint) (CheckpointWriter, error)

	// DoneParts lists the parts that a run has read to their end; none where there is no such checkpoint.
	DoneParts(ctx context.Context, of Checkpoint) ([]DonePart, error)

	// ReadRows puts every row of these parts of a checkpoint. An error of put ends it.
	ReadRows(ctx context.Context, of Checkpoint, parts []string, put func(Row) error) error

	// Resumable says, for each table with a checkpoint, how much the next import need not read. Tables come in the order of their keys.
	Resumable(ctx context.Context, dataflowName string, run int64) ([]Resumable, error)

	// Forget removes the checkpoints of the runs of a dataflow up to this one; of one table only where a key is given.
	Forget(ctx context.Context, dataflowName string, run int64, key string) error
}

// Checkpoint names what one run has read of one table.
type Checkpoint struct {
	Dataflow string `json:"dataflow"`
	UID      string `json:"uid"`
	Run      int64  `json:"run"`
	Key      string `json:"key"`                // the table's
	Origin   string `json:"origin"`             // SourceTable.Origin: rows of another place are never taken for these
	Schema   Schema `json:"schema"`             // rows of another schema neither
	Policies string `json:"policies,omitempty"` // a digest of the policies that the rows have been through: rows of others neither
}

// CheckpointWriter writes a checkpoint. Its methods may be called concurrently. A write that fails does not fail the run: the checkpoint just ends there.
type CheckpointWriter interface {
	// Part begins a part.
	Part(name string) PartWriter
	// Close ends the checkpoint, which stays.
	Close() error
}

// PartWriter writes one part of a checkpoint. Its methods may be called concurrently.
type PartWriter interface {
	// Put writes a row, which stays the caller's.
	Put(row Row)
	// Done says that every row of the part was put.
	Done(keptAsText int64, at time.Time)
}

// DonePart is a part of a table that a run has read to its end.
type DonePart struct {
	Name       string
	Rows       int64
	KeptAsText int64
	At         time.Time // when it was read to its end
}

// Resumable says what of a table a failed run leaves to the next import.
type Resumable struct {
	Key   string    `json:"key"`
	Parts int64     `json:"parts"`
	Rows  int64     `json:"rows"`
	Until time.Time `json:"until"` // when the newest of the parts was read to its end
}

// Resumed says what of a table a run has taken over from a failed one in place of reading it.
type Resumed struct {
	Run   int64     `json:"run"` // that has read it
	Parts int64     `json:"parts"`
	Rows  int64     `json:"rows"`
	Since time.Time `json:"since"` // when the oldest of the parts was read to its end
	Began time.Time `json:"began"` // when that run began to read: the rows are no newer
}
