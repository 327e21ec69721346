package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ dataflow.Tables = (*Tables)(nil)

// The properties that mark whose a table or a namespace is.
const (
	propertyWorkspace = "skypoint.workspace"
	propertyDataflow  = "skypoint.dataflow"
	propertyKey       = "skypoint.key"
	propertyFileName  = "skypoint.file-name"
	propertyHidden    = "skypoint.hidden"
	propertyRun       = "skypoint.run"
	propertyReplaced  = "skypoint.replaced" // "<run> <snapshot>": what the newest run to do so took from main though somebody else had put it there
)

// Tables is dataflow.Tables for one process over a catalog that many may share.
type Tables struct {
	catalog   *Catalog
	workspace string
	hook      Hook
}

// NewTables makes the tables of a workspace, seen by one process.
func NewTables(catalog *Catalog, workspace string, hook Hook) *Tables {
	return &Tables{catalog: catalog, workspace: workspace, hook: hook}
}

func branchOf(run int64) string { return fmt.Sprintf("run_%d_staging", run) }
func tagOf(run int64) string    { return fmt.Sprintf("run_%d", run) }

// runOf is the run that a tag stands for; false for a tag of somebody else's.
func runOf(tag string) (int64, bool) {
	run, err := strconv.ParseInt(strings.TrimPrefix(tag, "run_"), 10, 64)
	return run, err == nil && run > 0 && tagOf(run) == tag
}

// dataPrefix begins the path of every data file that the run writes to the table at this location.
func dataPrefix(location string, run int64) string {
	return fmt.Sprintf("%s/data/%08x-", location, run)
}

// Stage implements dataflow.Tables.
func (t *Tables) Stage(ctx context.Context, req dataflow.StageRequest) (dataflow.Staging, error) {
	m, err := t.claim(ctx, req)
	for errors.Is(err, ErrNoNamespace) { // a removal that comes late has just dropped it
		m, err = t.claim(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	if err := m.guardRun(req.Run); err != nil {
		return nil, err
	}
	if key := m.Properties[propertyKey]; key != req.Table.Key {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Object: "table " + req.ID.String(), Cause: fmt.Errorf("it was made for %q", key)}
	}
	return &staging{tables: t, req: req, rows: map[string]Record{}}, nil
}

// claim makes the table with its namespace, or checks that the dataflow may use what is there.
func (t *Tables) claim(ctx context.Context, req dataflow.StageRequest) (Metadata, error) {
	if err := t.claimDatabase(ctx, req.Dataflow, req.ID.Database); err != nil {
		return Metadata{}, err
	}
	m, err := t.load(ctx, req.Dataflow, req.ID)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return t.create(ctx, req)
	}
	return m, err
}

// claimDatabase makes the namespace, or checks that the dataflow may use the one that is there.
func (t *Tables) claimDatabase(ctx context.Context, name, database string) error {
	if err := t.hook.read(ctx, "load namespace", database); err != nil {
		return err
	}
	if _, ok := t.catalog.Namespace(database); !ok {
		err := t.hook.write(ctx, "create namespace", database, func() error {
			return t.catalog.CreateNamespace(database, map[string]string{propertyWorkspace: t.workspace, propertyDataflow: name})
		})
		if err != nil && !errors.Is(err, ErrExists) {
			return err
		}
	}
	properties, _ := t.catalog.Namespace(database)
	if _, marked := properties[propertyDataflow]; marked && !t.owns(properties, name) {
		return foreign(fmt.Sprintf("database %s", database), properties)
	}
	return nil
}

func (t *Tables) create(ctx context.Context, req dataflow.StageRequest) (m Metadata, err error) {
	err = t.hook.write(ctx, "create table", req.ID.String(), func() (err error) {
		m, err = t.catalog.Create(req.ID, req.Table.Schema, map[string]string{
			propertyWorkspace: t.workspace, propertyDataflow: req.Dataflow,
			propertyKey: req.Table.Key, propertyFileName: req.Table.FileName, propertyRun: strconv.FormatInt(req.Run, 10),
		})
		return err
	})
	if errors.Is(err, ErrExists) { // somebody made it meanwhile: whose is it?
		return t.load(ctx, req.Dataflow, req.ID)
	}
	return m, err
}

// Columns implements dataflow.Tables. The fake's columns have the names that the source proposes.
func (*Tables) Columns(_ context.Context, _ string, _ dataflow.TableID, schema dataflow.Schema) (map[string]string, error) {
	names := map[string]string{}
	for _, column := range schema.Columns {
		if column.Source != "" {
			names[column.Source] = column.Name
		}
	}
	return names, nil
}

// Broken implements dataflow.Tables. The fake's files are never deleted behind its back.
func (*Tables) Broken(context.Context, []string) ([]dataflow.TableID, error) { return nil, nil }

// Discard implements dataflow.Tables.
func (*Tables) Discard(context.Context, dataflow.TableID, string) error { return nil }

// Intact implements dataflow.Tables.
func (*Tables) Intact(context.Context, dataflow.TableID, int64) error { return nil }

// Ticket implements dataflow.Tables.
func (t *Tables) Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error) {
	if !slices.Contains([]dataflow.Change{dataflow.ChangePublish, dataflow.ChangeHide, dataflow.ChangeDrop}, req.Change) {
		return dataflow.TableChange{}, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: "table " + req.ID.String(), Op: "make a ticket", Cause: fmt.Errorf("a change %q has none", req.Change),
		}
	}
	for {
		change, err := t.ticket(ctx, req)
		if errors.Is(err, ErrRefused) {
			continue // the table moved meanwhile: read again
		}
		return change, err
	}
}

// ticket tries once.
func (t *Tables) ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error) {
	m, err := t.load(ctx, req.Dataflow, req.ID)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	change := dataflow.TableChange{
		Key: req.Key, FileName: req.FileName, TableID: req.ID, Definition: req.Definition,
		UUID: m.UUID, Change: req.Change, Before: m.Ref(MainBranch), MetadataLocation: m.MetadataLocation,
	}
	branch := branchOf(req.Run)
	wanted := m.anySnapshot()
	if req.Change == dataflow.ChangePublish {
		if err := m.guardRun(req.Run); err != nil {
			return dataflow.TableChange{}, err
		}
		if wanted = m.Ref(tagOf(req.Target)); wanted == nil {
			return dataflow.TableChange{}, &dataflow.Error{
				Code: dataflow.CodeNotFound, Object: "table " + req.ID.String(), Op: "roll back",
				Cause: fmt.Errorf("run %d is not kept", req.Target),
			}
		}
		if has := m.Ref(branch); has != nil && *has != *wanted {
			return dataflow.TableChange{}, alreadyStaged(req.ID, req.Run)
		}
		schema := m.Snapshots[*wanted].SchemaID
		change.After, change.SchemaID = wanted, &schema
		if change.RowsBefore, err = t.count(m, change.Before); err != nil {
			return dataflow.TableChange{}, err
		}
		if change.Counts.Read, err = t.count(m, wanted); err != nil {
			return dataflow.TableChange{}, err
		}
	}
	change.Ticket = m.Ref(branch)
	if wanted == nil || change.Ticket != nil {
		return change, nil // never published: there is nothing that a late process could undo; or asked for twice
	}
	m, err = t.commit(ctx, "ticket", req.ID,
		[]Requirement{AssertUUID(m.UUID), AssertRef(branch, nil), AssertRef(MainBranch, change.Before)},
		[]Update{SetRef(branch, Ref{Snapshot: *wanted})})
	if err != nil {
		return dataflow.TableChange{}, err
	}
	change.Ticket, change.MetadataLocation = wanted, m.MetadataLocation
	return change, nil
}

// guardRun refuses a run that the table has already, or a newer one of which it has a trace: no process that has the run's turn meets these.
func (m Metadata) guardRun(run int64) error {
	newest := m.newestRun()
	if newest < run || newest == run && m.Ref(tagOf(run)) == nil {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodeCorrupt, Object: "table " + m.ID.String(), Cause: fmt.Errorf("it has run %d already", newest),
	}
}

// anySnapshot is main's, else the newest one: a ticket only has to be on something that stays. nil: the table has none.
func (m Metadata) anySnapshot() *int64 {
	if main := m.Ref(MainBranch); main != nil || len(m.Snapshots) == 0 {
		return main
	}
	newest := slices.Max(slices.Collect(maps.Keys(m.Snapshots)))
	return &newest
}

// alreadyStaged refuses what a run has done already.
func alreadyStaged(id dataflow.TableID, run int64) error {
	return &dataflow.Error{
		Code: dataflow.CodeExists, Object: "table " + id.String(), Op: "stage", Cause: fmt.Errorf("run %d has staged it already", run),
	}
}

// count gives the number of rows of a snapshot; nil: none.
func (t *Tables) count(m Metadata, snapshot *int64) (int64, error) {
	if snapshot == nil {
		return 0, nil
	}
	records, err := t.catalog.Records(m, *snapshot)
	return int64(len(records)), err
}

// PublishTogether implements dataflow.Tables.
func (t *Tables) PublishTogether(ctx context.Context, name string, run int64, changes []dataflow.TableChange) error {
	if !t.catalog.HasTransactions() {
		return nil
	}
	for {
		commits, err := t.commitsOf(ctx, name, run, changes)
		if err != nil || len(commits) < 2 {
			return err
		}
		err = t.hook.write(ctx, "commit together", name, func() error { return t.catalog.CommitAll(commits) })
		if !errors.Is(err, ErrRefused) && !errors.Is(err, ErrNoTable) {
			return err
		}
	}
}

// commitsOf gives the commits that are still to be made.
func (t *Tables) commitsOf(ctx context.Context, name string, run int64, changes []dataflow.TableChange) ([]Commit, error) {
	var commits []Commit
	for _, change := range changes {
		m, err := t.mine(ctx, name, change)
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound):
			continue
		case err != nil:
			return nil, err
		case isDone(m, run, change):
			continue
		case change.Ticket != nil && !same(m.Ref(branchOf(run)), change.Ticket):
			return nil, ticketGone(run, change)
		}
		var replaced *int64
		if main := m.Ref(MainBranch); !same(main, change.Before) {
			replaced = main
		}
		requirements, updates := commitOf(m, run, change, replaced)
		commits = append(commits, Commit{change.TableID, requirements, updates})
	}
	return commits, nil
}

func ticketGone(run int64, change dataflow.TableChange) error {
	return &dataflow.Error{
		Code: dataflow.CodeAbandoned, Object: "table " + change.TableID.String(), Op: "publish", Cause: fmt.Errorf("the ticket of run %d is gone", run),
	}
}

// Publish implements dataflow.Tables.
func (t *Tables) Publish(
	ctx context.Context, name string, run int64, change dataflow.TableChange,
) (dataflow.TableResult, error) {
	for {
		result, err := t.publish(ctx, name, run, change)
		if errors.Is(err, ErrRefused) {
			continue // the table moved meanwhile: read again
		}
		return result, err
	}
}

// publish tries once. The commit asserts all that it is decided by.
func (t *Tables) publish(
	ctx context.Context, name string, run int64, change dataflow.TableChange,
) (dataflow.TableResult, error) {
	result := dataflow.TableResult{TableChange: change}
	if err := possible(change); err != nil {
		return result, err
	}
	m, err := t.mine(ctx, name, change)
	if change.Change == dataflow.ChangeDrop && dataflow.IsCode(err, dataflow.CodeNotFound) {
		return result, t.deleteFiles(ctx, name, change)
	}
	if err != nil {
		return result, err
	}
	if isDone(m, run, change) {
		result.Replaced = m.replacedBy(run)
	} else {
		if change.Ticket != nil && !same(m.Ref(branchOf(run)), change.Ticket) {
			return result, ticketGone(run, change)
		}
		if main := m.Ref(MainBranch); !same(main, change.Before) {
			result.Replaced = main
		}
		requirements, updates := commitOf(m, run, change, result.Replaced)
		if m, err = t.commit(ctx, string(change.Change), change.TableID, requirements, updates); err != nil {
			return result, err
		}
	}
	switch {
	case change.Change != dataflow.ChangeDrop:
		result.PublishedMetadataLocation = m.MetadataLocation
	case isDroppable(m, run, change):
		return result, t.drop(ctx, name, m, change)
	}
	return result, nil
}

// possible refuses a change that no run can have decided.
func possible(change dataflow.TableChange) error {
	var cause error
	switch change.Change {
	case dataflow.ChangePublish, dataflow.ChangeKeep:
		if change.After == nil || change.Ticket == nil {
			cause = errors.New("the decision names no snapshot")
		}
	case dataflow.ChangeHide, dataflow.ChangeDrop:
	default:
		cause = fmt.Errorf("there is no change %q", change.Change)
	}
	if cause == nil {
		return nil
	}
	return &dataflow.Error{Code: dataflow.CodeCorrupt, Object: "table " + change.TableID.String(), Op: "publish", Cause: cause}
}

// mine loads the table of a change: not found when it is gone or another one has its name, whoever's that is.
func (t *Tables) mine(ctx context.Context, name string, change dataflow.TableChange) (Metadata, error) {
	m, err := t.load(ctx, name, change.TableID)
	if m.UUID != "" && m.UUID != change.UUID {
		return m, &dataflow.Error{
			Code: dataflow.CodeNotFound, Object: "table " + change.TableID.String(), Op: "load", Cause: errors.New("another table has this name now"),
		}
	}
	return m, err
}

// isDone says whether there is nothing to commit for the change any more: the tag is there, or, where there is none, the ticket is used.
func isDone(m Metadata, run int64, change dataflow.TableChange) bool {
	switch change.Change {
	case dataflow.ChangeHide, dataflow.ChangeDrop:
		return change.Ticket == nil || !same(m.Ref(branchOf(run)), change.Ticket)
	case dataflow.ChangePublish, dataflow.ChangeKeep:
	}
	return m.Ref(tagOf(run)) != nil
}

// isDroppable says whether the table still is as this run's decision left it: hidden by it, or never published when it has no ticket.
func isDroppable(m Metadata, run int64, change dataflow.TableChange) bool {
	if change.Ticket == nil {
		return m.isOnlyStaged(run)
	}
	return m.Ref(MainBranch) == nil && m.Properties[propertyHidden] == strconv.FormatInt(run, 10)
}

// isOnlyStaged says whether nothing is on the table but what earlier runs have staged: their owners come late, and find their runs abandoned.
func (m Metadata) isOnlyStaged(before int64) bool {
	for name := range m.Refs {
		tag, isBranch := strings.CutSuffix(name, "_staging")
		if run, ok := runOf(tag); !ok || !isBranch || run >= before {
			return false
		}
	}
	return true
}

// newestRun is the newest run that has left a trace on the table: a tag, a branch, or that it hid it.
func (m Metadata) newestRun() int64 {
	newest, _ := strconv.ParseInt(m.Properties[propertyHidden], 10, 64)
	for name := range m.Refs {
		if run, ok := runOf(strings.TrimSuffix(name, "_staging")); ok {
			newest = max(newest, run)
		}
	}
	return newest
}

// replacedBy gives the snapshot of somebody else's that the run has taken from main.
func (m Metadata) replacedBy(run int64) *int64 {
	var by, snapshot int64
	if _, err := fmt.Sscan(m.Properties[propertyReplaced], &by, &snapshot); err != nil || by != run {
		return nil
	}
	return &snapshot
}

// commitOf gives the commit of a change.
func commitOf(m Metadata, run int64, change dataflow.TableChange, replaced *int64) ([]Requirement, []Update) {
	branch, tag := branchOf(run), tagOf(run)
	requirements := []Requirement{AssertUUID(change.UUID), AssertRef(tag, nil), AssertRef(MainBranch, m.Ref(MainBranch))}
	if change.Ticket != nil {
		requirements = append(requirements, AssertRef(branch, change.Ticket))
	}
	var updates []Update
	switch change.Change {
	case dataflow.ChangePublish, dataflow.ChangeKeep:
		if change.SchemaID != nil {
			updates = append(updates, SetCurrentSchema(*change.SchemaID))
		}
		updates = append(updates,
			SetRef(MainBranch, Ref{Snapshot: *change.After}), SetRef(tag, Ref{Snapshot: *change.After, Tag: true}),
			SetProperty(propertyHidden, ""))
	case dataflow.ChangeHide, dataflow.ChangeDrop:
		updates = append(updates, RemoveRef(MainBranch), SetProperty(propertyHidden, strconv.FormatInt(run, 10)))
	}
	if replaced != nil {
		updates = append(updates, SetProperty(propertyReplaced, fmt.Sprint(run, " ", *replaced)))
	}
	return requirements, append(updates, RemoveRef(branch))
}

// drop removes the entry of a table that its first commit has hidden, then the files.
func (t *Tables) drop(ctx context.Context, name string, m Metadata, change dataflow.TableChange) error {
	err := t.hook.write(ctx, "drop table", change.TableID.String(), func() error {
		return t.catalog.Drop(change.TableID, m.MetadataLocation)
	})
	if err != nil && !errors.Is(err, ErrNoTable) {
		return err
	}
	return t.deleteFiles(ctx, name, change)
}

// deleteFiles deletes what lies under the location of this very table, then the database if it was made for the dataflow and is empty.
func (t *Tables) deleteFiles(ctx context.Context, name string, change dataflow.TableChange) error {
	for _, path := range t.catalog.Files(location(change.TableID, change.UUID) + "/") {
		if err := t.deleteFile(ctx, path); err != nil {
			return err
		}
	}
	properties, ok := t.catalog.Namespace(change.Database)
	if !ok || !t.owns(properties, name) || len(t.catalog.Tables(change.Database)) > 0 {
		return nil
	}
	return t.hook.write(ctx, "drop namespace", change.Database, func() error {
		t.catalog.DropNamespace(change.Database)
		return nil
	})
}

func (t *Tables) deleteFile(ctx context.Context, path string) error {
	return t.hook.write(ctx, "delete file", path, func() error {
		t.catalog.DeleteFile(path)
		return nil
	})
}

// Sweep implements dataflow.Tables. A table that can't be swept does not keep the others from it.
func (t *Tables) Sweep(ctx context.Context, name string, run int64, tables []dataflow.TableID) error {
	var failed []error
	for _, id := range tables {
		if err := t.sweep(ctx, name, run, id); err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			failed = append(failed, fmt.Errorf("table %s: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

func (t *Tables) sweep(ctx context.Context, name string, run int64, id dataflow.TableID) error {
	m, err := t.load(ctx, name, id)
	if err != nil {
		return err
	}
	branch := branchOf(run)
	for ticket := m.Ref(branch); ticket != nil; ticket = m.Ref(branch) {
		updates := []Update{RemoveRef(branch)}
		if m.Snapshots[*ticket].Run == run && onlyRef(m, branch) {
			updates = append(updates, RemoveSnapshot(*ticket))
		}
		m, err = t.commit(ctx, "sweep", id, []Requirement{AssertUUID(m.UUID), AssertRef(branch, ticket)}, updates)
		if errors.Is(err, ErrRefused) {
			m, err = t.load(ctx, name, id)
		}
		if err != nil {
			return err
		}
	}
	for _, path := range t.catalog.Files(dataPrefix(m.Location, run)) {
		if m.holds(path) {
			continue
		}
		if err := t.deleteFile(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// Retain implements dataflow.Tables.
func (t *Tables) Retain(ctx context.Context, name string, run int64, tables []dataflow.TableID, letGo []int64) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	for _, id := range tables {
		at, err := t.retain(ctx, name, run, id, letGo)
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", id, err)
		}
		where[id] = at
	}
	return where, nil
}

func (t *Tables) retain(ctx context.Context, name string, run int64, id dataflow.TableID, letGo []int64) (string, error) {
	for {
		m, err := t.load(ctx, name, id)
		if err != nil {
			return "", err
		}
		requirements, updates := []Requirement{AssertUUID(m.UUID)}, []Update{}
		held := map[int64]bool{}
		for name, ref := range m.Refs {
			requirements = append(requirements, AssertRef(name, &ref.Snapshot))
			if ref.Tag && slices.ContainsFunc(letGo, func(run int64) bool { return tagOf(run) == name }) {
				updates = append(updates, RemoveRef(name))
			} else {
				held[ref.Snapshot] = true
			}
		}
		if len(updates) > 0 { // else there is nothing to let go, or it is done
			for snapshot := range m.Snapshots {
				if !held[snapshot] {
					updates = append(updates, RemoveSnapshot(snapshot))
				}
			}
			m, err = t.commit(ctx, "retain", id, requirements, updates)
			if errors.Is(err, ErrRefused) {
				continue
			}
			if err != nil {
				return "", err
			}
		}
		for by := int64(1); by <= run; by++ {
			for _, path := range t.catalog.Files(dataPrefix(m.Location, by)) {
				if !m.holds(path) {
					if err := t.deleteFile(ctx, path); err != nil {
						return "", err
					}
				}
			}
		}
		return m.MetadataLocation, nil
	}
}

// runs lists the runs whose tags the table has, in order.
func (m Metadata) runs() []int64 {
	var runs []int64
	for name, ref := range m.Refs {
		if run, ok := runOf(name); ok && ref.Tag {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	return runs
}

// onlyRef says whether no other ref is on the snapshot that this one is on.
func onlyRef(m Metadata, name string) bool {
	for other, ref := range m.Refs {
		if other != name && ref.Snapshot == m.Refs[name].Snapshot {
			return false
		}
	}
	return true
}

// holds says whether any snapshot has the data file.
func (m Metadata) holds(path string) bool {
	for _, s := range m.Snapshots {
		if slices.Contains(s.Files, path) {
			return true
		}
	}
	return false
}

// Owned implements dataflow.Tables.
func (t *Tables) Owned(ctx context.Context, name string, databases []string) ([]dataflow.TableState, error) {
	var owned []dataflow.TableState
	for _, database := range slices.Compact(slices.Sorted(slices.Values(databases))) {
		if err := t.hook.read(ctx, "list tables", database); err != nil {
			return nil, err
		}
		for _, id := range t.catalog.Tables(database) {
			m, err := t.load(ctx, name, id)
			if dataflow.IsCode(err, dataflow.CodeForeign) || dataflow.IsCode(err, dataflow.CodeNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			owned = append(owned, m.state())
		}
	}
	return owned, nil
}

func (m Metadata) state() dataflow.TableState {
	return dataflow.TableState{
		ID: m.ID, Key: m.Properties[propertyKey], FileName: m.Properties[propertyFileName],
		UUID: m.UUID, Hidden: m.Ref(MainBranch) == nil, Snapshot: m.Ref(MainBranch), Runs: m.runs(), Trace: m.newestRun(),
	}
}

// Find implements dataflow.Tables.
func (t *Tables) Find(ctx context.Context, id dataflow.TableID) (dataflow.TableState, error) {
	m, err := t.load(ctx, "", id)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeForeign) {
		return dataflow.TableState{}, err
	}
	return m.state(), nil
}

// Place implements dataflow.Tables.
func (t *Tables) Place() string { return t.catalog.Name }

// Where implements dataflow.Tables.
func (t *Tables) Where(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	if err := t.hook.read(ctx, "find tables", ""); err != nil {
		return nil, err
	}
	where := map[dataflow.TableID]string{}
	for _, id := range ids {
		if m, err := t.catalog.Load(id); err == nil {
			where[id] = m.MetadataLocation
		}
	}
	return where, nil
}

// ForgetRuns implements dataflow.Tables.
func (t *Tables) ForgetRuns(ctx context.Context, name string, id dataflow.TableID, lost func(context.Context) error) error {
	for {
		m, err := t.load(ctx, name, id)
		if err != nil {
			return err
		}
		requirements := []Requirement{AssertUUID(m.UUID)}
		updates := []Update{SetProperty(propertyHidden, ""), SetProperty(propertyReplaced, "")}
		for name, ref := range m.Refs {
			requirements = append(requirements, AssertRef(name, &ref.Snapshot))
			if _, ours := runOf(strings.TrimSuffix(name, "_staging")); ours {
				updates = append(updates, RemoveRef(name))
			}
		}
		if err := lost(ctx); err != nil {
			return err
		}
		if _, err = t.commit(ctx, "forget runs", id, requirements, updates); !errors.Is(err, ErrRefused) {
			return err
		}
	}
}

// load reads a table of the dataflow's own. It gives one that is not with the error that says so.
func (t *Tables) load(ctx context.Context, name string, id dataflow.TableID) (Metadata, error) {
	if err := t.hook.read(ctx, "load table", id.String()); err != nil {
		return Metadata{}, err
	}
	m, err := t.catalog.Load(id)
	if err != nil {
		return Metadata{}, &dataflow.Error{Code: dataflow.CodeNotFound, Object: "table " + id.String(), Op: "load", Cause: err}
	}
	if !t.owns(m.Properties, name) {
		return m, foreign("table "+id.String(), m.Properties)
	}
	return m, nil
}

func (t *Tables) commit(
	ctx context.Context, op string, id dataflow.TableID, requirements []Requirement, updates []Update,
) (m Metadata, err error) {
	err = t.hook.write(ctx, op, id.String(), func() error {
		m, err = t.catalog.Commit(id, requirements, updates)
		if errors.Is(err, ErrNoTable) {
			err = fmt.Errorf("%w: %w", ErrRefused, err) // it was there when it was read
		}
		return err
	})
	return m, err
}

func (t *Tables) owns(properties map[string]string, name string) bool {
	return properties[propertyWorkspace] == t.workspace && dataflow.FoldName(properties[propertyDataflow]) == dataflow.FoldName(name)
}

// foreign refuses what belongs to another dataflow, or to another workspace's, or to nobody known.
func foreign(object string, properties map[string]string) error {
	cause := errors.New("it was not made by this workspace")
	if owner := properties[propertyDataflow]; owner != "" {
		cause = fmt.Errorf("it belongs to dataflow %q", owner)
	}
	return &dataflow.Error{
		Code: dataflow.CodeForeign, Object: object, Cause: cause, Hint: "Choose another table_name or database.",
	}
}
