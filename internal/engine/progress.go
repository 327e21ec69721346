package engine

import (
	"sync/atomic"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	progressEvery = 5 * time.Second
	progressLook  = 128 // rows between two looks at the clock
)

// progress is how far a scan is. Its methods may be called concurrently.
type progress struct {
	now      func() time.Time
	began    time.Time
	estimate int64 // rows that the source is thought to have; 0: not known
	rows     atomic.Int64
	skipped  atomic.Int64 // rows that an earlier run has read
	told     atomic.Int64 // nanoseconds from the beginning to the last report
}

func newProgress(now func() time.Time, estimate int64) *progress {
	return &progress{now: now, began: now(), estimate: estimate}
}

// add counts a row, and says whether it is time for a report.
func (p *progress) add() bool {
	if p.rows.Add(1)%progressLook != 0 {
		return false
	}
	told, passed := p.told.Load(), int64(p.now().Sub(p.began))
	return passed-told >= int64(progressEvery) && p.told.CompareAndSwap(told, passed)
}

// skip takes in rows that need not be read.
func (p *progress) skip(rows int64) { p.skipped.Add(rows) }

// event fills in how far the scan is.
func (p *progress) event(e dataflow.Event) dataflow.Event {
	read := p.rows.Load()
	e.Rows = read + p.skipped.Load()
	seconds := p.now().Sub(p.began).Seconds()
	if seconds <= 0 {
		return e
	}
	e.RowsPerSecond = float64(read) / seconds
	if left := p.estimate - e.Rows; left > 0 && e.RowsPerSecond > 0 {
		e.Remaining = time.Duration(float64(left) / e.RowsPerSecond * float64(time.Second)).Round(time.Second)
	}
	return e
}
