package enginetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// What a catalog refuses.
var (
	ErrNoNamespace = errors.New("the namespace does not exist")
	ErrNoTable     = errors.New("the table does not exist")
	ErrExists      = errors.New("it exists")
	ErrRefused     = errors.New("the commit was refused")
	errNoSnapshot  = errors.New("the table has no such snapshot")
)

// MainBranch is the branch that readers read.
const MainBranch = "main"

// Catalog is an Iceberg catalog in memory, with the data files of its tables. Many processes share one.
//
// A commit is atomic: all its requirements hold and all its updates are made, or nothing is.
// Source: https://iceberg.apache.org/spec/#snapshot-references
// and https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml (TableRequirement, TableUpdate).
type Catalog struct {
	Name string // what Tables.Place gives; it never changes

	transactions bool // several tables can change in one commit; it never changes

	mu         sync.Mutex
	namespaces map[string]map[string]string // properties
	tables     map[dataflow.TableID]Metadata
	files      map[string][]Record
	last       int64
}

// Record is a row in a data file: its values by column. A column that is not there is an absent value.
type Record map[string]any

// Metadata is a table as one commit left it. It is never changed: a commit makes another one.
type Metadata struct {
	ID               dataflow.TableID
	UUID             string
	Location         string
	MetadataLocation string // new with every commit
	Properties       map[string]string
	Schemas          []dataflow.Schema // a schema's id is its place here
	CurrentSchema    int
	Snapshots        map[int64]Snapshot
	Refs             map[string]Ref

	version int
}

// Snapshot is a state of a table's rows.
type Snapshot struct {
	SchemaID int
	Files    []string
	Run      int64             // the run that staged it; 0: somebody else made it
	Profile  *dataflow.Profile // nil: it has none
}

// Ref is a branch or a tag.
type Ref struct {
	Snapshot int64
	Tag      bool
}

// Ref gives the snapshot a branch or tag is on; nil: there is no such ref.
func (m Metadata) Ref(name string) *int64 {
	ref, ok := m.Refs[name]
	if !ok {
		return nil
	}
	return &ref.Snapshot
}

// NewCatalog makes an empty catalog.
func NewCatalog() *Catalog {
	return &Catalog{
		namespaces: map[string]map[string]string{},
		tables:     map[dataflow.TableID]Metadata{},
		files:      map[string][]Record{},
	}
}

// NewTransactionalCatalog makes an empty catalog that can change several tables in one commit.
func NewTransactionalCatalog() *Catalog {
	c := NewCatalog()
	c.transactions = true
	return c
}

// HasTransactions says whether several tables can change in one commit.
func (c *Catalog) HasTransactions() bool { return c.transactions }

// Requirement is what a commit asserts of the table as it is.
type Requirement func(Metadata) error

// AssertUUID requires that it is this table and not another of its name.
func AssertUUID(uuid string) Requirement {
	return func(m Metadata) error {
		if m.UUID != uuid {
			return errors.New("the uuid is another")
		}
		return nil
	}
}

// AssertRef requires that a ref is on the snapshot; nil: that it is not there.
func AssertRef(name string, snapshot *int64) Requirement {
	return func(m Metadata) error {
		if !same(m.Ref(name), snapshot) {
			return fmt.Errorf("ref %s is elsewhere", name)
		}
		return nil
	}
}

// AssertSchemas requires that nobody has added a schema: the next one gets the id that the commit counts on.
func AssertSchemas(count int) Requirement {
	return func(m Metadata) error {
		if len(m.Schemas) != count {
			return errors.New("somebody added a schema")
		}
		return nil
	}
}

// Update is what a commit changes.
type Update func(*Metadata) error

// AddSchema adds a schema and leaves the current one as it is.
func AddSchema(schema dataflow.Schema) Update {
	return func(m *Metadata) error {
		m.Schemas = append(slices.Clone(m.Schemas), schema)
		return nil
	}
}

// SetCurrentSchema makes a schema current.
func SetCurrentSchema(id int) Update {
	return func(m *Metadata) error {
		if id < 0 || id >= len(m.Schemas) {
			return errors.New("the table has no such schema")
		}
		m.CurrentSchema = id
		return nil
	}
}

// AddSnapshot adds a snapshot that no ref is on yet.
func AddSnapshot(id int64, snapshot Snapshot) Update {
	return func(m *Metadata) error {
		if _, ok := m.Snapshots[id]; ok {
			return ErrExists
		}
		m.Snapshots[id] = snapshot
		return nil
	}
}

// RemoveSnapshot removes a snapshot and every ref on it.
func RemoveSnapshot(id int64) Update {
	return func(m *Metadata) error {
		delete(m.Snapshots, id)
		maps.DeleteFunc(m.Refs, func(_ string, r Ref) bool { return r.Snapshot == id })
		return nil
	}
}

// SetRef puts a branch or tag on a snapshot.
func SetRef(name string, ref Ref) Update {
	return func(m *Metadata) error {
		if _, ok := m.Snapshots[ref.Snapshot]; !ok {
			return errNoSnapshot
		}
		m.Refs[name] = ref
		return nil
	}
}

// RemoveRef removes a ref. One that is not there is no error, as some catalogs have it:
// a commit that needs it to be there must assert that.
func RemoveRef(name string) Update {
	return func(m *Metadata) error {
		delete(m.Refs, name)
		return nil
	}
}

// SetProperty sets a property of the table; an empty value removes it.
func SetProperty(name, value string) Update {
	return func(m *Metadata) error {
		if value == "" {
			delete(m.Properties, name)
			return nil
		}
		m.Properties[name] = value
		return nil
	}
}

// Commit changes a table if it is what the requirements say. Else it fails with ErrRefused and changes nothing.
func (c *Catalog) Commit(id dataflow.TableID, requirements []Requirement, updates []Update) (Metadata, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, err := c.next(Commit{id, requirements, updates})
	if err != nil {
		return Metadata{}, err
	}
	return c.put(next), nil
}

// Commit is one change of a table.
type Commit struct {
	ID           dataflow.TableID
	Requirements []Requirement
	Updates      []Update
}

// CommitAll makes all of these commits, or none.
func (c *Catalog) CommitAll(commits []Commit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changed []Metadata
	for _, commit := range commits {
		next, err := c.next(commit)
		if err != nil {
			return err
		}
		changed = append(changed, next)
	}
	for _, next := range changed {
		c.put(next)
	}
	return nil
}

// next gives the table as it is after a commit.
func (c *Catalog) next(commit Commit) (Metadata, error) {
	now, ok := c.tables[commit.ID]
	if !ok {
		return Metadata{}, ErrNoTable
	}
	for _, holds := range commit.Requirements {
		if err := holds(now); err != nil {
			return Metadata{}, fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	next := now
	next.Properties, next.Snapshots, next.Refs = maps.Clone(now.Properties), maps.Clone(now.Snapshots), maps.Clone(now.Refs)
	for _, update := range commit.Updates {
		if err := update(&next); err != nil {
			return Metadata{}, err
		}
	}
	return next, nil
}

func (c *Catalog) put(m Metadata) Metadata {
	m.version++
	m.MetadataLocation = fmt.Sprintf("%s/metadata/%05d.json", m.Location, m.version)
	c.tables[m.ID] = m
	return m
}

// Load reads a table.
func (c *Catalog) Load(id dataflow.TableID) (Metadata, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.tables[id]
	if !ok {
		return Metadata{}, ErrNoTable
	}
	return m, nil
}

// Create makes an empty table with a uuid and a location of its own. Its namespace must be there.
func (c *Catalog) Create(id dataflow.TableID, schema dataflow.Schema, properties map[string]string) (Metadata, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.namespaces[id.Database]; !ok {
		return Metadata{}, fmt.Errorf("%s: %w", id.Database, ErrNoNamespace)
	}
	if _, ok := c.tables[id]; ok {
		return Metadata{}, ErrExists
	}
	c.last++
	uuid := fmt.Sprintf("%08d-0000-4000-8000-000000000000", c.last)
	return c.put(Metadata{
		ID: id, UUID: uuid, Location: location(id, uuid), Properties: maps.Clone(properties),
		Schemas: []dataflow.Schema{schema}, Snapshots: map[int64]Snapshot{}, Refs: map[string]Ref{},
	}), nil
}

// location gives where the files of this very table are: no other table ever has the same.
func location(id dataflow.TableID, uuid string) string {
	return fmt.Sprintf("warehouse/%s/%s-%s", id.Database, id.Name, uuid)
}

// Drop removes a table's entry, only while its metadata location is the one that was read. Its files stay.
func (c *Catalog) Drop(id dataflow.TableID, metadataLocation string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, ok := c.tables[id]
	switch {
	case !ok:
		return ErrNoTable
	case now.MetadataLocation != metadataLocation:
		return fmt.Errorf("%w: the table moved", ErrRefused)
	}
	delete(c.tables, id)
	return nil
}

// Tables lists the tables of a namespace in the order of their names.
func (c *Catalog) Tables(namespace string) []dataflow.TableID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []dataflow.TableID
	for id := range c.tables {
		if id.Database == namespace {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b dataflow.TableID) int { return strings.Compare(a.Name, b.Name) })
	return ids
}

// CreateNamespace makes a namespace.
func (c *Catalog) CreateNamespace(name string, properties map[string]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.namespaces[name]; ok {
		return ErrExists
	}
	c.namespaces[name] = maps.Clone(properties)
	return nil
}

// Namespace reads a namespace's properties.
func (c *Catalog) Namespace(name string) (map[string]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	properties, ok := c.namespaces[name]
	return maps.Clone(properties), ok
}

// DropNamespace removes a namespace that holds no table. One that is not there or not empty stays as it is.
func (c *Catalog) DropNamespace(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.tables {
		if id.Database == name {
			return
		}
	}
	delete(c.namespaces, name)
}

// NewSnapshotID gives a number that no snapshot has.
func (c *Catalog) NewSnapshotID() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	return 1000 + c.last
}

// WriteFile writes a data file.
func (c *Catalog) WriteFile(path string, rows []Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[path] = rows
}

// DeleteFile deletes a data file.
func (c *Catalog) DeleteFile(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.files, path)
}

// Files lists the data files whose path begins with prefix, in order.
func (c *Catalog) Files(prefix string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var paths []string
	for path := range c.files {
		if strings.HasPrefix(path, prefix) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// Records reads a snapshot's rows. A data file that is gone is an error.
func (c *Catalog) Records(m Metadata, snapshot int64) ([]Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := m.Snapshots[snapshot]
	if !ok {
		return nil, errNoSnapshot
	}
	var records []Record
	for _, path := range at.Files {
		rows, ok := c.files[path]
		if !ok {
			return nil, fmt.Errorf("data file %s is gone", path)
		}
		records = append(records, rows...)
	}
	return records, nil
}

// Rows reads a table at a ref, as a reader of Iceberg would: its rows by key, with the columns of the snapshot's schema.
func (c *Catalog) Rows(id dataflow.TableID, ref string) (map[string]dataflow.Row, error) {
	m, err := c.Load(id)
	if err != nil {
		return nil, err
	}
	snapshot := m.Ref(ref)
	if snapshot == nil {
		return nil, fmt.Errorf("the table has no ref %s", ref)
	}
	records, err := c.Records(m, *snapshot)
	if err != nil {
		return nil, err
	}
	schema := m.Schemas[m.Snapshots[*snapshot].SchemaID]
	rows := map[string]dataflow.Row{}
	for _, r := range records {
		row := make(dataflow.Row, len(schema.Columns))
		for i, column := range schema.Columns {
			row[i] = r[column.Name]
		}
		rows[r.key(schema)] = row
	}
	return rows, nil
}

// Overwrite is somebody else who writes to a table: main gets a snapshot without a row.
func (c *Catalog) Overwrite(id dataflow.TableID) (int64, error) {
	m, err := c.Load(id)
	if err != nil {
		return 0, err
	}
	snapshot := c.NewSnapshotID()
	_, err = c.Commit(id, nil, []Update{
		AddSnapshot(snapshot, Snapshot{SchemaID: m.CurrentSchema}), SetRef(MainBranch, Ref{Snapshot: snapshot}),
	})
	return snapshot, err
}

// key joins the values of the key columns.
func (r Record) key(schema dataflow.Schema) string {
	var parts []string
	for _, column := range schema.Key {
		value, _ := r[column].(string)
		parts = append(parts, value)
	}
	return strings.Join(parts, "\x00")
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
