package reportpage

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// How much an entry keeps of a history that may be long.
const (
	maxRuns   = 30  // runs that it tells whole
	maxPoints = 120 // imports that its plot has
)

// Entry is what the page shows of one dataflow.
type Entry struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"displayName,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        string     `json:"type"`
	Connector   string     `json:"connector"`
	Source      string     `json:"source,omitempty"`
	Status      string     `json:"status"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	LastRefresh *time.Time `json:"lastRefresh,omitempty"`
	CurrentRun  *int64     `json:"currentRun,omitempty"`
	Kept        []int64    `json:"kept,omitempty"` // the runs that the tables can go back to, oldest first
	Tables      []Table    `json:"tables,omitempty"`
	Runs        []Run      `json:"runs"`              // newest first
	Earlier     int64      `json:"earlier,omitempty"` // how many runs there were before those
	Points      [][5]int64 `json:"points,omitempty"`  // of each completed import, oldest first: its run, the rows after it, and how many were added, changed, removed
}

// Run is a run in a dataflow's history.
type Run struct {
	Run         int64       `json:"run"`
	Kind        string      `json:"kind"`
	Status      string      `json:"status"`
	Trigger     string      `json:"trigger"`
	StartedAt   time.Time   `json:"startedAt"`
	EndedAt     *time.Time  `json:"endedAt,omitempty"`
	Description string      `json:"description"`
	Tables      []RunCounts `json:"tables,omitempty"`
}

// RunCounts is what a run did to one table.
type RunCounts struct {
	Table   string `json:"table"`
	Read    int64  `json:"read"`
	Added   int64  `json:"added"`
	Changed int64  `json:"changed"`
	Removed int64  `json:"removed"`
}

// Table is a published table.
type Table struct {
	Database string   `json:"database"`
	Name     string   `json:"name"`
	FileName string   `json:"fileName"`
	Purpose  string   `json:"purpose"`
	Records  int64    `json:"records"`
	Columns  []Column `json:"columns,omitempty"`
}

// Column is a column, with what is known of its values. It is written as a list, [name, type, policy, filled, distinct]: a page has many.
type Column struct {
	Name, Type, Policy string // no policy: nothing is loaded into it any more, or it is not the dataflow's
	Filled, Distinct   *int64 // nil: not known
}

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{c.Name, c.Type, c.Policy, c.Filled, c.Distinct})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Column) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&c.Name, &c.Type, &c.Policy, &c.Filled, &c.Distinct})
}

// Described is a table as its catalog has it.
type Described struct {
	Table   dataflow.TableResult
	Columns []DescribedColumn
	Profile *dataflow.Profile // nil: none is known
}

// DescribedColumn is a column of one.
type DescribedColumn struct{ Name, Type, Source string }

// with gives the entry after a run. before is the entry that the page had; nil: none.
func with(before *Entry, record dataflow.Record, run dataflow.Run, tables []Described) Entry {
	d := record.Definition
	e := Entry{
		Name: d.Name, Type: record.Type, Connector: d.Connector, Source: run.Standing.Source(), Status: status(run),
		CreatedAt: record.CreatedAt, UpdatedAt: record.UpdatedAt, LastRefresh: run.Standing.LastRefreshAt,
		CurrentRun: run.Standing.CurrentRun, Kept: run.Standing.Retained,
	}
	if d.DisplayName != nil {
		e.DisplayName = *d.DisplayName
	}
	if d.Description != nil {
		e.Description = *d.Description
	}
	for _, t := range tables {
		e.Tables = append(e.Tables, tableOf(t))
	}
	e.Runs = []Run{runOf(run)}
	if before != nil {
		e.Runs = append(e.Runs, slices.DeleteFunc(slices.Clone(before.Runs), func(r Run) bool { return r.Run >= run.Run })...)
		e.Earlier = before.Earlier
		e.Points = slices.DeleteFunc(slices.Clone(before.Points), func(p [5]int64) bool { return p[0] >= run.Run })
	}
	if point, ok := pointOf(run); ok {
		e.Points = append(e.Points, point)
	}
	return e.bounded(maxRuns, maxPoints)
}

// bounded gives the entry with no more of its history than this.
func (e Entry) bounded(runs, points int) Entry {
	if over := len(e.Runs) - runs; over > 0 {
		e.Runs, e.Earlier = e.Runs[:runs], e.Earlier+int64(over)
	}
	if over := len(e.Points) - points; over > 0 {
		e.Points = e.Points[over:]
	}
	return e
}

// newest is the newest run that the entry knows.
func (e Entry) newest() int64 {
	if len(e.Runs) == 0 {
		return 0
	}
	return e.Runs[0].Run
}

// status says where the dataflow stands after a run, as its state does. A failed rollback is not a failed dataflow.
func status(run dataflow.Run) string {
	switch {
	case run.Standing.LastImport == dataflow.StatusFailed:
		return string(dataflow.StatusFailed)
	case run.Standing.CurrentRun == nil:
		return string(dataflow.StatusNew)
	}
	return string(dataflow.StatusCompleted)
}

func runOf(run dataflow.Run) Run {
	r := Run{
		Run: run.Run, Kind: string(run.Kind), Status: string(run.Status), Trigger: string(run.Trigger), StartedAt: run.StartedAt, EndedAt: run.EndedAt, Description: run.Description,
	}
	for _, t := range run.Tables {
		r.Tables = append(r.Tables, RunCounts{Table: t.Name, Read: t.Counts.Read, Added: t.Counts.Added, Changed: t.Counts.Changed, Removed: t.Counts.Removed})
	}
	return r
}

// pointOf gives an import's place in the plot; false: it has none.
func pointOf(run dataflow.Run) (point [5]int64, ok bool) {
	if run.Kind != dataflow.KindImport || run.Status != dataflow.StatusCompleted {
		return point, false
	}
	point[0] = run.Run
	for _, t := range run.Tables {
		for i, n := range []int64{t.Records(), t.Counts.Added, t.Counts.Changed, t.Counts.Removed} {
			point[i+1] += n
		}
	}
	return point, true
}

func tableOf(d Described) Table {
	t := Table{
		Database: d.Table.Database, Name: d.Table.Name, FileName: d.Table.FileName, Purpose: string(d.Table.Definition.Purpose), Records: d.Table.Records(),
	}
	for _, c := range d.Columns {
		column := Column{Name: c.Name, Type: c.Type}
		if c.Source != "" {
			column.Policy = string(columnpolicy.Of(c.Name, c.Source, d.Table.Definition))
		}
		if d.Profile != nil {
			if p, known := d.Profile.Columns[c.Name]; known {
				column.Filled, column.Distinct = &p.Filled, &p.Distinct
			}
		}
		t.Columns = append(t.Columns, column)
	}
	return t
}
