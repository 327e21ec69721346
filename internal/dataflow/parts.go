package dataflow

import (
	"context"
	"time"
)

// Parts keeps the parts of tables that imports have read to their end, for an import that goes on where a failed one ended.
// It is a help, never a need: it may be empty at any time, and on another machine it is. Every method may be called concurrently,
// by any number of processes.
type Parts interface {
	// Record begins to keep what a run reads of a table.
	Record(what Recording) (Recorder, error)

	// Parts lists the parts that a run has read to their end; none where there is no such recording.
	Parts(ctx context.Context, what Recording) ([]KeptPart, error)

	// Read puts every row of these parts of a recording. An error of put ends it.
	Read(ctx context.Context, what Recording, parts []string, put func(Row) error) error

	// Kept says what of its tables a run has kept, in the order of their keys.
	Kept(ctx context.Context, dataflowName string, run int64) ([]Kept, error)

	// Forget removes what the runs of a dataflow up to this one have kept; of one table only where a key is given.
	Forget(ctx context.Context, dataflowName string, run int64, key string) error
}

// Recording names what one run has read of one table.
type Recording struct {
	Dataflow string `json:"dataflow"`
	UID      string `json:"uid"`
	Run      int64  `json:"run"`
	Key      string `json:"key"`    // the table's
	Origin   string `json:"origin"` // SourceTable.Origin: rows of another place are never taken for these
	Schema   Schema `json:"schema"` // rows of another schema neither
}

// Recorder records what a run reads of one table. Its methods may be called concurrently. It never fails the run: a recording that can't be written ends where it is.
type Recorder interface {
	// Part begins a part.
	Part(name string) RecordedPart
	// Close ends the recording, which stays.
	Close() error
}

// RecordedPart records one part. Its methods may be called concurrently.
type RecordedPart interface {
	// Put records a row, which stays the caller's.
	Put(row Row)
	// Done says that every row of the part was put.
	Done(keptAsText int64, at time.Time)
}

// KeptPart is a part that a run has read to its end, and whose rows are kept.
type KeptPart struct {
	ReadPart
	At time.Time // when it was read to its end
}

// Kept says what of a table a failed run has kept for the next one.
type Kept struct {
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
