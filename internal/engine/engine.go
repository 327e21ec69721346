// Package engine runs dataflows: it starts a run, stages its tables, decides, publishes and finishes.
//
// It knows no source, no table format and no storage: those are the interfaces Source, Tables, Ledger and Checkpoints of package dataflow.
// What makes a run safe is the order of its write-once records, which run.go follows step by step:
//
//	started.json   the lock: run N+1 starts only when run N is finished
//	decision.json  after it a run can only go one way, whoever carries it out
//	finished.json  the whole record of the run
//
// A process may die between any two writes. Whoever comes next reads the records and goes on from there (recover.go).
package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The times of the protocol. They are the same for everybody who shares a workspace.
const (
	// beatsPerLease is how often a heart beats while a lease lasts: every 15 seconds.
	beatsPerLease = 4
	// lease: an owner whose heartbeat has not changed for so long, by the observer's clock, is taken for dead, even when its process is there.
	lease = 60 * time.Second
	// surelyDead is the same for a reader, which does not wait and has only the owner's clock and its own to go by: a heartbeat that is so many leases old is taken for a
	// dead owner's. Where a clock is wrong by more, a living run is shown as interrupted; who then runs the dataflow still waits for it.
	surelyDead = 5
	// lastWords bounds what a cancelled run still writes: its decision, its clean-up and its finished record.
	lastWords = 4 * time.Second
	pollEvery = 500 * time.Millisecond
	// resumeAfter is how long an import must have read for its parts to be kept: what takes less is read again, since newer rows are worth more.
	resumeAfter = 5 * time.Minute
	// reportWithin bounds how long a run waits for its report.
	reportWithin = 30 * time.Second
)

// Config names the parts of an engine.
type Config struct {
	Ledger      dataflow.Ledger
	Tables      dataflow.Tables
	Sources     dataflow.Sources
	Checkpoints dataflow.Checkpoints // nil: an import that fails leaves none
	HashKeys    dataflow.HashKeys    // nil: no column can be hashed

	Self     dataflow.Process                         // the process that owns the runs started here
	Starter  dataflow.Starter                         // who started that process, for people
	Liveness func(dataflow.Process) dataflow.Liveness // of any process
	Now      func() time.Time                         // nil: time.Now
	// ResumeAfter: when an import fails, the next one goes on from it if it had read for so long. 0: five minutes. Below 0: always.
	ResumeAfter time.Duration
	// Lease is how long an owner's heart may not beat until others take it for dead. Everybody who shares the workspace must have the same. 0: a minute.
	Lease  time.Duration
	Notify func(context.Context, dataflow.Event) // nil: nobody watches. It must return at once
	// Report is told of every run just before its record is finished. Its error is in the run's description, and no failure. nil: nobody is told.
	Report func(context.Context, dataflow.Run) error
}

// Engine runs dataflows. Every method may be called concurrently, and by any number of engines over one workspace.
type Engine struct {
	ledger      dataflow.Ledger
	tables      dataflow.Tables
	sources     dataflow.Sources
	checkpoints dataflow.Checkpoints
	hashKeys    dataflow.HashKeys
	self        dataflow.Process
	starter     dataflow.Starter
	liveness    func(dataflow.Process) dataflow.Liveness
	now         func() time.Time
	notify      func(context.Context, dataflow.Event)
	report      func(context.Context, dataflow.Run) error

	resumeAfter time.Duration
	lease       time.Duration
}

// New makes an engine. It writes nothing.
func New(c Config) *Engine {
	e := &Engine{
		ledger: c.Ledger, tables: c.Tables, sources: c.Sources, checkpoints: c.Checkpoints, hashKeys: c.HashKeys,
		self: c.Self, starter: c.Starter, liveness: c.Liveness, now: c.Now, notify: c.Notify, report: c.Report, resumeAfter: cmp.Or(c.ResumeAfter, resumeAfter),
		lease: cmp.Or(c.Lease, lease),
	}
	if e.checkpoints == nil {
		e.checkpoints = noCheckpoints{}
	}
	if e.liveness == nil {
		e.liveness = func(dataflow.Process) dataflow.Liveness { return dataflow.LivenessUnknown }
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.notify == nil {
		e.notify = func(context.Context, dataflow.Event) {}
	}
	return e
}

// clock gives the time as records hold it.
func (e *Engine) clock() time.Time { return e.now().UTC().Truncate(time.Millisecond) }
