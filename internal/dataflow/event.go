package dataflow

import "time"

// Event tells somebody who watches what a run is doing. Losing one loses nothing else.
type Event struct {
	Dataflow string
	Run      int64
	Table    string // the table's key; empty: the run as a whole
	Step     string // "waiting" (somebody else works on the run), "started", "staging", "resumed", "staged", "decided", "published", "finished"
	Rows     int64  // rows read so far; one that the source gives twice counts twice

	// Of a table that is being read:
	RowsPerSecond float64       // since its reading began
	Remaining     time.Duration // at that rate, by what the source thinks that it has; 0: not known
}
