package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// violation is a property that does not hold.
type violation struct{ property, detail string }

func (v *violation) String() string { return fmt.Sprintf("property: %s\n\t%s", v.property, v.detail) }

// oracle remembers what it saw, and knows from that what must hold. It knows records and tables, and no code of the engine.
type oracle struct {
	was look

	newest    int64 // the newest run that was started
	started   map[int64]dataflow.Started
	decisions map[int64]dataflow.Decision
	finished  map[int64]dataflow.Run
	standings map[int64]standing // after each finished run

	read     map[int64]map[string]extract // what each import read of the source, by the table's key
	resumed  map[int64]int                // of how many tables each import took parts over
	stale    *violation                   // of a part that was taken over and should not have been
	madeBy   map[int64]int64              // the run that made a snapshot
	foreign  map[int64]string             // the snapshots of foreign writers, with the table's uuid
	replaced map[int64]int64              // those that a run has taken off main, with the run
	verified map[check]bool               // snapshots that hold what they must
	late     map[string]int64             // the files that an owner wrote after its run was abandoned, with the run
}

// extract is what an import read of one table.
type extract struct {
	columns []string
	rows    map[string]map[string]any // by key: the values that are there, by column
}

// check is a snapshot of a table that must hold what an import read.
type check struct {
	uuid     string
	snapshot int64
	run      int64
}

// standing is where the dataflow stands after a run, as the history tells.
type standing struct {
	current int64   // the import whose data the tables hold; 0: none
	tagged  int64   // the newest run whose tag they have; 0: none
	kept    []int64 // the imports that retention keeps, and the newest run if it is a rollback, in order
}

func newOracle() *oracle {
	return &oracle{
		started: map[int64]dataflow.Started{}, decisions: map[int64]dataflow.Decision{}, finished: map[int64]dataflow.Run{},
		standings: map[int64]standing{}, read: map[int64]map[string]extract{}, resumed: map[int64]int{}, madeBy: map[int64]int64{},
		foreign: map[int64]string{}, replaced: map[int64]int64{}, verified: map[check]bool{}, late: map[string]int64{},
	}
}

func (o *oracle) clone() *oracle {
	return &oracle{
		was: o.was, newest: o.newest,
		started: maps.Clone(o.started), decisions: maps.Clone(o.decisions), finished: maps.Clone(o.finished),
		standings: maps.Clone(o.standings), read: maps.Clone(o.read), resumed: maps.Clone(o.resumed), madeBy: maps.Clone(o.madeBy),
		foreign: maps.Clone(o.foreign), replaced: maps.Clone(o.replaced), verified: maps.Clone(o.verified), late: maps.Clone(o.late),
	}
}

// describes takes down the columns of which the source tells a process, for its run.
func (o *oracle) describes(p *process, key string, schema dataflow.Schema) {
	e := extract{rows: map[string]map[string]any{}}
	for _, column := range schema.Columns {
		e.columns = append(e.columns, column.Name)
	}
	if o.read[p.run] == nil {
		o.read[p.run] = map[string]extract{}
	}
	o.read[p.run][key] = e
}

// reads takes down the rows that a process then reads: the source may have more columns by now.
func (o *oracle) reads(p *process, key string, schema dataflow.Schema, rows map[string]dataflow.Row) {
	e := o.read[p.run][key]
	for name, row := range rows {
		values := map[string]any{}
		for i, column := range schema.Columns {
			if row[i] != nil && slices.Contains(e.columns, column.Name) {
				values[column.Name] = row[i]
			}
		}
		e.rows[name] = values
	}
}

// resumes takes down that a run takes parts of a table over from a failed one: it has the rows which that one read of them, in place of the source's.
func (o *oracle) resumes(p *process, what dataflow.Checkpoint, parts []string) {
	from, to := o.read[what.Run][what.Key], o.read[p.run][what.Key]
	completed := o.standings[p.run-1].kept
	switch finished, ended := o.finished[what.Run]; {
	case !ended || finished.Status == dataflow.StatusCompleted:
		o.stale = broken("resumes from failed runs", "run %d takes over what run %d has read, which has not failed", p.run, what.Run)
	case slices.ContainsFunc(completed, func(run int64) bool { return run > what.Run && o.started[run].Kind == dataflow.KindImport }):
		o.stale = broken("resumes from failed runs", "run %d takes over what run %d has read, and a newer import has completed", p.run, what.Run)
	case !slices.Equal(from.columns, to.columns):
		o.stale = broken("resumes from failed runs", "run %d takes over rows of run %d, which have other columns", p.run, what.Run)
	}
	for _, part := range parts {
		maps.DeleteFunc(to.rows, func(id string, _ map[string]any) bool { return strings.HasPrefix(id, part) })
		for id, row := range from.rows {
			if strings.HasPrefix(id, part) {
				to.rows[id] = row
			}
		}
	}
	o.resumed[p.run]++
}

// atRest says that the newest run is finished, or that there was none.
func (o *oracle) atRest() bool {
	_, finished := o.finished[o.newest]
	return o.newest == 0 || finished
}

// publishing gives the newest run while it is decided to publish and not finished; else 0.
func (o *oracle) publishing() int64 {
	if o.atRest() || o.decisions[o.newest].Outcome != dataflow.OutcomePublish {
		return 0
	}
	return o.newest
}

// abandoned says that a run was decided to be abandoned.
func (o *oracle) abandoned(run int64) bool {
	return o.decisions[run].Outcome == dataflow.OutcomeAbandon
}

// after gives where the dataflow stands after a finished run.
func (o *oracle) after(run int64) standing {
	before := o.standings[run-1]
	if o.finished[run].Status != dataflow.StatusCompleted {
		return before
	}
	return o.wouldStand(run)
}

// wouldStand gives where the dataflow stands once the run is completed.
func (o *oracle) wouldStand(run int64) standing {
	before, started := o.standings[run-1], o.started[run]
	if started.Kind == dataflow.KindRemoval {
		return standing{}
	}
	after := standing{current: run, tagged: run}
	if started.Kind == dataflow.KindRollback {
		after.current = *started.Target
	}
	isRollback := func(k int64) bool { return o.started[k].Kind == dataflow.KindRollback }
	all := append(slices.Clone(before.kept), run)
	newer := len(slices.DeleteFunc(slices.Clone(all), isRollback)) // imports from here on
	for _, k := range all {
		if isRollback(k) {
			if k == run {
				after.kept = append(after.kept, k)
			}
			continue
		}
		isNew := newer <= int(started.Definition.RetainRuns)
		isPinned := started.Definition.PinnedRun != nil && *started.Definition.PinnedRun == k
		if isNew || isPinned || k == after.current {
			after.kept = append(after.kept, k)
		}
		newer--
	}
	return after
}

// importOf gives the import whose data a completed run brought: itself, or the one that a rollback went to.
func (o *oracle) importOf(run int64) int64 {
	if started := o.started[run]; started.Kind == dataflow.KindRollback {
		return *started.Target
	}
	return run
}

// stood gives where the dataflow stands after its newest finished run.
func (o *oracle) stood() standing {
	if _, finished := o.finished[o.newest]; finished {
		return o.standings[o.newest]
	}
	return o.standings[o.newest-1]
}

// see holds every property after a step of the actor; nil: time has passed.
func (o *oracle) see(w *world, actor *process) *violation {
	return o.hold(w, o.learn(lookAt(w), actor))
}

// seeForeign holds every property after a foreign writer's commit.
func (o *oracle) seeForeign(w *world, uuid string, snapshot int64) *violation {
	o.foreign[snapshot] = uuid
	d := o.learn(lookAt(w), nil)
	d.foreign = snapshot
	return o.hold(w, d)
}

func (o *oracle) hold(w *world, d delta) *violation {
	defer func() { o.was = d.now }()
	if o.stale != nil {
		return o.stale
	}
	for _, property := range properties {
		if d.nothing() {
			return recordsStand(o, w, d)
		}
		if v := property(o, w, d); v != nil {
			return v
		}
	}
	return nil
}

// change gives what a run's decision does to a table; nil: nothing.
func (o *oracle) change(run int64, uuid string) *dataflow.TableChange {
	for _, c := range o.decisions[run].Tables {
		if c.UUID == uuid {
			return &c
		}
	}
	return nil
}
