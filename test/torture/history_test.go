//go:build torture && linux

package torture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// run is one entry of the history, read from its records as any program could.
type run struct {
	number    int64
	kind      string
	host      string // that it was started on
	target    int64  // of a rollback
	tables    map[string]string
	retain    int64
	pinned    int64
	completed bool

	published []change
	decided   bool
	finished  bool
	took      time.Duration // from its start to its end
	publish   time.Duration // from its decision to its end
	ended     time.Time
	resumed   bool // it took over what a failed import had read
}

// change is what a run decided for one table.
type change struct {
	Name   string `json:"table_name"`
	Change string `json:"change"`
}

type startedRecord struct {
	Run       int64     `json:"run"`
	Kind      string    `json:"kind"`
	Target    int64     `json:"target_run"`
	StartedAt time.Time `json:"started_at"`
	Owner     struct {
		Host string `json:"host"`
	} `json:"owner"`
	Definition struct {
		Tables map[string]struct {
			Name string `json:"table_name"`
		} `json:"tables"`
		Retain int64 `json:"retain_runs"`
		Pinned int64 `json:"pinned_run"`
	} `json:"definition"`
}

type decisionRecord struct {
	Run       int64     `json:"run"`
	DecidedAt time.Time `json:"decided_at"`
	Outcome   string    `json:"outcome"`
	Tables    []change  `json:"tables"`
}

type finishedRecord struct {
	Run     int64     `json:"run"`
	Status  string    `json:"status"`
	EndedAt time.Time `json:"ended_at"`
	Tables  []struct {
		Resumed []struct{} `json:"resumed"`
	} `json:"tables"`
}

// history is the runs of the dataflow, in order, and the write-once records as they were first seen.
type history struct {
	folder string
	runs   []run
	seen   map[string][]byte
}

func newHistory(workspace string) *history {
	return &history{folder: filepath.Join(workspace, "dataflows", "customers", "runs"), seen: map[string][]byte{}}
}

// next is the number of the run that comes next.
func (h *history) next() int64 { return int64(len(h.runs)) + 1 }

// last is the newest run; nil: none.
func (h *history) last() *run {
	if len(h.runs) == 0 {
		return nil
	}
	return &h.runs[len(h.runs)-1]
}

// record gives the path of a run's record.
func (h *history) record(number int64, name string) string {
	return filepath.Join(h.folder, fmt.Sprintf("%08d", number), name)
}

// read brings the history up to date. It goes on from the newest finished run, and again over the whole of it with all;
// what it finds changed, missing or out of order is an error.
func (h *history) read(all bool) error {
	for len(h.runs) > 0 && (all || !h.last().finished) {
		h.runs = h.runs[:len(h.runs)-1]
	}
	folders, err := os.ReadDir(h.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	newest := int64(0)
	for _, folder := range folders {
		if number, err := strconv.ParseInt(folder.Name(), 10, 64); err == nil {
			newest = max(newest, number)
		}
	}
	for number := h.next(); number <= newest; number++ {
		r, found, err := h.readRun(number)
		if err != nil {
			return fmt.Errorf("run %d: %w", number, err)
		}
		if !found {
			if number < newest {
				return fmt.Errorf("run %d is missing, and there is a run %d", number, newest)
			}
			return nil // killed between making the folder and the record in it
		}
		if last := h.last(); last != nil && !last.finished {
			return fmt.Errorf("run %d was started while run %d is not finished", number, last.number)
		}
		h.runs = append(h.runs, r)
	}
	return nil
}

func (h *history) readRun(number int64) (run, bool, error) {
	var started startedRecord
	var decision decisionRecord
	var finished finishedRecord
	found, err := h.readRecord(number, "started.json", &started)
	if err != nil || !found {
		return run{}, false, err
	}
	decided, err := h.readRecord(number, "decision.json", &decision)
	if err != nil {
		return run{}, false, err
	}
	ended, err := h.readRecord(number, "finished.json", &finished)
	if err != nil {
		return run{}, false, err
	}
	r := run{
		number: number, kind: started.Kind, host: started.Owner.Host, target: started.Target, retain: started.Definition.Retain, pinned: started.Definition.Pinned,
		tables: map[string]string{}, decided: decided, finished: ended, completed: finished.Status == "Completed", published: decision.Tables,
	}
	for key, table := range started.Definition.Tables {
		r.tables[key] = table.Name
	}
	switch {
	case started.Run != number || decided && decision.Run != number || ended && finished.Run != number:
		return r, false, errors.New("a record is of another run")
	case ended && !decided:
		return r, false, errors.New("it is finished and was never decided")
	case ended && r.completed != (decision.Outcome == "publish"):
		return r, false, fmt.Errorf("its decision is to %s, and it is %s", decision.Outcome, finished.Status)
	}
	if ended {
		r.ended = finished.EndedAt
		for _, table := range finished.Tables {
			r.resumed = r.resumed || len(table.Resumed) > 0
		}
		r.took, r.publish = finished.EndedAt.Sub(started.StartedAt), finished.EndedAt.Sub(decision.DecidedAt)
	}
	return r, true, nil
}

// readRecord reads a write-once record, which must be as it was when it was first read.
func (h *history) readRecord(number int64, name string, into any) (bool, error) {
	path := h.record(number, name)
	content, err := os.ReadFile(path)
	before, known := h.seen[path]
	switch {
	case errors.Is(err, fs.ErrNotExist) && !known:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("%s is gone", name)
	case err != nil:
		return false, err
	case known && !bytes.Equal(before, content):
		return false, fmt.Errorf("%s has changed", name)
	}
	h.seen[path] = content
	return true, json.Unmarshal(content, into)
}

// standing is where the history leaves the tables.
type standing struct {
	current int64   // the import whose data they hold; 0: none
	kept    []int64 // the runs whose tags they have, in order
}

// standing follows the rules that are documented: a completed import is current, a rollback makes its target current, a removal leaves
// nothing; the newest retain_runs imports are kept, the current and the pinned one; a rollback's own tag lasts until the next run.
func (h *history) standing() standing {
	var s standing
	for _, r := range h.runs {
		if !r.completed {
			continue
		}
		if r.kind == "removal" {
			s = standing{}
			continue
		}
		s.current = r.number
		if r.kind == "rollback" {
			s.current = r.target
		}
		imports := h.imports(s)
		if r.kind == "import" {
			imports = append(imports, r.number)
		}
		oldest := max(0, len(imports)-int(max(r.retain, 1)))
		older := slices.DeleteFunc(slices.Clone(imports[:oldest]), func(n int64) bool { return n != s.current && n != r.pinned })
		s.kept = slices.Concat(older, imports[oldest:])
		if r.kind == "rollback" {
			s.kept = append(s.kept, r.number)
		}
	}
	return s
}

// imports are the runs that a rollback can go to.
func (h *history) imports(s standing) []int64 {
	return slices.DeleteFunc(slices.Clone(s.kept), func(n int64) bool { return h.runs[n-1].kind != "import" })
}

// source is the import whose data a run showed.
func (h *history) source(number int64) run {
	r := h.runs[number-1]
	if r.kind == "rollback" {
		return h.runs[r.target-1]
	}
	return r
}

// tables says what every table should be: for each run that is kept a tag, and main where the current run has the table.
func (h *history) tables(s standing, folder func(run int64) string) map[string]wantTable {
	want := map[string]wantTable{}
	for _, number := range s.kept {
		source := h.source(number)
		for key, name := range source.tables {
			table, found := want[name]
			if !found {
				table = wantTable{Key: key, Refs: map[string]string{}}
			}
			table.Refs[fmt.Sprintf("run_%d", number)] = folder(source.number)
			if source.number == s.current {
				table.Refs["main"], table.Current = folder(source.number), fmt.Sprintf("run_%d", s.current)
			}
			want[name] = table
		}
	}
	return want
}
