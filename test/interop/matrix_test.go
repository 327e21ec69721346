//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/mototest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

var update = flag.Bool("update", false, "write the matrix into the guide")

// guide has the matrix, between its marks.
const guide = "../../templates/guides/reading-the-tables.md"

var matrixMarks = regexp.MustCompile(`(?s)<!-- matrix -->\n(.*)<!-- /matrix -->`)

// matrixReaders are the readers with their versions (tools/install-parts.sh).
var matrixReaders = []struct{ name, environment, title string }{
	{"pyiceberg", "PYICEBERG", "pyiceberg 0.11.1"}, {"spark", "SPARK", "Spark 3.5.9"}, {"duckdb", "DUCKDB", "DuckDB 1.5.5"},
}

// lake is where a table of the matrix is.
type lake struct {
	catalog   string
	uri       string
	warehouse string
	s3        string // the endpoint; empty: the files are in a folder
}

func (l lake) config() lakehouse.CatalogConfig {
	c := lakehouse.CatalogConfig{Type: l.catalog, URI: l.uri, Properties: map[string]string{}}
	if l.s3 != "" {
		c.Properties = map[string]string{"s3.endpoint": l.s3, "s3.region": "us-east-1", "s3.access-key-id": "AKIALAKE", "s3.secret-access-key": "any"}
	}
	if l.catalog == lakehouse.CatalogGlue {
		maps.Copy(c.Properties, map[string]string{"glue.endpoint": l.s3, "glue.region": "us-east-1", "glue.access-key-id": "AKIALAKE", "glue.secret-access-key": "any"})
	}
	return c
}

// person is a row of the matrix's table.
type person struct {
	Email  string
	Logins int64
	Plan   string // a column that comes later
}

// history is a table's life: every state that a reader is asked for is reached by runs of ours alone.
type history struct {
	t    *testing.T
	lake *lakehouse.Lakehouse
	now  map[string]person
	at   map[string]map[string]map[string]any // ref → rows as a reader is to find them
	run  int64
	wide bool // the table has the column plan
}

var matrixID = dataflow.TableID{Database: "customers", Name: "users"}

// load is one run.
func (h *history) load() {
	h.t.Helper()
	h.run++
	schema := dataflow.Schema{Key: []string{"sub"}, Columns: []dataflow.Column{
		{Name: "sub", Type: dataflow.String, Required: true}, {Name: "email", Type: dataflow.String}, {Name: "logins", Type: dataflow.Long},
	}}
	if h.wide {
		schema.Columns = append(schema.Columns, dataflow.Column{Name: "plan", Type: dataflow.String})
	}
	s, err := h.lake.Stage(h.t.Context(), dataflow.StageRequest{
		Dataflow: "Customers", Run: h.run, ID: matrixID, Table: dataflow.SourceTable{Key: "users", FileName: "Users", Schema: schema},
		Definition: dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // only a spool
	rows := map[string]map[string]any{}
	for sub, p := range h.now {
		row := dataflow.Row{sub, p.Email, p.Logins}
		rows[sub] = map[string]any{"sub": sub, "email": p.Email, "logins": float64(p.Logins)}
		if h.wide {
			row, rows[sub]["plan"] = append(row, p.Plan), p.Plan
		}
		if err := s.Put(h.t.Context(), row); err != nil {
			h.t.Fatal(err)
		}
	}
	change, err := s.Commit(h.t.Context())
	if err == nil {
		_, err = h.lake.Publish(h.t.Context(), "Customers", h.run, change)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.at["main"], h.at[lakehouse.RunTag(h.run)] = rows, rows
}

// live leads the table through 101 small runs and a new column.
func (h *history) live() {
	for n := range 500 {
		h.now[fmt.Sprintf("%08x-é-%d", uint32(n)*2654435761, n)] = person{Email: "first@example.com"}
	}
	h.load()
	keys := slices.Sorted(maps.Keys(h.now))
	for n := range 100 {
		for i := range 4 {
			key := keys[(n*37+i*101)%len(keys)]
			h.now[key] = person{Email: fmt.Sprintf("run-%d@example.com", n), Logins: int64(n)}
		}
		delete(h.now, keys[(n*61)%len(keys)])
		h.load()
	}
	h.wide = true
	for key, p := range h.now {
		p.Plan = "free"
		h.now[key] = p
	}
	h.load()
}

// back rolls the table back.
func (h *history) back(to int64) {
	h.t.Helper()
	h.run++
	change, err := h.lake.Ticket(h.t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: h.run, Key: "users", ID: matrixID, Change: dataflow.ChangePublish, Target: to})
	if err == nil {
		_, err = h.lake.Publish(h.t.Context(), "Customers", h.run, change)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.at["main"] = h.at[lakehouse.RunTag(to)]
}

// read gives what a reader finds at these refs.
func (h *history) read(reader, environment string, l lake, refs ...string) (map[string]map[string]map[string]any, error) {
	h.t.Helper()
	d, err := h.lake.Describe(h.t.Context(), matrixID)
	if err != nil {
		h.t.Fatal(err)
	}
	snapshots := map[string]int64{}
	for _, ref := range refs {
		snapshots[ref] = *d.SnapshotID
		for _, r := range d.Runs {
			if lakehouse.RunTag(r.Run) == ref {
				snapshots[ref] = r.SnapshotID
			}
		}
	}
	warehouse := l.warehouse
	if l.s3 == "" {
		warehouse = "file://" + warehouse
	}
	ask, err := json.Marshal(map[string]any{"catalog": l.catalog, "uri": l.uri, "warehouse": warehouse, "metadata": d.MetadataLocation, "s3": l.s3, "snapshots": snapshots})
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := python(h.t, environment, "read_matrix.py", reader)
	cmd.Stdin = bytes.NewReader(ask)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%w\n%s", err, tail(string(exit.Stderr)))
	}
	if err != nil {
		return nil, err
	}
	var found map[string][]map[string]any
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, fmt.Errorf("%w: %s", err, tail(string(out)))
	}
	rows := map[string]map[string]map[string]any{}
	for ref, all := range found {
		rows[ref] = map[string]map[string]any{}
		for _, row := range all {
			key, ok := row["sub"].(string)
			if _, twice := rows[ref][key]; twice || !ok {
				return nil, fmt.Errorf("at %s key %v is read twice, or is none", ref, row["sub"])
			}
			rows[ref][key] = row
		}
	}
	return rows, nil
}

// TestMatrix_EveryReaderReadsEveryCatalogOverEveryStore writes the matrix of the guide, or holds the guide to it.
func TestMatrix_EveryReaderReadsEveryCatalogOverEveryStore(t *testing.T) {
	if os.Getenv("STORES") == "" {
		t.Skip("The matrix has a target of its own: make matrix")
	}
	moto, databases := mototest.Start(t), postgrestest.Start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, moto+"/lake", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	made, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = made.Body.Close() // nothing is in it
	cells := map[string]string{}
	for _, catalog := range lakehouse.CatalogTypes() {
		for _, store := range []string{"folder", "S3"} {
			if catalog == lakehouse.CatalogGlue && store == "folder" {
				for _, reader := range matrixReaders {
					cells[catalog+store+reader.name] = "– ¹"
				}
				continue
			}
			t.Run(catalog+" "+store, func(t *testing.T) {
				dir := t.TempDir()
				l := lake{catalog: catalog, warehouse: filepath.Join(dir, "warehouse")}
				var settings []string
				if store == "S3" {
					l.warehouse, l.s3 = "s3://lake/"+catalog, moto
					settings = []string{
						"CATALOG_WAREHOUSE=" + l.warehouse, "CATALOG_IO__IMPL=org.apache.iceberg.aws.s3.S3FileIO", "CATALOG_S3_ENDPOINT=" + moto, "CATALOG_S3_PATH__STYLE__ACCESS=true",
						"CATALOG_S3_ACCESS__KEY__ID=AKIALAKE", "CATALOG_S3_SECRET__ACCESS__KEY=any", "CATALOG_CLIENT_REGION=us-east-1", "AWS_REGION=us-east-1",
					}
				}
				switch catalog {
				case lakehouse.CatalogSQLite:
					l.uri = filepath.Join(dir, "catalog.db")
				case lakehouse.CatalogPostgres:
					l.uri = databases.NewDatabase(t)
				case lakehouse.CatalogREST:
					l.uri = resttest.StartIceberg(t, settings...)
				}
				opened, err := lakehouse.Open(lakehouse.Config{
					Catalog: l.config(), Warehouse: l.warehouse, SpoolDir: filepath.Join(dir, "spool"),
					WorkspaceID: func(context.Context, bool) (string, error) { return "interop", nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = opened.Close() }() // the test is over
				h := &history{t: t, lake: opened, now: map[string]person{}, at: map[string]map[string]map[string]any{}}
				h.live()
				equal := map[string]int{}
				compare := func(refs ...string) {
					for _, reader := range matrixReaders {
						got, err := h.read(reader.name, reader.environment, l, refs...)
						if err != nil {
							t.Errorf("%s: %v", reader.name, err)
							continue
						}
						for _, ref := range refs {
							if diff := cmp.Diff(h.at[ref], got[ref]); diff != "" {
								t.Errorf("%s at %s after run %d (-want +got):\n%s", reader.name, ref, h.run, tail(diff))
								continue
							}
							equal[reader.name]++
						}
					}
				}
				compare("main", "run_101", "run_60") // the newest run, which has a new column; after 100 small runs; an older one
				h.back(60)
				compare("main", "run_102") // after a rollback; what it went back from
				for _, reader := range matrixReaders {
					cells[catalog+store+reader.name] = fmt.Sprintf("%d of 5", equal[reader.name])
					if equal[reader.name] == 5 {
						cells[catalog+store+reader.name] = "equal"
					}
				}
			})
		}
	}
	var b strings.Builder
	b.WriteString("| Catalog | Files in |")
	for _, reader := range matrixReaders {
		b.WriteString(" " + reader.title + " |")
	}
	b.WriteString("\n|---|---|---|---|---|\n")
	for _, catalog := range lakehouse.CatalogTypes() {
		for _, store := range []string{"folder", "S3"} {
			fmt.Fprintf(&b, "| `%s` | %s |", catalog, strings.Replace(store, "folder", "a folder", 1))
			for _, reader := range matrixReaders {
				b.WriteString(" " + cells[catalog+store+reader.name] + " |")
			}
			b.WriteString("\n")
		}
	}
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	switch match := matrixMarks.FindSubmatch(text); {
	case match == nil:
		t.Fatalf("%s has no marks", guide)
	case *update:
		whole := matrixMarks.ReplaceAllLiteral(text, []byte("<!-- matrix -->\n"+b.String()+"<!-- /matrix -->"))
		if err := os.WriteFile(guide, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		if diff := cmp.Diff(string(match[1]), b.String()); diff != "" {
			t.Errorf("the guide says otherwise (-guide +found); make matrix UPDATE=1 writes it:\n%s", diff)
		}
	}
}
