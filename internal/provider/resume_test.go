package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// An import that is interrupted after many minutes, with the real scan, the real tables and what was kept in the workspace.
func TestImport_InterruptedGoesOnWithWhatItHasNotRead(t *testing.T) {
	const users, atPage = 9_000, 200
	var pages atomic.Int64 // a page takes six seconds
	interrupt := func() {}
	service := cognitotest.New(cognitotest.Options{OnRequest: func(op string, _ int) {
		if op == "ListUsers" && pages.Add(1) == atPage {
			interrupt()
		}
	}})
	pool := service.AddPool(cognitotest.Pool{ID: testPoolID, Name: "customers", Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: users, UUIDv4: true})})
	workspace := filepath.Join(t.TempDir(), "skypoint")
	declare(t, workspace, &server{Endpoint: service.Start(t), UserPoolID: testPoolID, Region: "us-east-1"}, unlimited, []string{"users"}, "Customers")
	record, err := provider.EngineFor(t, workspace).State(t.Context(), "Customers")
	if err != nil {
		t.Fatal(err)
	}
	order := engine.Order{UID: record.Record.UID, Definition: record.Record.Definition, Trigger: dataflow.TriggerCreate}
	clock := func() time.Time {
		return time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(pages.Load()) * 6 * time.Second)
	}
	ctx, cancel := context.WithCancel(t.Context())
	interrupt = cancel
	failed, err := provider.EngineWithClock(t, workspace, clock).Import(ctx, order)
	if err == nil || len(failed.Resumable) != 1 || failed.Resumable[0].Rows == 0 {
		t.Fatalf("run 1: %v; kept %+v", err, failed.Resumable)
	}
	if kept, _ := filepath.Glob(filepath.Join(workspace, "parts", "Customers", "*", "*")); len(kept) != 1 {
		t.Fatalf("kept files: %v", kept)
	} else if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: it holds customers' values", info.Mode(), err)
	}

	e := provider.EngineWithClock(t, workspace, clock)
	run, err := e.Import(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	resumed := run.Tables[0].Resumed
	if len(resumed) != 1 || resumed[0].Run != 1 || resumed[0].Rows != failed.Resumable[0].Rows || resumed[0].Parts != failed.Resumable[0].Parts {
		t.Errorf("resumed %+v of what was kept, %+v", resumed, failed.Resumable)
	}
	if want := (dataflow.Counts{Read: users, Added: users}); run.Tables[0].Counts != want {
		t.Errorf("counts %+v, want %+v", run.Tables[0].Counts, want)
	}
	w := &world{t: t, workspace: workspace}
	columns, rows, err := w.lakehouse().Rows(t.Context(), run.Tables[0].TableID, lakehouse.RowsRequest{Columns: []string{"sub", "email"}})
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]any{}, map[string]any{}
	for _, row := range rows {
		got[row[slices.Index(columns, "sub")].(string)] = row[slices.Index(columns, "email")]
	}
	for u := range pool.All() {
		want[u.Sub] = nil
		for _, a := range u.Attributes {
			if a.Name == "email" {
				want[u.Sub] = a.Value
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(rows) != users {
		t.Errorf("%d rows (-pool +table):\n%s", len(rows), strings.Join(strings.SplitN(diff, "\n", 20), "\n"))
	}
	if _, err := os.Stat(filepath.Join(workspace, "parts", "Customers")); !os.IsNotExist(err) {
		t.Errorf("what was kept is still there: %v", err)
	}
}
