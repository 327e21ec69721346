package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ dataflow.Ledger = (*Ledger)(nil)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func noonClock() time.Time { return noon }

// openTemp gives a ledger in a workspace that does not exist yet, and the workspace's path.
func openTemp(t *testing.T) (l *Ledger, workspace string) {
	t.Helper()
	workspace = filepath.Join(t.TempDir(), ".skypoint")
	l, err := Open(t.Context(), Config{Workspace: workspace, Clock: noonClock})
	must(t, err)
	return l, workspace
}

func inMemory() (*Ledger, *MemoryStore) {
	store := NewMemoryStore()
	return New(store, Config{Clock: noonClock}), store
}

func recordOf(name string) dataflow.Record {
	return dataflow.Record{
		Version: 1, UID: "uid of " + name, Phase: dataflow.PhaseCreated, Type: "AWS Cognito", CreatedAt: noon, UpdatedAt: noon,
		Definition: dataflow.Definition{
			Name: name, Connector: "App", Database: "customers", Description: new("a <b> & ünïcode \u2028 \"quoted\""),
			Tables: map[string]dataflow.TableDefinition{"users": {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"}},
		},
	}
}

func startedOf(name string, run int64) dataflow.Started {
	return dataflow.Started{
		Dataflow: name, UID: "uid of " + name, Run: run, Kind: dataflow.KindImport, Trigger: dataflow.TriggerCreate, StartedAt: noon,
		Owner: dataflow.Process{ID: "owner"}, Definition: recordOf(name).Definition,
	}
}

func finishedOf(name string, run int64) dataflow.Run {
	finished := startedOf(name, run).View()
	finished.Status = dataflow.StatusCompleted
	finished.EndedAt = new(noon.Add(time.Minute))
	finished.Description = "Imported 1 table."
	return finished
}

func decisionOf(name, by string) dataflow.Decision {
	return dataflow.Decision{
		Dataflow: name, Run: 1, Outcome: dataflow.OutcomePublish, By: by, DecidedAt: noon,
		Tables: []dataflow.TableChange{{
			Key: "users", TableID: dataflow.TableID{Database: "customers", Name: "users"}, Change: dataflow.ChangePublish,
			After: new(int64(9007199254740993)), Ticket: new(int64(9007199254740993)), SchemaID: new(0),
		}},
	}
}

// play starts and finishes the runs 1 to n of the dataflow Customers.
func play(t *testing.T, l *Ledger, n int64) {
	t.Helper()
	for run := int64(1); run <= n; run++ {
		must(t, l.Start(t.Context(), startedOf("Customers", run)))
		_, err := l.Finish(t.Context(), finishedOf("Customers", run))
		must(t, err)
	}
}

// tree gives every file below a folder with its content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// readAll calls every method that reads and gives their errors.
func readAll(ctx context.Context, l *Ledger) map[string]error {
	errs := map[string]error{}
	_, errs["ID"] = l.ID(ctx, false)
	_, errs["Dataflow"] = l.Dataflow(ctx, "Customers")
	_, errs["Started"] = l.Started(ctx, "Customers", 1)
	_, errs["Heartbeat"] = l.Heartbeat(ctx, "Customers", 1)
	_, errs["Decision"] = l.Decision(ctx, "Customers", 1)
	_, errs["Finished"] = l.Finished(ctx, "Customers", 1)
	_, errs["Connector"] = l.Connector(ctx, "App")
	_, errs["ConnectorSecret"] = l.ConnectorSecret(ctx, "App")
	_, errs["Dataflows"] = l.Dataflows(ctx)
	_, errs["Connectors"] = l.Connectors(ctx)
	_, errs["Latest"] = l.Latest(ctx, "Customers")
	_, errs["Runs"] = l.Runs(ctx, "Customers", 0, 0)
	return errs
}

func TestOpen_AWorkspaceThatIsNotThereReadsAsAnEmptyOneAndIsNotMade(t *testing.T) {
	l, workspace := openTemp(t)
	mayBeEmpty := []string{"Dataflows", "Connectors", "Latest", "Runs"}
	for method, err := range readAll(t.Context(), l) {
		want := dataflow.CodeNotFound
		if slices.Contains(mayBeEmpty, method) {
			want = ""
		}
		if got := dataflow.CodeOf(err); got != want {
			t.Errorf("%s: code %q (%v), want %q", method, got, err, want)
		}
	}
	if _, err := os.Stat(workspace); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the workspace: %v", err)
	}
}

func TestLedger_ReadingNeverWrites(t *testing.T) {
	l, workspace := openTemp(t)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")))
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	play(t, l, 2)
	must(t, l.Beat(t.Context(), "Customers", 1, dataflow.Heartbeat{Owner: "owner", Beat: 1}))
	_, err := l.Decide(t.Context(), decisionOf("Customers", "owner"))
	must(t, err)
	must(t, os.Remove(filepath.Join(workspace, "dataflows", "customers", "runs", "latest.json"))) // a reader would be tempted to mend it
	before := tree(t, workspace)

	reader, err := Open(t.Context(), Config{Workspace: workspace})
	must(t, err)
	for method, err := range readAll(t.Context(), reader) {
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	wantEqual(t, tree(t, workspace), before)
}

func TestLedger_TheFirstWriteMakesTheWorkspace(t *testing.T) {
	l, workspace := openTemp(t)
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	id, err := l.ID(t.Context(), false)
	must(t, err)
	files := tree(t, workspace)
	want := "{\n  \"format\": 1,\n  \"id\": \"" + id + "\",\n  \"created_at\": \"2026-03-01T12:00:00Z\"\n}\n"
	if got := files[filepath.Join(workspace, "workspace.json")]; got != want {
		t.Errorf("workspace.json is %q, want %q", got, want)
	}
	for _, path := range []string{".gitignore", "dataflows/customers/definitions/00000001.json"} {
		if _, found := files[filepath.Join(workspace, path)]; !found {
			t.Errorf("no %s", path)
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files, want 3 (no key: nothing was sealed)", len(files))
	}
}

func TestID_IsTheSameForEverybodyAndForEver(t *testing.T) {
	first, workspace := openTemp(t)
	_, err := first.ID(t.Context(), false)
	wantCode(t, err, dataflow.CodeNotFound)

	const contenders = 8
	ids := make(chan string, contenders)
	for range contenders {
		go func() {
			l, err := Open(t.Context(), Config{Workspace: workspace})
			if err != nil {
				t.Error(err)
			}
			id, err := l.ID(t.Context(), true)
			if err != nil {
				t.Error(err)
			}
			ids <- id
		}()
	}
	all := make([]string, 0, contenders)
	for range contenders {
		all = append(all, <-ids)
	}
	if _, err := uuid.Parse(all[0]); err != nil {
		t.Errorf("%q is not a UUID", all[0])
	}
	if len(slices.Compact(all)) != 1 {
		t.Errorf("they differ: %v", all)
	}
	id, err := first.ID(t.Context(), false)
	must(t, err)
	if id != all[0] {
		t.Errorf("%q, want %q", id, all[0])
	}
	_, otherWorkspace := openTemp(t)
	other, err := Open(t.Context(), Config{Workspace: otherWorkspace})
	must(t, err)
	if otherID, err := other.ID(t.Context(), true); err != nil || otherID == id {
		t.Errorf("another workspace has id %q (%v), and this one %q", otherID, err, id)
	}
}

func TestLedger_WritesNothingIntoAWorkspaceThatItDoesNotUnderstand(t *testing.T) {
	tests := map[string]struct {
		workspace string
		code      dataflow.Code
	}{
		"a newer format": {`{"format":2,"id":"0b8dd5a4-4d5b-4f0c-8a3c-0d7a4a0a5f44"}`, dataflow.CodeNewerFormat},
		"no id":          {`{"format":1}`, dataflow.CodeCorrupt},
		"cut off":        {`{"format":1,"id":"0b8d`, dataflow.CodeCorrupt},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, store := inMemory()
			must(t, store.Create(t.Context(), "workspace.json", []byte(test.workspace)))
			wantError(t, l.PutDataflow(t.Context(), recordOf("Customers")), test.code, "memory:workspace.json: read record: ")
			wantError(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")), test.code, "memory:workspace.json: read record: ")
			wantError(t, l.Start(t.Context(), startedOf("Customers", 1)), test.code, "memory:workspace.json: read record: ")
			wantList(t, store, "", "workspace.json")
		})
	}
}

func TestOpen_RefusesAContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Config{Workspace: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// A name is the only thing from outside that gets into a path.
func TestLedger_RefusesANameThatBreaksTheRule(t *testing.T) {
	l, store := inMemory()
	for _, name := range []string{"", "..", "../App", "a/b", "a.json", "1st", "Ünï", "a b", "App\n"} {
		_, latestErr := l.Latest(t.Context(), name)
		_, startedErr := l.Started(t.Context(), name, 1)
		_, connectorErr := l.Connector(t.Context(), name)
		_, dataflowErr := l.Dataflow(t.Context(), name)
		_, decideErr := l.Decide(t.Context(), decisionOf(name, "me"))
		_, finishErr := l.Finish(t.Context(), finishedOf(name, 1))
		for method, err := range map[string]error{
			"Latest": latestErr, "Started": startedErr, "Connector": connectorErr, "Dataflow": dataflowErr, "Decide": decideErr, "Finish": finishErr,
			"PutDataflow":     l.PutDataflow(t.Context(), recordOf(name)),
			"CreateConnector": l.CreateConnector(t.Context(), connectorOf(name), nil), "PutConnector": l.PutConnector(t.Context(), connectorOf(name), nil),
			"DeleteConnector": l.DeleteConnector(t.Context(), name), "Start": l.Start(t.Context(), startedOf(name, 1)),
		} {
			if !dataflow.IsCode(err, dataflow.CodeInvalid) {
				t.Errorf("%s(%q): %v, want code invalid", method, name, err)
			}
		}
	}
	wantList(t, store, "")
}
