package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// The properties, each held after every step.
var properties = []func(*oracle, *world, delta) *violation{
	recordsStand, historyComplete, nothingUnpublished, ticketsStand, retentionFollows, foreignSeen, liveFilesStay, oneRun, together, keptReadable, definitionStands,
}

func broken(property, format string, args ...any) *violation {
	return &violation{property, fmt.Sprintf(format, args...)}
}

// recordsStand: records never change once they are seen, save heartbeats.
func recordsStand(_ *oracle, _ *world, d delta) *violation {
	for path, text := range d.was.records {
		run, what := parsePath(path)
		if what != heartbeatRecord && !bytes.Equal(d.now.records[path], text) {
			return broken("records stand", "%s record %d has changed", what, run)
		}
	}
	return nil
}

// historyComplete: run N+1 is started only when run N is finished; a run is finished as its decision says, and only when that is done.
func historyComplete(o *oracle, _ *world, d delta) *violation {
	const name = "history complete"
	for _, run := range d.started {
		if run != d.newest+1 || !d.atRest {
			return broken(name, "run %d is started after run %d (finished: %t)", run, d.newest, d.atRest)
		}
	}
	for _, run := range d.decided {
		if _, started := o.started[run]; !started {
			return broken(name, "run %d is decided and not started", run)
		}
	}
	for _, run := range d.finished {
		decision, decided := o.decisions[run]
		finished, started := o.finished[run], o.started[run]
		switch {
		case !decided:
			return broken(name, "run %d is finished and not decided", run)
		case (decision.Outcome == dataflow.OutcomePublish) != (finished.Status == dataflow.StatusCompleted):
			return broken(name, "run %d is decided (%s) and %s", run, decision.Outcome, finished.Status)
		case finished.Run != run || finished.Kind != started.Kind || finished.UID != started.UID || finished.Owner != started.Owner:
			return broken(name, "the finished record of run %d is not that of the run that was started", run)
		}
		for _, c := range decision.Tables {
			if missing := o.undone(d.now, run, c); missing != "" {
				return broken(name, "run %d is finished, and table %s (%s) %s", run, c.TableID, c.Change, missing)
			}
		}
	}
	return nil
}

// undone says what is missing of a run's change; empty: nothing.
func (o *oracle) undone(now look, run int64, c dataflow.TableChange) string {
	m, there := now.tables[c.UUID]
	switch {
	case c.Change == dataflow.ChangeDrop:
		main := m.Ref(enginetest.MainBranch)
		switch {
		case !there:
			return ""
		case main != nil && o.foreign[*main] != "":
			return "" // somebody else has written to it since: it is left to them
		}
		return "is there"
	case !there:
		return "is not there"
	case c.Change == dataflow.ChangeHide:
		if main := m.Ref(enginetest.MainBranch); main != nil && o.foreign[*main] == "" {
			return "has a main"
		}
		return ""
	}
	if tag := m.Ref(tag(run)); tag == nil || *tag != *c.After {
		return "has no tag of it"
	}
	return ""
}

func tag(run int64) string    { return fmt.Sprintf("run_%d", run) }
func branch(run int64) string { return fmt.Sprintf("run_%d_staging", run) }

// runOfRef says whose ref it is, and which.
func runOfRef(name string) (run int64, staging bool) {
	n, err := fmt.Sscanf(name, "run_%d", &run)
	if n != 1 || err != nil {
		return 0, false
	}
	return run, strings.HasSuffix(name, "_staging")
}

// nothingUnpublished: what readers see of a table (main, schema, tags, properties, whether it is there) changes
// only as a publish decision says, while its run is not finished, and once. Whoever wakes late changes nothing; an abandoned run does nothing.
func nothingUnpublished(o *oracle, _ *world, d delta) *violation {
	if d.foreign != 0 {
		return nil
	}
	name := "late changes nothing"
	switch {
	case d.publishing != 0:
		name = "decision is followed"
	case o.abandoned(d.newest) && !d.atRest:
		name = "abandoned does nothing"
	case !d.atRest:
		name = "nothing before the decision"
	}
	for _, p := range d.tables {
		if p.was == nil {
			if len(p.now.Refs) > 0 {
				return broken(name, "table %s comes with refs", p.id())
			}
			continue
		}
		var c *dataflow.TableChange
		if d.publishing != 0 {
			c = o.change(d.publishing, p.uuid())
		}
		if wrong := o.wrong(p, d.publishing, c); wrong != "" {
			if c != nil && c.After != nil && o.abandoned(o.madeBy[*c.After]) {
				name = "abandoned does nothing"
			}
			return broken(name, "table %s: %s (run %d, by %s)", p.id(), wrong, d.publishing, who(d.actor))
		}
	}
	if d.defined && d.publishing == 0 && (d.actor == nil || !d.actor.making) {
		return broken(name, "%s has changed the dataflow's record", who(d.actor))
	}
	return nil
}

func who(p *process) string {
	if p == nil {
		return "nobody"
	}
	return p.id
}

// wrong says what a step has changed that the change c of the run does not allow; empty: nothing.
func (o *oracle) wrong(p pair, run int64, c *dataflow.TableChange) string {
	if p.now == nil {
		if c == nil || c.Change != dataflow.ChangeDrop {
			return "is gone"
		}
		return ""
	}
	if p.was.ID != p.now.ID {
		return "has another name: " + p.now.ID.String()
	}
	done := c != nil && o.done(*p.was, run, *c)
	was, now := p.was.Ref(enginetest.MainBranch), p.now.Ref(enginetest.MainBranch)
	if !same(was, now) {
		switch {
		case c == nil:
			return "main has moved"
		case done:
			return "main has moved again"
		case !same(now, c.After):
			return "main is elsewhere"
		}
	}
	if p.was.CurrentSchema != p.now.CurrentSchema && (c == nil || done || c.SchemaID == nil || *c.SchemaID != p.now.CurrentSchema) {
		return "the schema is another"
	}
	if run == 0 && !maps.Equal(p.was.Properties, p.now.Properties) {
		return "the properties have changed"
	}
	for name, ref := range p.now.Refs {
		by, staging := runOfRef(name)
		if by == 0 || staging || p.was.Ref(name) != nil && *p.was.Ref(name) == ref.Snapshot {
			continue
		}
		if c == nil || by != run || c.After == nil || *c.After != ref.Snapshot {
			return "has tag " + name
		}
	}
	return ""
}

// done says whether the table's change was made before.
func (o *oracle) done(m enginetest.Metadata, run int64, c dataflow.TableChange) bool {
	switch {
	case c.Change == dataflow.ChangePublish || c.Change == dataflow.ChangeKeep:
		return m.Ref(tag(run)) != nil
	case c.Ticket != nil:
		return m.Ref(branch(run)) == nil
	}
	return m.Ref(enginetest.MainBranch) == nil
}

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// ticketsStand: a run's branch is made by the run's owner, before the decision, once, and goes only with the publish or when the run is abandoned.
func ticketsStand(o *oracle, _ *world, d delta) *violation {
	const name = "tickets stand"
	for _, p := range d.tables {
		if p.was == nil || p.now == nil {
			continue
		}
		for ref, now := range p.now.Refs {
			run, staging := runOfRef(ref)
			if !staging || p.was.Ref(ref) != nil && *p.was.Ref(ref) == now.Snapshot {
				continue
			}
			switch {
			case p.was.Ref(ref) != nil:
				return broken(name, "table %s: %s has moved", p.id(), ref)
			case o.decisions[run].Outcome == dataflow.OutcomePublish:
				return broken(name, "table %s: %s comes after the decision", p.id(), ref)
			case d.actor == nil || d.actor.run != run:
				return broken(name, "table %s: %s is made by %s, who does not own the run", p.id(), ref, who(d.actor))
			}
		}
		for ref := range p.was.Refs {
			run, staging := runOfRef(ref)
			if staging && p.now.Ref(ref) == nil && run != d.publishing && !o.abandoned(run) {
				return broken(name, "table %s: %s is gone by %s, and run %d is neither published nor abandoned", p.id(), ref, who(d.actor), run)
			}
		}
	}
	return nil
}

// retentionFollows: a tag goes only when the decision of a run that is being published lets it go, and is gone when that run is finished.
func retentionFollows(o *oracle, _ *world, d delta) *violation {
	const name = "retention follows the decision"
	for _, p := range d.tables {
		if p.was == nil || p.now == nil {
			continue
		}
		for ref := range p.was.Refs {
			run, staging := runOfRef(ref)
			if run == 0 || staging || p.now.Ref(ref) != nil {
				continue
			}
			if d.publishing == 0 || !slices.Contains(o.decisions[d.publishing].LetGo, run) {
				return broken(name, "table %s: %s is gone, and run %d does not let it go", p.id(), ref, d.publishing)
			}
		}
	}
	for _, finished := range d.finished {
		for _, m := range d.now.tables {
			for _, run := range o.decisions[finished].LetGo {
				if m.Ref(tag(run)) != nil {
					return broken(name, "run %d is finished, and table %s has tag %s", finished, m.ID, tag(run))
				}
			}
		}
	}
	return nil
}

// foreignSeen: a foreign snapshot that a run took off main is named by the decision, or by the finished run.
func foreignSeen(o *oracle, _ *world, d delta) *violation {
	if d.foreign == 0 {
		for _, p := range d.tables {
			if p.was == nil {
				continue
			}
			was := p.was.Ref(enginetest.MainBranch)
			if was != nil && o.foreign[*was] != "" && (p.now == nil || !same(was, p.now.Ref(enginetest.MainBranch))) {
				o.replaced[*was] = d.publishing
			}
		}
	}
	for _, run := range d.finished {
		named := map[int64]bool{}
		for _, t := range o.finished[run].Tables {
			for _, s := range []*int64{t.Before, t.Replaced} {
				if s != nil {
					named[*s] = true
				}
			}
		}
		for snapshot, by := range o.replaced {
			// What a drop takes goes with the table: whoever recovers it can't know.
			if _, there := d.now.tables[o.foreign[snapshot]]; there && by == run && !named[snapshot] {
				return broken("no foreign commit overwritten unseen", "run %d took snapshot %d off main and does not say so", run, snapshot)
			}
		}
	}
	return nil
}

// liveFilesStay: every snapshot that a branch or a tag is on has its data files; the branches of abandoned runs are nobody's.
func liveFilesStay(o *oracle, _ *world, d delta) *violation {
	if !d.files && len(d.tables) == 0 {
		return nil
	}
	for _, m := range d.now.tables {
		for name, ref := range m.Refs {
			if run, staging := runOfRef(name); staging && o.abandoned(run) {
				continue
			}
			for _, file := range m.Snapshots[ref.Snapshot].Files {
				if !d.now.files[file] {
					return broken("live files stay", "table %s at %s has lost %s (by %s)", m.ID, name, file, who(d.actor))
				}
			}
		}
	}
	return nil
}

// keptReadable: the newest retain_runs completed imports, the current and the pinned one can be read, and are what they imported.
// The records say exactly these.
func keptReadable(o *oracle, w *world, d delta) *violation {
	const name = "kept readable"
	for _, run := range d.decided {
		if decision := o.decisions[run]; decision.Outcome == dataflow.OutcomePublish && o.started[run].Kind != dataflow.KindRemoval {
			all := append(slices.Clone(o.standings[run-1].kept), run)
			kept := o.wouldStand(run).kept
			gone := slices.DeleteFunc(all, func(k int64) bool { return slices.Contains(kept, k) })
			if !slices.Equal(gone, decision.LetGo) {
				return broken(name, "run %d lets %v go; what may go is %v", run, decision.LetGo, gone)
			}
		}
	}
	for _, run := range d.finished {
		stands, says := o.standings[run], o.finished[run].Standing
		said := slices.Sorted(slices.Values(append(slices.Clone(says.Retained), says.Rollbacks...)))
		if !slices.Equal(said, stands.kept) {
			return broken(name, "run %d says that %v are kept; it is %v", run, said, stands.kept)
		}
		if says.CurrentRun == nil && stands.current != 0 || says.CurrentRun != nil && *says.CurrentRun != stands.current {
			return broken(name, "run %d says another current run than %d", run, stands.current)
		}
	}
	kept := o.stood().kept
	if run := o.publishing(); run != 0 {
		stays := o.wouldStand(run).kept
		kept = slices.DeleteFunc(slices.Clone(kept), func(k int64) bool { return !slices.Contains(stays, k) })
	}
	for _, run := range kept {
		if wrong := o.unreadable(w, d.now, run, tag(run)); wrong != "" {
			return broken(name, "run %d, which is kept: %s", run, wrong)
		}
	}
	return nil
}

// unreadable says which table of a run is at this ref not what was imported; empty: none.
func (o *oracle) unreadable(w *world, now look, run int64, ref string) string {
	source := o.importOf(run)
	d := o.started[source].Definition
	for key := range d.Tables {
		id := d.TableID(key)
		m := now.table(id)
		if m == nil {
			return fmt.Sprintf("table %s is not there", id)
		}
		at := m.Ref(ref)
		if at == nil {
			return fmt.Sprintf("table %s has no %s", id, ref)
		}
		if wrong := o.differs(w, *m, *at, source, key); wrong != "" {
			return fmt.Sprintf("table %s: %s", id, wrong)
		}
	}
	return ""
}

// differs says how a snapshot differs from what the import read; empty: not at all.
func (o *oracle) differs(w *world, m enginetest.Metadata, snapshot, run int64, key string) string {
	c := check{m.UUID, snapshot, run}
	if o.verified[c] {
		return ""
	}
	records, err := w.catalog.Records(m, snapshot)
	if err != nil {
		return err.Error()
	}
	read := o.read[run][key]
	if len(records) != len(read.rows) {
		return fmt.Sprintf("it has %d rows; run %d read %d", len(records), run, len(read.rows))
	}
	for _, record := range records {
		id, _ := record["id"].(string)
		if !reflect.DeepEqual(map[string]any(record), read.rows[id]) {
			return fmt.Sprintf("row %q is not what run %d read", id, run)
		}
	}
	schema := m.Schemas[m.Snapshots[snapshot].SchemaID]
	for _, column := range read.columns {
		if schema.Index(column) < 0 {
			return fmt.Sprintf("it has no column %q", column)
		}
	}
	o.verified[c] = true
	return ""
}

// together: where the catalog has transactions, readers see all tables of the run that is published or none.
func together(o *oracle, w *world, d delta) *violation {
	run := o.publishing()
	if run == 0 || !w.catalog.HasTransactions() {
		return nil
	}
	var done, open []string
	for _, c := range o.decisions[run].Tables {
		m, there := d.now.tables[c.UUID]
		switch {
		case !there || c.Ticket == nil: // dropped after it was hidden, or never to be seen
		case m.Ref(branch(run)) == nil:
			done = append(done, c.Name)
		default:
			open = append(open, c.Name)
		}
	}
	if len(done) > 0 && len(open) > 0 {
		return broken("together", "of run %d %v can be seen, and %v can't", run, done, open)
	}
	return nil
}

// oneRun: when the newest run is finished, every table shows what the current import read, and no other table shows anything.
func oneRun(o *oracle, w *world, d delta) *violation {
	const name = "one run"
	if !o.atRest() || o.newest == 0 {
		return nil
	}
	stands := o.standings[o.newest]
	shown := map[string]bool{}
	if stands.current != 0 {
		definition := o.started[stands.current].Definition
		for key := range definition.Tables {
			id := definition.TableID(key)
			m := d.now.table(id)
			if m == nil {
				return broken(name, "table %s is not there", id)
			}
			shown[m.UUID] = true
			at, main := m.Ref(tag(stands.tagged)), m.Ref(enginetest.MainBranch)
			switch {
			case at == nil:
				return broken(name, "table %s has no tag of run %d", id, stands.tagged)
			case main == nil:
				return broken(name, "table %s has no main", id)
			case o.foreign[*main] != "":
				continue
			case *main != *at:
				return broken(name, "main of table %s is not at run %d", id, stands.tagged)
			case !reflect.DeepEqual(m.Schemas[m.CurrentSchema], m.Schemas[m.Snapshots[*main].SchemaID]):
				return broken(name, "the schema of table %s is not that of its main", id)
			}
			if wrong := o.differs(w, *m, *main, stands.current, key); wrong != "" {
				return broken(name, "table %s: %s", id, wrong)
			}
		}
	}
	for uuid, m := range d.now.tables {
		if main := m.Ref(enginetest.MainBranch); !shown[uuid] && main != nil && o.foreign[*main] == "" {
			return broken(name, "table %s is no table of run %d and has a main", m.ID, stands.current)
		}
	}
	return nil
}

// definitionStands: while nothing is published, the dataflow's record is that of its last completed import, or removed by its last run.
func definitionStands(o *oracle, w *world, d delta) *violation {
	const name = "definition stands"
	if o.publishing() != 0 || o.newest == 0 || !d.defined && len(d.finished) == 0 {
		return nil
	}
	record, err := w.ledger().Dataflow(context.Background(), flow)
	if err != nil {
		return broken(name, "%v", err)
	}
	for run := o.newest; run > 0; run-- {
		started, finished := o.started[run], o.finished[run]
		if finished.Status != dataflow.StatusCompleted || started.Kind == dataflow.KindRollback || started.UID != record.UID {
			continue
		}
		switch {
		case started.Kind == dataflow.KindRemoval && record.Phase != dataflow.PhaseRemoved:
			return broken(name, "run %d removed the dataflow, and its record is %s", run, record.Phase)
		case started.Kind == dataflow.KindImport && record.Phase != dataflow.PhaseCreated:
			return broken(name, "run %d imported the dataflow, and its record is %s", run, record.Phase)
		case started.Kind == dataflow.KindImport && !reflect.DeepEqual(record.Definition, started.Definition):
			return broken(name, "the record's definition is not that of run %d", run)
		}
		return nil
	}
	return nil
}

// ended holds what must be when a process has come to its end by itself.
func (o *oracle) ended(_ *world, p *process) *violation {
	switch {
	case p.panic != "":
		return broken("no panic", "%s: %s", p.id, p.panic)
	case p.endless:
		return broken("goes on", "%s comes to no end", p.id)
	case p.isDead() || p.err == nil || p.lost.Load():
		return nil
	}
	if _, finished := o.finished[p.run]; p.run != 0 && !finished {
		return broken("goes on", "%s leaves run %d unfinished: %v", p.id, p.run, p.err)
	}
	if failure, ok := errors.AsType[*engine.RunError](p.err); ok {
		decision := o.decisions[failure.Run.Run]
		if decision.By == p.id && !dataflow.IsCode(p.err, dataflow.CodeGuard) {
			return broken("goes on", "%s fails for no reason of its own: %v", p.id, p.err)
		}
		return nil
	}
	switch dataflow.CodeOf(p.err) { //nolint:exhaustive // every other code is a fault
	case dataflow.CodeNotFound, dataflow.CodeForeign, dataflow.CodeExists: // it was planned for a dataflow, or to a run, that is not there any more
		return nil
	}
	return broken("goes on", "%s fails: %v", p.id, p.err)
}

// clean holds what must be when a fresh process has been through, alone: nothing of an abandoned run is left, and nothing that is nobody's.
func (o *oracle) clean(w *world) *violation {
	const name = "recovers alone"
	now := lookAt(w)
	held := map[string]bool{}
	for _, m := range now.tables {
		for ref, at := range m.Refs {
			if run, staging := runOfRef(ref); staging {
				return broken(name, "table %s: %s is left (run %d abandoned: %t)", m.ID, ref, run, o.abandoned(run))
			}
			for _, file := range m.Snapshots[at.Snapshot].Files {
				held[file] = true
			}
		}
	}
	for file := range now.files {
		if !held[file] && !o.isLostAtDeath(w, now, file) {
			return broken(name, "data file %s is nobody's", file)
		}
	}
	if last := o.finished[o.newest]; last.Owner.ID != "Fresh" || last.Status != dataflow.StatusCompleted {
		return broken(name, "the newest run is %d of %s, %s", o.newest, last.Owner.ID, last.Status)
	}
	return nil
}

// isLostAtDeath says whether a file is of an owner that was taken for dead, woke, wrote it below a table that had been dropped meanwhile,
// and died before it could delete it. That is known to nobody: the one thing that no later run finds.
func (o *oracle) isLostAtDeath(w *world, now look, file string) bool {
	run, late := o.late[file]
	for _, m := range now.tables {
		if strings.HasPrefix(file, m.Location+"/") {
			return false
		}
	}
	return late && slices.ContainsFunc(w.processes, func(p *process) bool { return p.run == run && p.isDead() })
}
