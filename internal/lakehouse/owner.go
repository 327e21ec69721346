package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The properties that say whose a table is and what it is. A database that this package made has the first two.
const (
	propertyWorkspace = "skypoint.workspace"
	propertyDataflow  = "skypoint.dataflow"
	propertyKey       = "skypoint.key"
	propertyFileName  = "skypoint.file-name"
	propertyPurpose   = "skypoint.purpose"
	propertyRun       = "skypoint.run"      // of a table: the run that made it; of a snapshot: the run that staged it
	propertyHidden    = "skypoint.hidden"   // the run that hid it
	propertyReplaced  = "skypoint.replaced" // "<run> <snapshot>": what the newest run to do so took from main though somebody else had put it there
	propertyProfile   = "skypoint.profile"  // of a snapshot: what is known of the source's rows (profile.go)
	propertyHashKey   = "skypoint.hash-key" // the fingerprint of the key that columns are hashed with
	propertyExpired   = "skypoint.expired"  // the manifest lists of the snapshots that the newest commit to do so took away, one a line
)

const (
	propertyColumn       = "skypoint.column."
	propertySourceSuffix = ".source"
)

// propertySource is where a table says what the source calls a column.
func propertySource(column string) string { return propertyColumn + column + propertySourceSuffix }

func (l *Lakehouse) owns(dataflowName string, properties iceberg.Properties) bool {
	return l.isOfWorkspace(properties) && dataflow.FoldName(properties[propertyDataflow]) == dataflow.FoldName(dataflowName)
}

// guard refuses what belongs to another dataflow or to nobody.
func (l *Lakehouse) guard(dataflowName, object, hint string, properties iceberg.Properties) error {
	if l.owns(dataflowName, properties) {
		return nil
	}
	owner, marked := properties[propertyDataflow]
	cause := fmt.Errorf("%s was not made by this workspace", object)
	switch {
	case marked && l.isOfWorkspace(properties):
		cause = fmt.Errorf("%s belongs to dataflow %q", object, owner)
	case marked:
		cause = fmt.Errorf("%s belongs to dataflow %q of another workspace", object, owner)
	}
	return &dataflow.Error{Code: dataflow.CodeForeign, Cause: cause, Hint: hint}
}

// guardDatabase refuses a database that is marked as another dataflow's. One that bears no mark was made by somebody who lets others in.
func (l *Lakehouse) guardDatabase(dataflowName, database string, properties iceberg.Properties) error {
	if _, marked := properties[propertyDataflow]; !marked {
		return nil
	}
	return l.guard(dataflowName, "database "+database, "A database belongs to one dataflow: choose another one.", properties)
}

// CheckDatabase refuses a database that the dataflow could not import into because it is another's, with dataflow.CodeForeign, and says whether it
// is open to all: there, and nobody's. It makes nothing. A database that is not there is free, and its first dataflow's.
func (l *Lakehouse) CheckDatabase(ctx context.Context, dataflowName, database string) (open bool, err error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	properties, err := c.LoadNamespaceProperties(ctx, table.Identifier{database})
	if errors.Is(err, catalog.ErrNoSuchNamespace) {
		return false, nil
	}
	if err != nil {
		return false, &dataflow.Error{Op: "load", Object: "database " + database, Cause: err}
	}
	_, marked := properties[propertyDataflow]
	return !marked, l.guardDatabase(dataflowName, database, properties)
}

func (l *Lakehouse) guardTable(dataflowName string, id dataflow.TableID, tbl *table.Table) error {
	return l.guard(dataflowName, object(id), "Choose another table_name or database.", tbl.Properties())
}

// loadOwn reads a table of the dataflow's, and refuses one of another's.
func (l *Lakehouse) loadOwn(ctx context.Context, c Catalog, dataflowName string, id dataflow.TableID) (*table.Table, error) {
	tbl, err := load(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return tbl, l.guardTable(dataflowName, id, tbl)
}

// useDatabase makes the database when it is not there, and refuses one that is marked as another dataflow's.
func (l *Lakehouse) useDatabase(ctx context.Context, c Catalog, dataflowName, database string) error {
	failed := func(op string, err error) error {
		return &dataflow.Error{Op: op, Object: "database " + database, Cause: err}
	}
	name := table.Identifier{database}
	err := c.CreateNamespace(ctx, name, l.marks(dataflowName))
	if err == nil {
		return nil
	}
	if !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		return failed("create", err)
	}
	properties, err := c.LoadNamespaceProperties(ctx, name)
	if err != nil {
		return failed("load", err)
	}
	return l.guardDatabase(dataflowName, database, properties)
}

// ensure makes the table, empty, when it is not there, and refuses one that the run may not write to. Of several processes that make it at once one wins and the others load it.
func (l *Lakehouse) ensure(ctx context.Context, c Catalog, req dataflow.StageRequest) error {
	tbl, err := l.claim(ctx, c, req)
	for attempt := 1; attempt < publishAttempts && isDropped(err); attempt++ {
		if err := pause(ctx, attempt); err != nil {
			return err
		}
		tbl, err = l.claim(ctx, c, req)
	}
	if err != nil {
		return err
	}
	if err := l.guardTable(req.Dataflow, req.ID, tbl); err != nil {
		return err
	}
	if err := guardRun(req.Run, req.ID, tbl); err != nil {
		return err
	}
	return guardKey(req, tbl)
}

// claim tries once.
func (l *Lakehouse) claim(ctx context.Context, c Catalog, req dataflow.StageRequest) (*table.Table, error) {
	if err := l.useDatabase(ctx, c, req.Dataflow, req.ID.Database); err != nil {
		return nil, err
	}
	tbl, err := load(ctx, c, req.ID)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		tbl, err = l.restore(ctx, c, req.Dataflow, req.ID, req.MetadataLocation)
	}
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return l.create(ctx, c, req)
	}
	return tbl, err
}

// isDropped says whether a table could not be made because a drop that comes late took the database, or its folder, while it was still empty.
func isDropped(err error) bool {
	return errors.Is(err, catalog.ErrNoSuchNamespace) || errors.Is(err, fs.ErrNotExist) && !dataflow.IsCode(err, dataflow.CodeCorrupt)
}

// guardRun refuses a run when the table has its tag already, or a trace of a newer run: the workspace has lost the records of its newest runs, and
// gives their numbers again. The table would take the run for published, and keep the lost run's rows.
func guardRun(run int64, id dataflow.TableID, tbl *table.Table) error {
	newest := newestRun(tbl.Metadata())
	if newest < run || newest == run && refOf(tbl.Metadata(), RunTag(run)) == nil {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodeCorrupt, Object: object(id), Cause: fmt.Errorf("it has run %d already, and the workspace has lost the record of that", newest),
		Hint: "Restore the dataflow's folder from a copy of the workspace. Without a copy give the dataflow another database: its tables are made anew there.",
	}
}

// newestRun is the newest run that has left a trace on the table: a tag, a branch, or that it hid it.
func newestRun(meta table.Metadata) int64 {
	newest, err := strconv.ParseInt(meta.Properties()[propertyHidden], 10, 64)
	if err != nil {
		newest = 0
	}
	for name := range meta.Refs() {
		if run, ok := runOfTag(strings.TrimSuffix(name, stagingSuffix)); ok {
			newest = max(newest, run)
		}
	}
	return newest
}

// guardKey refuses a table that was made for another table of the source. It keeps the columns and rows of that, also while it is hidden, and its
// rows have another key.
func guardKey(req dataflow.StageRequest, tbl *table.Table) error {
	key, marked := tbl.Properties()[propertyKey]
	if !marked || key == req.Table.Key {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodeInvalid, Object: object(req.ID), Cause: fmt.Errorf("it was made for %q and keeps the rows of earlier runs, also while it is hidden", key),
		Hint: fmt.Sprintf("Give %q another table_name.", req.Table.Key),
	}
}

func (l *Lakehouse) create(ctx context.Context, c Catalog, req dataflow.StageRequest) (*table.Table, error) {
	made, err := newLayout(req.Table.Schema)
	if err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "create", Object: object(req.ID), Cause: err}
	}
	properties := writeProperties()
	properties[table.PropertyFormatVersion] = "2"
	maps.Copy(properties, l.marks(req.Dataflow))
	properties[propertyKey] = req.Table.Key
	properties[propertyFileName] = req.Table.FileName
	properties[propertyPurpose] = string(req.Definition.Purpose)
	properties[propertyRun] = strconv.FormatInt(req.Run, 10)
	if req.Table.Description != "" {
		properties[propertyComment] = req.Table.Description
	}
	maps.Copy(properties, sources(made, req.Table.Schema))
	maps.Copy(properties, columnProperties(made, req.Table.Schema, nil))
	tbl, err := c.NewTable(ctx, req.ID, made.schema, newLocation(c, req.ID), properties)
	if errors.Is(err, catalog.ErrTableAlreadyExists) {
		return load(ctx, c, req.ID)
	}
	if err != nil {
		return nil, &dataflow.Error{Op: "create", Object: object(req.ID), Cause: err}
	}
	return tbl, nil
}

// newLocation is a folder that no table had before: what a dropped table left is never another's.
func newLocation(c Catalog, id dataflow.TableID) string {
	return c.Warehouse() + "/" + path.Join(id.Database, id.Name+"-"+uuid.NewString()[:8])
}

// sources gives the properties that say what the source calls each column.
func sources(to layout, source dataflow.Schema) iceberg.Properties {
	properties := iceberg.Properties{}
	for i, column := range source.Columns {
		if column.Source != "" {
			properties[propertySource(to.schema.Field(to.fields[i]).Name)] = column.Source
		}
	}
	return properties
}

// Owned lists the tables in these databases that belong to the dataflow, hidden and never published ones too, in the order of their names.
func (l *Lakehouse) Owned(ctx context.Context, dataflowName string, databases []string) ([]dataflow.TableState, error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var owned []dataflow.TableState
	for _, database := range slices.Compact(slices.Sorted(slices.Values(databases))) {
		err := eachTable(ctx, c, database, func(id dataflow.TableID, tbl *table.Table) {
			if l.owns(dataflowName, tbl.Properties()) {
				owned = append(owned, stateOf(id, tbl))
			}
		}, func(error) error { return nil }) // nobody can tell whose it is, and it must not keep others from theirs: Broken lists it
		if err != nil {
			return nil, err
		}
	}
	return owned, nil
}

// stateOf describes a table.
func stateOf(id dataflow.TableID, tbl *table.Table) dataflow.TableState {
	properties := tbl.Properties()
	return dataflow.TableState{
		ID: id, Key: properties[propertyKey], FileName: properties[propertyFileName], UUID: tbl.Metadata().TableUUID().String(),
		Hidden: tbl.CurrentSnapshot() == nil, Snapshot: refOf(tbl.Metadata(), mainBranch),
		Runs: taggedRuns(tbl.Metadata()), Trace: newestRun(tbl.Metadata()),
	}
}

// Find implements dataflow.Tables.
func (l *Lakehouse) Find(ctx context.Context, id dataflow.TableID) (dataflow.TableState, error) {
	tbl, err := l.find(ctx, id)
	if err != nil {
		return dataflow.TableState{}, err
	}
	return stateOf(id, tbl), nil
}

// taggedRuns lists the runs whose tags the table has, in order.
func taggedRuns(meta table.Metadata) []int64 {
	var runs []int64
	for name, ref := range meta.Refs() {
		if run, ok := runOfTag(name); ok && ref.SnapshotRefType == table.TagRef {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	return runs
}

// tablesOf lists a database's tables in order; none when there is no such database.
func tablesOf(ctx context.Context, c Catalog, database string) ([]string, error) {
	var names []string
	for ident, err := range c.ListTables(ctx, table.Identifier{database}) {
		if errors.Is(err, catalog.ErrNoSuchNamespace) {
			return nil, nil
		}
		if err != nil {
			return nil, &dataflow.Error{Op: "list tables", Object: "database " + database, Cause: err}
		}
		names = append(names, ident[len(ident)-1])
	}
	slices.Sort(names)
	return names, nil
}

// eachTable visits a database's tables in the order of their names; none when there is no such database. One whose metadata can't be read
// is broken's matter: what that returns ends the visit, nil leaves the table out.
func eachTable(ctx context.Context, c Catalog, database string, visit func(dataflow.TableID, *table.Table), broken func(error) error) error {
	names, err := tablesOf(ctx, c, database)
	if err != nil {
		return err
	}
	for _, name := range names {
		id := dataflow.TableID{Database: database, Name: name}
		tbl, err := load(ctx, c, id)
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			continue // dropped since it was listed
		}
		if dataflow.IsCode(err, dataflow.CodeFilesGone) {
			if err := broken(err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		visit(id, tbl)
	}
	return nil
}
