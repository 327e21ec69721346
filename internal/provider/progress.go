package provider

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// lastLines bounds the wait for a reader of progress once the run has ended.
const lastLines = 2 * time.Second

// progress brings what a run tells to one reader, as lines. The reader may be slow or gone: the run never waits for it.
// What it has not taken when something newer of the same table comes is dropped.
type progress struct {
	send func(line string) // is called from one goroutine, and may block for ever

	mu      sync.Mutex
	waiting []string          // the tables that have a line to send, the longest-waiting first
	newest  map[string]string // table, or "" for the run as a whole → its line
	closed  bool

	wake chan struct{} // has room for one: somebody added a line
	done chan struct{}
}

// newProgress starts to send. Close it.
func newProgress(send func(line string)) *progress {
	p := &progress{send: send, newest: map[string]string{}, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = dataflow.Guard(func() error { p.sendAll(); return nil }) // a line that can't be sent fails no run
	}()
	return p
}

// tell takes an event. It returns at once.
func (p *progress) tell(e dataflow.Event) { p.add(e.Table, progressLine(e)) }

// add takes a line that replaces an unsent one of the same table; an empty one is none.
func (p *progress) add(table, line string) {
	if line == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if _, found := p.newest[table]; !found {
		p.waiting = append(p.waiting, table)
	}
	p.newest[table] = line
	p.wakeUp()
}

func (p *progress) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// sendAll sends until progress is closed and nothing is left.
func (p *progress) sendAll() {
	for {
		switch line, last := p.next(); {
		case line != "":
			p.send(line)
		case last:
			return
		default:
			<-p.wake
		}
	}
}

// next takes out a line to send; empty: there is none, and last says that there will be none.
func (p *progress) next() (line string, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return "", p.closed
	}
	table := p.waiting[0]
	p.waiting = p.waiting[1:]
	line = p.newest[table]
	delete(p.newest, table)
	return line, false
}

// close waits until the reader has taken what is left, but not longer than within. What it has not taken then is dropped.
func (p *progress) close(within time.Duration) {
	p.mu.Lock()
	p.closed = true
	p.wakeUp()
	p.mu.Unlock()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiting, p.newest = nil, map[string]string{}
	}
}

// watchedBy gives a context whose runs tell progress what they do.
func watchedBy(ctx context.Context, p *progress) context.Context {
	return context.WithValue(ctx, progressKey{}, p)
}

type progressKey struct{}

// notify brings an event of a run to the log, and to whoever ordered the run with progress.
func notify(ctx context.Context, e dataflow.Event) {
	logEvent(ctx, e)
	if p, ok := ctx.Value(progressKey{}).(*progress); ok {
		p.tell(e)
	}
}

// progressLine says what an event means to a person: "users: 12,000 rows, 1,795/s, about 3 min left". Empty: nothing new.
func progressLine(e dataflow.Event) string {
	switch e.Step {
	case "waiting":
		return fmt.Sprintf("waiting for run %d, which another process works on", e.Run)
	case "started":
		return fmt.Sprintf("run %d has started", e.Run)
	case "staging":
		if e.Rows == 0 {
			return e.Table + ": reading"
		}
		line := fmt.Sprintf("%s: %s rows", e.Table, dataflow.Thousands(e.Rows))
		if e.RowsPerSecond > 0 {
			line += fmt.Sprintf(", %s/s", dataflow.Thousands(int64(e.RowsPerSecond)))
		}
		if e.Remaining > 0 {
			line += ", about " + dataflow.Roughly(e.Remaining) + " left"
		}
		return line
	case "resumed":
		return fmt.Sprintf("%s: %s rows that an earlier run has read", e.Table, dataflow.Thousands(e.Rows))
	case "staged":
		return fmt.Sprintf("%s: %s rows staged", e.Table, dataflow.Thousands(e.Rows))
	case "published":
		return fmt.Sprintf("%s: published by run %d", e.Table, e.Run)
	}
	return ""
}

// logEvent writes an event to the log.
func logEvent(ctx context.Context, e dataflow.Event) {
	fields := map[string]any{"dataflow": e.Dataflow, "run": e.Run, "table": e.Table, "rows": e.Rows}
	if e.RowsPerSecond > 0 {
		fields["rows_per_second"] = int64(e.RowsPerSecond)
	}
	if e.Remaining > 0 {
		fields["remaining"] = e.Remaining.String()
	}
	tflog.Info(ctx, "run "+e.Step, fields)
}
