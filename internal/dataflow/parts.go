package dataflow

import "time"

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
