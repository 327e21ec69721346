package tablestest

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// How much Alike plays where -rapid.checks asks for nothing else. Real tables take some 10 ms a call.
const (
	sequences = 30
	maxSteps  = 15
)

// Alike plays random sequences of calls on two kinds of subjects and says where what can be seen of them differs: the codes of errors,
// what a call gives, whether it commits, and the tables after it. Runs take turns as the protocol has it, and any call may come
// again late; another writer commits in between.
func Alike(t *testing.T, open, openOther func(t testing.TB) Subject) {
	if checks := flag.Lookup("rapid.checks"); checks != nil && checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set(strconv.Itoa(sequences)); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Value.Set(checks.DefValue) }() // the value that it had
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := &duet{T: rt, sides: [2]*side{newSide(rt, open(t)), newSide(rt, openOther(t))}}
		for range rapid.IntRange(1, maxSteps).Draw(rt, "steps") {
			d.step()
			d.compareTables()
		}
		d.cleanUp()
	})
}

// duet is two subjects that are played the same.
type duet struct {
	*rapid.T
	sides [2]*side
	run   int64 // the newest
	open  *open // the newest run's change, while it is not published: the next run can't start before that is settled
	late  []call
}

// side is one of the two, with names for what each gives names of its own.
type side struct {
	subject   Subject
	processes [2]dataflow.Tables
	snapshots map[int64]int64  // → in the order in which they were made
	uuids     map[string]int64 // → in the order in which they were seen
	locations map[dataflow.TableID]string
}

// call can be made again, by any process.
type call struct {
	name string
	do   func(s *side, tables dataflow.Tables) (any, error)
}

// open is a change of a run that is not settled yet.
type open struct {
	run     int64
	id      dataflow.TableID
	publish call
}

func newSide(t *rapid.T, subject Subject) *side {
	s := &side{subject: subject, snapshots: map[int64]int64{}, uuids: map[string]int64{}, locations: map[dataflow.TableID]string{}}
	for i := range s.processes {
		var err error
		if s.processes[i], err = subject.Process(workspace); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (d *duet) step() {
	steps := map[string]func(){
		"import": d.importRun, "ticket": d.ticket, "settle": d.settle, "sweep": d.sweep, "retain": d.retain,
		"overwrite": d.overwrite, "tag": d.tag, "late": d.comeLate, "late again": d.comeLate,
	}
	steps[rapid.SampledFrom(slices.Sorted(maps.Keys(steps))).Draw(d.T, "step")]()
}

func (d *duet) table() dataflow.TableID {
	return rapid.SampledFrom([]dataflow.TableID{users, groups}).Draw(d.T, "table")
}

// number draws a run that there was; false when there was none.
func (d *duet) number(name string) (int64, bool) {
	if d.run == 0 {
		return 0, false
	}
	return rapid.Int64Range(1, d.run).Draw(d.T, name), true
}

// play makes a call on both sides and compares what it gives.
func (d *duet) play(c call) (results [2]any, failed bool) {
	d.Helper()
	d.Log(c.name)
	process := rapid.IntRange(0, 1).Draw(d.T, "process")
	var seen [2]any
	var codes [2]dataflow.Code
	var errs [2]error
	for i, s := range d.sides {
		results[i], errs[i] = c.do(s, s.processes[process])
		codes[i] = dataflow.CodeOf(errs[i])
		if errs[i] == nil {
			seen[i] = s.canonical(results[i])
		}
	}
	if diff := cmp.Diff(codes[0], codes[1]); diff != "" {
		d.Fatalf("%s: the codes differ: %v, %v", c.name, errs[0], errs[1])
	}
	if diff := cmp.Diff(seen[0], seen[1], cmpopts.EquateEmpty()); diff != "" {
		d.Fatalf("%s: what it gives differs (-one +other):\n%s", c.name, diff)
	}
	return results, errs[0] != nil
}

// begin starts a run: what the run before has left open is published or swept, as an owner or whoever recovers would, or given up as it is.
func (d *duet) begin() int64 {
	d.settle()
	d.run++
	return d.run
}

func (d *duet) settle() {
	if d.open == nil {
		return
	}
	switch rapid.SampledFrom([]string{"publish", "publish", "publish", "sweep", "leave"}).Draw(d.T, "settle") {
	case "publish":
		d.playLate(d.open.publish)
	case "sweep":
		d.sweepOf(d.open.run, d.open.id)
	default: // abandoned, and not swept: nobody will ever publish it
	}
	d.open = nil
}

// playLate makes a call that may be made again later.
func (d *duet) playLate(c call) {
	d.play(c)
	d.late = append(d.late, c)
}

// left makes what a stage or a ticket gave a change that is not settled yet.
func (d *duet) left(run int64, id dataflow.TableID, results [2]any) {
	changes := map[*side]dataflow.TableChange{}
	for i, s := range d.sides {
		changes[s] = results[i].(dataflow.TableChange) //nolint:forcetypeassert // what stage and ticket give
	}
	d.open = &open{run: run, id: id, publish: call{
		name: fmt.Sprintf("publish run %d: %s %s", run, changes[d.sides[0]].Change, id),
		do: func(s *side, tables dataflow.Tables) (any, error) {
			return tables.Publish(d.Context(), customers, run, changes[s])
		},
	}}
}

func (d *duet) importRun() {
	id, run, schema := d.table(), d.begin(), narrow()
	loads := rapid.SampledFrom([]struct{ data, metadata bool }{{true, true}, {true, true}, {false, true}, {true, false}}).Draw(d.T, "loads")
	if rapid.Bool().Draw(d.T, "wide") {
		schema = wide()
	}
	var rows []dataflow.Row
	for _, key := range []string{"a", "b", "c"} {
		if name := rapid.SampledFrom([]string{"", "x", "y"}).Draw(d.T, "name of "+key); name != "" {
			values := row(key, name, 1)
			if len(schema.Columns) > len(values) {
				values = append(values, rapid.SampledFrom([]any{nil, "pro"}).Draw(d.T, "plan of "+key))
			}
			rows = append(rows, values)
		}
	}
	results, failed := d.play(call{name: fmt.Sprintf("stage run %d: %s, %d columns, %d rows, %+v", run, id, len(schema.Columns), len(rows), loads),
		do: func(s *side, tables dataflow.Tables) (any, error) {
			req := request(run, id, schema)
			req.Definition.Data, req.Definition.Metadata = loads.data, loads.metadata
			staging, err := tables.Stage(d.Context(), req)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if err := staging.Put(d.Context(), slices.Clone(row)); err != nil {
					return nil, err
				}
			}
			change, err := staging.Commit(d.Context())
			if err == nil && change.Change == dataflow.ChangePublish {
				s.made(*change.After)
			}
			if closeErr := staging.Close(); err == nil {
				err = closeErr
			}
			return change, err
		}})
	if !failed {
		d.left(run, id, results)
	}
}

func (d *duet) ticket() {
	id, run := d.table(), d.begin()
	kind := rapid.SampledFrom([]dataflow.Change{dataflow.ChangeHide, dataflow.ChangeDrop, dataflow.ChangePublish, dataflow.ChangePublish}).Draw(d.T, "change")
	target, _ := d.number("target")
	results, failed := d.play(call{name: fmt.Sprintf("ticket of run %d: %s %s (target %d)", run, kind, id, target),
		do: func(_ *side, tables dataflow.Tables) (any, error) {
			return tables.Ticket(d.Context(), ticketRequest(run, id, kind, target))
		}})
	if !failed {
		d.left(run, id, results)
	}
}

func (d *duet) sweep() {
	if run, ok := d.number("run"); ok && (d.open == nil || run != d.open.run) { // a run that has decided to publish is never swept
		d.sweepOf(run, d.table())
	}
}

func (d *duet) sweepOf(run int64, id dataflow.TableID) {
	d.playLate(call{name: fmt.Sprintf("sweep run %d: %s", run, id), do: func(_ *side, tables dataflow.Tables) (any, error) {
		return nil, tables.Sweep(d.Context(), customers, run, []dataflow.TableID{id})
	}})
}

func (d *duet) retain() {
	run, ok := d.number("run")
	if !ok {
		return
	}
	letGo := rapid.SliceOfN(rapid.Int64Range(1, run), 0, 3).Draw(d.T, "let go")
	d.playLate(call{name: fmt.Sprintf("retain of run %d: lets go %v", run, letGo), do: func(_ *side, tables dataflow.Tables) (any, error) {
		where, err := tables.Retain(d.Context(), customers, run, []dataflow.TableID{users, groups}, letGo)
		return slices.SortedFunc(maps.Keys(where), func(a, b dataflow.TableID) int {
			return slices.Compare([]string{a.Database, a.Name}, []string{b.Database, b.Name})
		}), err
	}})
}

func (d *duet) comeLate() {
	if len(d.late) > 0 {
		c := rapid.SampledFrom(d.late).Draw(d.T, "late")
		c.name = "late: " + c.name
		d.play(c)
	}
}

func (d *duet) overwrite() {
	id := d.table()
	d.play(call{name: fmt.Sprintf("somebody else writes to %s", id), do: func(s *side, _ dataflow.Tables) (any, error) {
		if _, err := s.subject.Look(id); err != nil {
			return nil, err
		}
		snapshot, err := s.subject.Overwrite(id)
		s.made(snapshot)
		return nil, err
	}})
}

func (d *duet) tag() {
	id := d.table()
	d.play(call{name: fmt.Sprintf("somebody else tags main of %s", id), do: func(s *side, _ dataflow.Tables) (any, error) {
		table, err := s.subject.Look(id)
		main, ok := table.Refs["main"]
		if err != nil || !ok {
			return nil, err
		}
		return nil, s.subject.Tag(id, "theirs", main)
	}})
}

// compareTables compares what can be seen.
func (d *duet) compareTables() {
	d.Helper()
	for _, id := range []dataflow.TableID{users, groups} {
		d.play(call{name: fmt.Sprintf("look at %s", id), do: func(s *side, _ dataflow.Tables) (any, error) {
			table, err := s.subject.Look(id)
			if err != nil {
				return nil, err
			}
			moved := table.MetadataLocation != s.locations[id]
			s.locations[id] = table.MetadataLocation
			table.MetadataLocation = fmt.Sprint("moved: ", moved)
			return table, nil
		}})
	}
	d.play(call{name: "list", do: func(_ *side, tables dataflow.Tables) (any, error) {
		return tables.Owned(d.Context(), customers, []string{"customers"})
	}})
	d.play(call{name: "list the databases", do: func(s *side, _ dataflow.Tables) (any, error) { return s.subject.Databases() }})
}

// cleanUp says that nothing is left of what no run has once every run is swept and retention has been at it.
func (d *duet) cleanUp() {
	d.open = nil
	for run := int64(1); run <= d.run; run++ {
		for _, id := range []dataflow.TableID{users, groups} {
			d.sweepOf(run, id)
		}
	}
	d.play(call{name: "retain", do: func(_ *side, tables dataflow.Tables) (any, error) {
		_, err := tables.Retain(d.Context(), customers, d.run, []dataflow.TableID{users, groups}, nil)
		return nil, err
	}})
	d.compareTables()
	for _, s := range d.sides {
		var held []string
		for _, id := range []dataflow.TableID{users, groups} {
			if table, err := s.subject.Look(id); err == nil {
				held = append(held, table.DataFiles...)
			}
		}
		slices.Sort(held)
		there, err := s.subject.DataFiles()
		if err != nil {
			d.Fatal(err)
		}
		if diff := cmp.Diff(held, there, cmpopts.EquateEmpty()); diff != "" {
			d.Fatalf("%T: data files (-that a table has +that are there):\n%s", s.subject, diff)
		}
	}
}

// made gives a snapshot that was just made the next number.
func (s *side) made(snapshot int64) { s.snapshots[snapshot] = int64(len(s.snapshots) + 1) }

// canonical puts numbers that both sides share in place of what each side names for itself.
func (s *side) canonical(result any) any {
	switch r := result.(type) {
	case dataflow.TableChange:
		return s.change(r)
	case dataflow.TableResult:
		r.TableChange, r.Replaced, r.PublishedMetadataLocation = s.change(r.TableChange), s.snapshot(r.Replaced), given(r.PublishedMetadataLocation)
		return r
	case []dataflow.TableState:
		r = slices.Clone(r)
		for i := range r {
			r[i].UUID, r[i].Snapshot = s.uuid(r[i].UUID), s.snapshot(r[i].Snapshot)
		}
		return r
	case Table:
		r.UUID, r.DataFiles = s.uuid(r.UUID), nil // how rows lie in files is each one's own affair
		r.Refs = maps.Clone(r.Refs)
		for name, snapshot := range r.Refs {
			r.Refs[name] = *s.snapshot(&snapshot)
		}
		r.Snapshots = slices.Clone(r.Snapshots)
		for i := range r.Snapshots {
			r.Snapshots[i] = *s.snapshot(&r.Snapshots[i])
		}
		slices.Sort(r.Snapshots)
		return r
	}
	return result
}

func (s *side) change(c dataflow.TableChange) dataflow.TableChange {
	c.UUID, c.MetadataLocation = s.uuid(c.UUID), given(c.MetadataLocation)
	c.Before, c.After, c.Ticket = s.snapshot(c.Before), s.snapshot(c.After), s.snapshot(c.Ticket)
	if c.SchemaID != nil {
		c.SchemaID = new(int)
	}
	return c
}

func (s *side) snapshot(id *int64) *int64 {
	if id == nil {
		return nil
	}
	number := s.snapshots[*id]
	return &number
}

func (s *side) uuid(uuid string) string {
	if s.uuids[uuid] == 0 {
		s.uuids[uuid] = int64(len(s.uuids) + 1)
	}
	return fmt.Sprint("uuid ", s.uuids[uuid])
}

func given(location string) string {
	if location == "" {
		return ""
	}
	return "somewhere"
}
