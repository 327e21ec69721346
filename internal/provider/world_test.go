package provider_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// said matches words in a diagnostic, which a CLI breaks into lines and frames.
func said(pattern string) *regexp.Regexp {
	return regexp.MustCompile("(?s)" + strings.NewReplacer(" ", `[\s│╷╵|]+`, ".*", `.*`).Replace(pattern))
}

// deny makes the pool refuse these operations from now on, and no others.
func (w *world) deny(operations ...string) {
	w.server.SetCredentials(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret, Deny: operations})
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

// dataFiles lists the data files of the warehouse. There are some: else what "writes no data file" says would hold for a folder that is not there.
func (w *world) dataFiles() []string {
	w.t.Helper()
	files := w.anyDataFiles()
	if len(files) == 0 {
		w.t.Fatal("no data file: the test has lost its subject")
	}
	return files
}

func (w *world) anyDataFiles() []string {
	w.t.Helper()
	if w.team != nil {
		return w.team.keys(".parquet")
	}
	var files []string
	w.must(filepath.WalkDir(filepath.Join(w.workspace, "warehouse"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func (w *world) equalFiles(want []string, why string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.anyDataFiles()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", why, diff)
	}
}

// equalTables compares the catalog's tables in database customers: "name" or "name hidden".
func (w *world) equalTables(want ...string) {
	w.t.Helper()
	var got []string
	summaries, err := w.lakehouse().List(context.Background(), "customers")
	w.must(err)
	for _, s := range summaries {
		name := s.ID.Name
		if s.Hidden {
			name += " hidden"
		}
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// content reads a file of the warehouse by its location.
func (w *world) content(location string) []byte {
	if w.team != nil {
		return w.team.bucket.Content(teamBucket, strings.TrimPrefix(location, "s3://"+teamBucket+"/"))
	}
	content, err := os.ReadFile(strings.TrimPrefix(location, "file://"))
	w.must(err)
	return content
}

// put writes a file of the warehouse.
func (w *world) put(location string, content []byte) {
	if w.team != nil {
		w.team.bucket.Put(teamBucket, strings.TrimPrefix(location, "s3://"+teamBucket+"/"), content)
		return
	}
	w.must(os.WriteFile(strings.TrimPrefix(location, "file://"), content, 0o600))
}

// loseAll removes everything below a path of the workspace.
func (w *world) loseAll(path string) {
	w.t.Helper()
	if w.team == nil {
		w.must(os.RemoveAll(filepath.Join(w.workspace, path)))
		return
	}
	for _, key := range w.team.bucket.Keys(teamBucket) {
		if strings.HasPrefix(key, "skypoint/"+path) {
			w.team.bucket.Delete(teamBucket, key)
		}
	}
}

// spoil replaces a record behind everybody's back, and gives its place as messages have it.
func (w *world) spoil(path, content string) string {
	w.t.Helper()
	if w.team != nil {
		w.team.bucket.Put(teamBucket, "skypoint/"+path, []byte(content))
		return "s3://" + teamBucket + "/skypoint/" + path
	}
	where := filepath.Join(w.workspace, filepath.FromSlash(path))
	w.must(os.WriteFile(where, []byte(content), 0o600))
	return where
}

// folder gives the workspace's folder, for a test that speaks of files in it: where the worlds are teams, it is skipped.
func (w *world) folder() string {
	w.t.Helper()
	if w.team != nil {
		w.t.Skip(speaksOfFolders)
	}
	return w.workspace
}

// equalComments compares the comments of tables of database customers, as their metadata files have them.
func (w *world) equalComments(want map[string]string) {
	w.t.Helper()
	got := map[string]string{}
	for table := range want {
		content := w.content(w.metadataLocation(table))
		var metadata struct {
			Properties map[string]string `json:"properties"`
		}
		w.must(json.Unmarshal(content, &metadata))
		got[table] = metadata.Properties["comment"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("comments of tables (-want +got):\n%s", diff)
	}
}

// home is where the world's provider keeps things.
func (w *world) home() provider.Home {
	if w.team != nil {
		return w.team.home()
	}
	if w.rest != "" {
		return provider.RESTHome(w.workspace, w.rest)
	}
	return provider.FolderHome(w.workspace)
}

func (w *world) ledger() *ledger.Ledger {
	l, err := w.home().Ledger(context.Background())
	w.must(err)
	return l
}

func (w *world) lakehouse() *lakehouse.Lakehouse {
	lake, err := w.home().Lakehouse(context.Background())
	w.must(err)
	w.t.Cleanup(func() { _ = lake.Close() })
	return lake
}

func (w *world) engine() *engine.Engine {
	e, err := w.home().Engine(context.Background(), dataflow.Process{})
	w.must(err)
	return e
}

// record writes the record of a dataflow "Customers" with a new uid, as another working directory would.
func (w *world) record(phase dataflow.Phase) {
	standing, err := w.ledger().Dataflow(context.Background(), "Customers")
	if !dataflow.IsCode(err, dataflow.CodeNotFound) {
		w.must(err)
	}
	w.must(w.ledger().PutDataflow(context.Background(), dataflow.Record{
		Version: standing.Version + 1, UID: uuid.NewString(), Phase: phase, Type: cognito.TypeName,
		Definition: dataflow.Definition{Name: "Customers", Connector: "App", Database: "customers"},
		CreatedAt:  time.Now().UTC(), UpdatedAt: time.Now().UTC(),
	}))
}

// importElsewhere runs the dataflow as another working directory would.
func (w *world) importElsewhere() {
	ctx := context.Background()
	record, err := w.ledger().Dataflow(ctx, "Customers")
	w.must(err)
	_, err = w.engine().Import(ctx, engine.Order{
		UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource,
	})
	w.must(err)
}

// deadProcess is one that had this one's number.
func deadProcess() dataflow.Process {
	dead := process.Current()
	dead.StartTime = "earlier"
	return dead
}

// killedRun leaves the records of run 1 as a process that was killed leaves them, before or after it has decided to publish.
func (w *world) killedRun(decided bool) {
	ctx := context.Background()
	record, err := w.ledger().Dataflow(ctx, "Customers")
	w.must(err)
	dead := deadProcess()
	w.must(w.ledger().Start(ctx, dataflow.Started{
		Dataflow: "Customers", UID: record.UID, Run: 1, Kind: dataflow.KindImport, Trigger: dataflow.TriggerCreate,
		StartedAt: time.Now().UTC(), Owner: dead, Definition: record.Definition,
	}))
	if decided {
		_, err = w.ledger().Decide(ctx, dataflow.Decision{
			Dataflow: "Customers", Run: 1, Outcome: dataflow.OutcomePublish, By: dead.ID, DecidedAt: time.Now().UTC(),
		})
		w.must(err)
	}
}

func (w *world) catalogType() string {
	if w.team != nil {
		return "postgres"
	}
	if w.rest != "" {
		return "rest"
	}
	return "sqlite"
}

// catalog opens the catalog's database.
func (w *world) catalog() *sql.DB {
	w.needsSQL()
	driver, source := "sqlite", "file:"+filepath.Join(w.workspace, "catalog.db")
	if w.team != nil {
		driver, source = "pgx", w.team.catalogURI
	}
	db, err := sql.Open(driver, source)
	w.must(err)
	return db
}

// needsSQL leaves a test out where the catalog is no SQL database.
func (w *world) needsSQL() {
	w.t.Helper()
	if w.rest != "" {
		w.t.Skip(speaksOfSQL)
	}
}

// hasOwnCatalog is for a test that sets the catalog itself, beside records in a folder.
func (w *world) hasOwnCatalog() {
	w.t.Helper()
	_ = w.folder()
	w.rest = ""
}

// dropTable drops a table of database customers behind everybody's back.
func (w *world) dropTable(name string) {
	if w.rest != "" {
		w.dropInCatalog(name)
		return
	}
	db := w.catalog()
	defer func() { w.must(db.Close()) }()
	result, err := db.ExecContext(context.Background(), "DELETE FROM iceberg_tables WHERE table_namespace = 'customers' AND table_name = '"+name+"'")
	w.must(err)
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		w.t.Fatalf("dropped %d tables called %s: %v", n, name, err)
	}
}

// exists says whether the workspace has been made.
func (w *world) exists() bool {
	if w.team != nil {
		return len(w.team.keys("workspace.json")) > 0
	}
	_, err := os.Stat(w.workspace)
	return err == nil
}

// users reads the users' table, a line per row, in order.
func (w *world) users() []string {
	lake := w.lakehouse()
	_, rows, err := lake.Rows(context.Background(), dataflow.TableID{Database: "customers", Name: "users"}, lakehouse.RowsRequest{})
	w.must(errors.Join(err, lake.Close()))
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%q", row))
	}
	slices.Sort(lines)
	return lines
}

func (w *world) equalRows(want, got []string) {
	w.t.Helper()
	if len(want) == 0 {
		w.t.Error("there are no rows to compare with")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

// refusesElsewhere expects that another working directory can't run the dataflow.
func (w *world) refusesElsewhere() {
	ctx := context.Background()
	record, err := w.ledger().Dataflow(ctx, "Customers")
	w.must(err)
	_, err = w.engine().Import(ctx, engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource})
	if !dataflow.IsCode(err, dataflow.CodePinned) {
		w.t.Errorf("an import of a pinned dataflow ended with %v", err)
	}
}

// equalKept compares the runs whose data the users' table has.
func (w *world) equalKept(want ...int64) {
	w.t.Helper()
	owned, err := w.lakehouse().Owned(context.Background(), "Customers", []string{"customers"})
	w.must(err)
	at := slices.IndexFunc(owned, func(t dataflow.TableState) bool { return t.ID.Name == "users" })
	if at < 0 || !slices.Equal(want, owned[at].Runs) {
		w.t.Errorf("tables %+v, want users with the runs %v", owned, want)
	}
}
