package simulation

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// process is an engine in a process of its own, which the scheduler takes from one stop to the next.
//
// It stops before and after every write of its work, and before its reads when it is asked to. Its heartbeat is no stop,
// but a process sleeps and dies as a whole.
type process struct {
	*engine.Engine
	id    string
	w     *world
	reads bool // it stops before its reads too

	ctx    context.Context //nolint:containedctx // the process's own, as long as it lives
	cancel context.CancelFunc
	gate   chan struct{} // the scheduler lets it go on from a stop
	killed chan struct{}

	// What the process tells. The scheduler reads it while the process is stopped, waits or has ended. One that waits may go on as soon as
	// the clock does, so what is read then can be read at any time.
	trace   []enginetest.Step // the stops it has come to; mu guards it
	stopped atomic.Bool       // it is at the last one of them
	mute    atomic.Bool       // its heart beats, and the beats reach nobody
	loses   atomic.Bool       // it gets an error in place of the answer that it waits for
	lost    atomic.Bool       // it has got one: it may fail
	ended   atomic.Bool
	err     error
	panic   string
	run     int64 // the newest run that it started, 0: none
	calls   int   // of the ledger and the tables
	endless bool  // it made more calls than any work needs
	making  bool  // it declares the dataflow

	// The stop that the scheduler takes it to: by number, or the first one of this name that it has not come to yet.
	until int
	at    string
	from  int

	mu    sync.Mutex
	awake chan struct{} // closed when it wakes; nil: it does not sleep
	dead  bool
}

var (
	errMute = errors.New("the heartbeat can't be written")
	errLost = errors.New("the connection was cut")
)

// maxCalls is how many calls an operation makes at most; the longest ones need a few hundred.
const maxCalls = 20_000

type processKey struct{}

func processOf(ctx context.Context) *process {
	p, _ := ctx.Value(processKey{}).(*process)
	return p
}

// process makes a process that has not begun.
func (w *world) process(id string) *process {
	p := &process{id: id, w: w, gate: make(chan struct{}), killed: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.WithValue(context.Background(), processKey{}, p))
	p.Engine = engine.New(engine.Config{
		Ledger: enginetest.NewLedger(w.records, p.hook), Tables: enginetest.NewTables(w.catalog, "workspace", p.hook),
		Sources: enginetest.Sources{"App": w.source}, Liveness: w.liveness,
		Checkpoints: witnessed{enginetest.NewCheckpoints(w.kept, p.hook), p}, ResumeAfter: -1,
		Self: dataflow.Process{ID: id, Host: "host-of-" + id, PID: 100},
	})
	w.processes = append(w.processes, p)
	return p
}

// witnessed are the parts of a process that the oracle sees it take over.
type witnessed struct {
	dataflow.Checkpoints
	by *process
}

func (w witnessed) ReadRows(ctx context.Context, what dataflow.Checkpoint, parts []string, put func(dataflow.Row) error) error {
	w.by.w.oracle.resumes(w.by, what, parts)
	return w.Checkpoints.ReadRows(ctx, what, parts, put)
}

// hook sees every step of the process.
func (p *process) hook(_ context.Context, step enginetest.Step) error {
	if !p.isUp() {
		return enginetest.ErrKilled
	}
	if step.Op == heartbeatRecord {
		if step.When == enginetest.Writing && p.mute.Load() {
			return errMute
		}
		return nil
	}
	if p.calls++; p.calls > maxCalls {
		p.endless = true
		return enginetest.ErrKilled
	}
	// The heart reads the decision too, and is no stop.
	if step.When == enginetest.Reading && (!p.reads || step.Op == decisionRecord) {
		return nil
	}
	if step.Op == startedRecord && step.When == enginetest.Written {
		p.run, _ = parsePath(step.Object)
	}
	p.mu.Lock()
	p.trace = append(p.trace, step)
	p.mu.Unlock()
	p.stopped.Store(true)
	select {
	case <-p.gate:
	case <-p.killed:
	}
	p.stopped.Store(false)
	if !p.isUp() {
		return enginetest.ErrKilled
	}
	if p.loses.Swap(false) {
		p.lost.Store(true)
		return errLost
	}
	return nil
}

// isUp waits while the process sleeps, and says whether it lives.
func (p *process) isUp() bool {
	for {
		p.mu.Lock()
		awake, dead := p.awake, p.dead
		p.mu.Unlock()
		switch {
		case dead:
			return false
		case awake == nil:
			return true
		}
		select {
		case <-awake:
		case <-p.killed:
		}
	}
}

// stops is how many stops the process has come to.
func (p *process) stops() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.trace)
}

// isThere says whether the process is at the stop that the scheduler takes it to.
func (p *process) isThere() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.trace) - 1
	return last+1 >= p.until || p.at != "" && last >= p.from && stopName(p.trace[last]) == p.at
}

func (p *process) asleep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.awake != nil
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *process) sleep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awake == nil {
		p.awake = make(chan struct{})
	}
}

func (p *process) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awake != nil {
		close(p.awake)
		p.awake = nil
	}
}

// kill ends the process: nothing that it does from now on reaches anything.
func (p *process) kill() {
	p.mu.Lock()
	if !p.dead {
		p.dead = true
		close(p.killed)
	}
	p.mu.Unlock()
	p.cancel()
}

// begin performs the operation from beginning to end, between its stops.
func (p *process) begin(op string) {
	defer func() {
		if r := recover(); r != nil {
			p.panic = fmt.Sprintf("%v\n%s", r, debug.Stack())
		}
		p.cancel()
		p.ended.Store(true)
	}()
	p.err = p.perform(op)
}
