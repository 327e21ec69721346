package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// look is what anybody can see of a world: its records, its tables and its data files.
type look struct {
	records map[string][]byte
	tables  map[string]enginetest.Metadata // by uuid
	files   map[string]bool
}

func lookAt(w *world) look {
	l := look{records: w.records.All(), tables: w.catalog.All(), files: map[string]bool{}}
	for _, path := range w.catalog.Files("") {
		l.files[path] = true
	}
	return l
}

// table gives the table of this name; nil: there is none.
func (l look) table(id dataflow.TableID) *enginetest.Metadata {
	for _, m := range l.tables {
		if m.ID == id {
			return &m
		}
	}
	return nil
}

func tableID(name string) dataflow.TableID { return dataflow.TableID{Database: database, Name: name} }

// delta is what one step has changed.
type delta struct {
	was, now look
	actor    *process // nil: nobody the world knows
	foreign  int64    // the snapshot of a foreign writer, whose step this is; 0: it is not

	started, decided, finished []int64 // the runs whose records came
	defined                    bool    // the dataflow's own record changed
	tables                     []pair  // that changed
	files                      bool    // some came or went

	// As it was before the step.
	newest     int64 // the newest run that was started
	atRest     bool  // it was finished, or there was none
	publishing int64 // the newest run, while it is decided to publish and not finished; else 0
}

// pair is a table before and after a step; nil: it was not there.
type pair struct{ was, now *enginetest.Metadata }

func (p pair) id() dataflow.TableID {
	if p.now != nil {
		return p.now.ID
	}
	return p.was.ID
}

func (p pair) uuid() string {
	if p.now != nil {
		return p.now.UUID
	}
	return p.was.UUID
}

func (d *delta) nothing() bool {
	return len(d.started)+len(d.decided)+len(d.finished)+len(d.tables) == 0 && !d.defined && !d.files
}

// The records of a run; every other record is the dataflow's own.
const (
	startedRecord   = "started"
	heartbeatRecord = "heartbeat"
	decisionRecord  = "decision"
	finishedRecord  = "finished"
	dataflowRecord  = "dataflow"
)

// parsePath says what record is at a path such as "customers/3/decision".
func parsePath(path string) (run int64, what string) {
	_, path, _ = strings.Cut(path, "/")
	number, what, _ := strings.Cut(path, "/")
	run, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic(err)
	}
	return run, what
}

// learn reads the records that came with a step, and compares the rest.
func (o *oracle) learn(now look, actor *process) delta {
	d := delta{was: o.was, now: now, actor: actor, newest: o.newest, atRest: o.atRest(), publishing: o.publishing()}
	for path, text := range now.records {
		before, known := d.was.records[path]
		if known && bytes.Equal(before, text) {
			continue
		}
		run, what := parsePath(path)
		switch {
		case what == dataflowRecord:
			d.defined = true
		case known: // records stand, or it is a heartbeat
		case what == startedRecord:
			o.started[run] = decoded[dataflow.Started](text)
			o.newest = max(o.newest, run)
			d.started = append(d.started, run)
		case what == decisionRecord:
			o.decisions[run] = decoded[dataflow.Decision](text)
			d.decided = append(d.decided, run)
		case what == finishedRecord:
			o.finished[run] = decoded[dataflow.Run](text)
			o.standings[run] = o.after(run)
			d.finished = append(d.finished, run)
		}
	}
	for uuid, m := range now.tables {
		before, known := d.was.tables[uuid]
		switch {
		case !known:
			d.tables = append(d.tables, pair{nil, &m})
		case before.MetadataLocation != m.MetadataLocation || before.ID != m.ID:
			d.tables = append(d.tables, pair{&before, &m})
		}
		if actor == nil {
			continue
		}
		for id := range m.Snapshots {
			if _, seen := o.madeBy[id]; !seen {
				o.madeBy[id] = actor.run
			}
		}
	}
	for uuid, m := range d.was.tables {
		if _, still := now.tables[uuid]; !still {
			d.tables = append(d.tables, pair{&m, nil})
		}
	}
	d.files = len(now.files) != len(d.was.files)
	for path := range now.files {
		if !d.was.files[path] {
			d.files = true
			if actor != nil && o.abandoned(actor.run) {
				o.late[path] = actor.run
			}
		}
	}
	return d
}

func decoded[T any](text []byte) (record T) {
	if err := json.Unmarshal(text, &record); err != nil {
		panic(fmt.Sprintf("a record that is no record: %v", err))
	}
	return record
}
