package dataflow

// Event tells somebody who watches what a run is doing. Losing one loses nothing else.
type Event struct {
	Dataflow string
	Run      int64
	Table    string // the table's key; empty: the run as a whole
	Step     string // "started", "staging", "staged", "decided", "published", "finished"
	Rows     int64  // rows read so far
}
