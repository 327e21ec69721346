package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// catalogKinds are the kinds of catalogs. Each gives what makes an empty one, and that what opens it as often as it is called: as one process after
// the other does.
var catalogKinds = map[string]func(t *testing.T) func(t *testing.T) func() Catalog{
	"sqlite": func(*testing.T) func(t *testing.T) func() Catalog {
		return func(t *testing.T) func() Catalog { return sqliteIn(t, false) }
	},
	"sqlite on a network file system": func(*testing.T) func(t *testing.T) func() Catalog {
		return func(t *testing.T) func() Catalog { return sqliteIn(t, true) }
	},
	"postgres": func(t *testing.T) func(t *testing.T) func() Catalog {
		server := postgrestest.Start(t)
		return func(t *testing.T) func() Catalog { return postgresIn(t, server.NewDatabase(t)) }
	},
	"rest": func(*testing.T) func(t *testing.T) func() Catalog {
		return func(t *testing.T) func() Catalog { return restIn(t, restServer(t, resttest.New(nil)), t.TempDir()) }
	},
}

// catalogWorld is one catalog as several processes see it.
type catalogWorld struct {
	*testing.T
	open func() Catalog
}

// catalogRules are the rules of the interface Catalog, and those of registrar for the kinds that are one.
var catalogRules = map[string]func(w catalogWorld){
	"makes a table where it is told to, once":                     catalogMakesATable,
	"keeps databases with their properties":                       catalogKeepsDatabases,
	"commits what its requirements allow, and nothing else":       catalogCommits,
	"lets one of many commits at once win":                        catalogLetsOneWin,
	"drops an entry only while its metadata is where it was read": catalogDropsAnEntry,
	"knows where the metadata of many tables is":                  catalogKnowsLocations,
	"lists tables and databases":                                  catalogLists,
	"keeps an error that says what to do":                         catalogExplains,
	"puts an entry back, or can't drop a wrong one":               catalogRegisters,
}

func catalogRuleNames() []string { return slices.Sorted(maps.Keys(catalogRules)) }

func TestCatalog_Conforms(t *testing.T) {
	for kind, start := range catalogKinds {
		t.Run(kind, func(t *testing.T) {
			open := start(t)
			for _, name := range catalogRuleNames() {
				t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { catalogRules[name](catalogWorld{t, open(t)}) })
			}
		})
	}
}

var people = iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.String})

// catalog opens it for writing, as another process does.
func (w catalogWorld) catalog() Catalog {
	w.Helper()
	c := w.open()
	mustDo(w, c.PrepareToWrite(w.Context()))
	return c
}

// newTable makes a table in the database customers.
func (w catalogWorld) newTable(c Catalog, name string) (dataflow.TableID, *table.Table) {
	w.Helper()
	err := c.CreateNamespace(w.Context(), table.Identifier{"customers"}, iceberg.Properties{"owner": "us"})
	if err != nil && !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		w.Fatal(err)
	}
	id := dataflow.TableID{Database: "customers", Name: name}
	tbl, err := c.NewTable(w.Context(), id, people, newLocation(c, id), iceberg.Properties{"made": "by us"})
	mustDo(w, err)
	return id, tbl
}

func setting(value string) []table.Update {
	return []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{"a": value})}
}

func catalogMakesATable(w catalogWorld) {
	id, made := w.newTable(w.catalog(), "users")
	c := w.catalog()
	tbl, err := c.LoadTable(w.Context(), identifier(id))
	mustDo(w, err)
	if tbl.MetadataLocation() != made.MetadataLocation() || tbl.Metadata().TableUUID() != made.Metadata().TableUUID() || tbl.Properties()["made"] != "by us" {
		w.Errorf("another table: %s, %v", tbl.MetadataLocation(), tbl.Properties())
	}
	if !strings.HasPrefix(tbl.Location(), c.Warehouse()+"/customers/users-") || isEncoded(tbl.MetadataLocation()) {
		w.Errorf("it is at %s, and its metadata at %s", tbl.Location(), tbl.MetadataLocation())
	}
	if _, err := c.NewTable(w.Context(), id, people, newLocation(c, id), nil); !errors.Is(err, catalog.ErrTableAlreadyExists) {
		w.Errorf("made twice: %v", err)
	}
	other := dataflow.TableID{Database: "nowhere", Name: "users"}
	if _, err := c.NewTable(w.Context(), other, people, newLocation(c, other), nil); !errors.Is(err, catalog.ErrNoSuchNamespace) {
		w.Errorf("made in a database that is not there: %v", err)
	}
	if _, err := c.LoadTable(w.Context(), identifier(other)); !errors.Is(err, catalog.ErrNoSuchTable) && !errors.Is(err, catalog.ErrNoSuchNamespace) {
		w.Errorf("a table that is not there: %v", err)
	}
}

func catalogKeepsDatabases(w catalogWorld) {
	c, name := w.catalog(), table.Identifier{"customers"}
	if _, err := c.LoadNamespaceProperties(w.Context(), name); !errors.Is(err, catalog.ErrNoSuchNamespace) {
		w.Errorf("before it is made: %v", err)
	}
	id, tbl := w.newTable(c, "users")
	if err := c.CreateNamespace(w.Context(), name, nil); !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		w.Errorf("made twice: %v", err)
	}
	properties, err := w.catalog().LoadNamespaceProperties(w.Context(), name)
	if err != nil || properties["owner"] != "us" {
		w.Errorf("its properties: %v, %v", properties, err)
	}
	if err := c.DropNamespace(w.Context(), name); !errors.Is(err, catalog.ErrNamespaceNotEmpty) {
		w.Errorf("dropped with a table in it: %v", err)
	}
	if dropped, err := c.DropEntry(w.Context(), id, tbl.MetadataLocation()); err != nil || !dropped {
		w.Errorf("drop the table: %t, %v", dropped, err)
	}
	mustDo(w, c.DropNamespace(w.Context(), name))
	if err := c.DropNamespace(w.Context(), name); !errors.Is(err, catalog.ErrNoSuchNamespace) {
		w.Errorf("dropped twice: %v", err)
	}
}

func catalogCommits(w catalogWorld) {
	c := w.catalog()
	id, before := w.newTable(c, "users")
	meta, where, err := c.CommitTable(w.Context(), identifier(id), []table.Requirement{table.AssertTableUUID(before.Metadata().TableUUID())}, setting("1"))
	mustDo(w, err)
	if meta.Properties()["a"] != "1" || where == before.MetadataLocation() || isEncoded(where) {
		w.Errorf("after the commit: %v at %s", meta.Properties(), where)
	}
	seen, err := w.catalog().LoadTable(w.Context(), identifier(id))
	mustDo(w, err)
	if seen.MetadataLocation() != where || seen.Properties()["a"] != "1" {
		w.Errorf("another process sees %v at %s", seen.Properties(), seen.MetadataLocation())
	}
	snapshot := int64(7)
	if _, _, err := c.CommitTable(w.Context(), identifier(id), []table.Requirement{table.AssertRefSnapshotID(mainBranch, &snapshot)}, setting("2")); err == nil {
		w.Error("a commit was made whose requirement does not hold")
	}
	after, err := c.LoadTable(w.Context(), identifier(id))
	mustDo(w, err)
	if after.MetadataLocation() != where {
		w.Errorf("a refused commit moved the table to %s", after.MetadataLocation())
	}
	if _, _, err := c.CommitTable(w.Context(), table.Identifier{"customers", "nope"}, nil, setting("1")); !errors.Is(err, catalog.ErrNoSuchTable) {
		w.Errorf("a commit to a table that is not there: %v", err)
	}
}

func catalogLetsOneWin(w catalogWorld) {
	id, tbl := w.newTable(w.catalog(), "users")
	const processes = 8
	var won atomic.Int64
	var group sync.WaitGroup
	for i := range processes {
		c := w.catalog()
		group.Go(func() {
			_, _, err := c.CommitTable(context.Background(), identifier(id), []table.Requirement{table.AssertRefSnapshotID("ticket", nil), table.AssertLastAssignedFieldID(tbl.Metadata().LastColumnID())},
				[]table.Update{table.NewAddSchemaUpdate(iceberg.NewSchema(1, append(people.Fields(), iceberg.NestedField{ID: 2, Name: fmt.Sprint("column_", i), Type: iceberg.PrimitiveTypes.String})...))})
			if err == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		w.Errorf("%d of %d commits that exclude each other were made", won.Load(), processes)
	}
}

func catalogDropsAnEntry(w catalogWorld) {
	c := w.catalog()
	id, before := w.newTable(c, "users")
	_, where, err := c.CommitTable(w.Context(), identifier(id), nil, setting("1"))
	mustDo(w, err)
	for _, step := range []struct {
		at   string
		want bool
	}{{before.MetadataLocation(), false}, {where, true}, {where, false}} {
		if dropped, err := w.catalog().DropEntry(w.Context(), id, step.at); err != nil || dropped != step.want {
			w.Errorf("drop the entry at %s: %t, %v; want %t", step.at, dropped, err, step.want)
		}
	}
	if _, err := c.LoadTable(w.Context(), identifier(id)); !errors.Is(err, catalog.ErrNoSuchTable) {
		w.Errorf("after the drop: %v", err)
	}
	files, err := before.FS(w.Context())
	mustDo(w, err)
	if file, err := files.Open(where); err != nil {
		w.Errorf("the drop of the entry took its file: %v", err)
	} else {
		mustDo(w, file.Close())
	}
}

func catalogKnowsLocations(w catalogWorld) {
	c := w.catalog()
	want := map[dataflow.TableID]string{}
	for _, name := range []string{"users", "groups", "app clients"} {
		id, tbl := w.newTable(c, name)
		want[id] = tbl.MetadataLocation()
	}
	ids := slices.Collect(maps.Keys(want))
	for i := range 2500 { // more than one query takes
		ids = append(ids, dataflow.TableID{Database: "customers", Name: fmt.Sprint("nope ", i)})
	}
	got, err := w.catalog().MetadataLocations(w.Context(), append(ids, dataflow.TableID{Database: "nowhere", Name: "users"}))
	mustDo(w, err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
	if none, err := c.MetadataLocations(w.Context(), nil); err != nil || len(none) != 0 {
		w.Errorf("of no table: %v, %v", none, err)
	}
}

func catalogLists(w catalogWorld) {
	c := w.catalog()
	if databases, err := c.ListNamespaces(w.Context(), nil); err != nil || len(databases) != 0 {
		w.Errorf("databases before there is one: %v, %v", databases, err)
	}
	w.newTable(c, "users")
	w.newTable(c, "groups")
	databases, err := w.catalog().ListNamespaces(w.Context(), nil)
	mustDo(w, err)
	if diff := cmp.Diff([]table.Identifier{{"customers"}}, databases); diff != "" {
		w.Error(diff)
	}
	names, err := tablesOf(w.Context(), w.catalog(), "customers")
	mustDo(w, err)
	if diff := cmp.Diff([]string{"groups", "users"}, names); diff != "" {
		w.Error(diff)
	}
	if names, err := tablesOf(w.Context(), c, "nowhere"); err != nil || names != nil {
		w.Errorf("tables of a database that is not there: %v, %v", names, err)
	}
}

func catalogRegisters(w catalogWorld) {
	c := w.catalog()
	byName, ok := c.(registrar)
	if !ok {
		return // see catalogDropsAnEntry
	}
	id, made := w.newTable(c, "users")
	if err := byName.Register(w.Context(), id, made.MetadataLocation()); !errors.Is(err, catalog.ErrTableAlreadyExists) {
		w.Errorf("a table that is there: %v", err)
	}
	mustDo(w, byName.Unregister(w.Context(), id))
	if _, err := c.LoadTable(w.Context(), identifier(id)); err != nil {
		w.Errorf("the entry of a table whose file is there went: %v", err)
	}
	if dropped, err := c.DropEntry(w.Context(), id, made.MetadataLocation()); err != nil || !dropped {
		w.Fatalf("drop the entry: %t, %v", dropped, err)
	}
	mustDo(w, byName.Register(w.Context(), id, made.MetadataLocation()))
	back, err := w.catalog().LoadTable(w.Context(), identifier(id))
	mustDo(w, err)
	if back.MetadataLocation() != made.MetadataLocation() || back.Metadata().TableUUID() != made.Metadata().TableUUID() {
		w.Errorf("another table came back: %s", back.MetadataLocation())
	}
	files, err := c.Files(w.Context(), made.MetadataLocation())
	mustDo(w, err)
	mustDo(w, files.Remove(made.MetadataLocation()))
	if _, err := c.LoadTable(w.Context(), identifier(id)); !errors.Is(err, fs.ErrNotExist) || isNoTable(err) {
		w.Errorf("a table whose metadata file is gone: %v", err)
	}
	where, err := c.MetadataLocations(w.Context(), []dataflow.TableID{id}) // some kinds know it without a look at the file
	if at, known := where[id]; err != nil || known && at != made.MetadataLocation() {
		w.Errorf("where a table is whose metadata file is gone: %v, %v", where, err)
	}
	mustDo(w, byName.Unregister(w.Context(), id))
	if _, err := c.LoadTable(w.Context(), identifier(id)); !errors.Is(err, catalog.ErrNoSuchTable) {
		w.Errorf("after its entry was removed: %v", err)
	}
	if err := byName.Register(w.Context(), id, made.MetadataLocation()); !errors.Is(err, fs.ErrNotExist) {
		w.Errorf("a table whose metadata file is gone is put back: %v", err)
	}
}

func catalogExplains(w catalogWorld) {
	c := w.catalog()
	said := &dataflow.Error{Code: dataflow.CodeForeign, Hint: "Do this."}
	if err := c.Explain("load", "table a.b", said); !errors.Is(err, error(said)) {
		w.Errorf("an error that says what to do became %v", err)
	}
	err := c.Explain("load", "table a.b", errors.New("no"))
	if e, ok := errors.AsType[*dataflow.Error](err); !ok || e.Op != "load" || e.Object != "table a.b" {
		w.Errorf("another error became %v", err)
	}
}

// postgresIn opens a catalog in a database.
func postgresIn(t *testing.T, uri string) func() Catalog {
	warehouse := fileLocation(filepath.Join(t.TempDir(), "my lake", "warehouse"))
	return func() Catalog {
		t.Helper()
		c, err := openPostgres(t.Context(), CatalogConfig{Type: CatalogPostgres, URI: uri}, warehouse, true)
		mustDo(t, err)
		t.Cleanup(func() { mustDo(t, c.Close()) })
		return c
	}
}

// sqliteIn opens a SQLite catalog in a folder of the test's own.
func sqliteIn(t *testing.T, onNetwork bool) func() Catalog {
	dir := filepath.Join(t.TempDir(), "my lake")
	return func() Catalog {
		t.Helper()
		config, err := CatalogConfig{URI: filepath.Join(dir, "catalog.db")}.complete()
		mustDo(t, err)
		c, err := openSQLite(t.Context(), config, fileLocation(filepath.Join(dir, "warehouse")), func(string) bool { return onNetwork }, true)
		mustDo(t, err)
		t.Cleanup(func() { mustDo(t, c.Close()) })
		return c
	}
}
