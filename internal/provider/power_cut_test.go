package provider_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk/disktest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

const keptImports = 2

// machine is one whose power may be cut, or whose bucket and database may fail. What it was told is true, that it must have afterwards too.
type machine struct {
	disk     *disktest.Lossy // nil: the power stays
	pool     *cognitotest.PoolHandle
	key      cognitotest.Credential
	endpoint string
	home     provider.Home

	declared  bool
	completed []dataflow.Run // what an import has returned
}

func newMachine(t *testing.T, cutAt int) *machine {
	t.Helper()
	key := cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret}
	server := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{key}})
	pool := server.AddPool(cognitotest.Pool{ID: testPoolID, Name: "customers", Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: 40, Groups: 2})})
	root := t.TempDir()
	return &machine{disk: disktest.New(t, root, cutAt), pool: pool, key: key, endpoint: server.Start(t), home: provider.FolderHome(filepath.Join(root, "skypoint"))}
}

// works makes the dataflow and runs it four times, until the power is gone.
func (m *machine) works(ctx context.Context) error {
	e, err := m.home.Engine(ctx, deadProcess()) // whoever comes next finds its owner dead
	if err != nil {
		return err
	}
	record, err := m.declare(ctx, e)
	if err != nil {
		return err
	}
	for range 4 {
		run, err := e.Import(ctx, engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource})
		if err != nil {
			return err
		}
		if m.disk.IsDark() { // it can still read, and finds the record that it could not sync
			return disktest.ErrNoPower
		}
		m.completed = append(m.completed, run)
		if _, err := m.pool.Evolve(cognitotest.Evolution{Added: 3, Changed: 3, Removed: 1}); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) declare(ctx context.Context, e *engine.Engine) (dataflow.Record, error) {
	l, err := m.home.Ledger(ctx)
	if err != nil {
		return dataflow.Record{}, err
	}
	err = l.CreateConnector(ctx, dataflow.Connector{
		Type: cognito.TypeName, Name: "App", Settings: cognito.Settings{
			UserPoolID: testPoolID, Region: "us-east-1", AccessKeyID: &m.key.AccessKeyID, Endpoint: &m.endpoint, MaxRequestsPerSecond: 10_000,
		}.Raw(),
	}, &m.key.SecretAccessKey)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeExists) {
		return dataflow.Record{}, err
	}
	record, err := e.Declare(ctx, dataflow.Definition{
		Name: "Customers", Connector: "App", Database: "customers", MaxRemovedPercent: dataflow.DefaultMaxRemovedPercent, RetainRuns: keptImports,
		Tables: map[string]dataflow.TableDefinition{
			"users":  {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"},
			"groups": {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "groups"},
		},
	})
	m.declared = m.declared || err == nil && (m.disk == nil || !m.disk.IsDark())
	return record, err
}

// startsAgain runs the dataflow once more, in another process on what the disk has, and looks whether anything is lost.
func (m *machine) startsAgain(ctx context.Context) error {
	e, err := m.home.Engine(ctx, dataflow.Process{})
	if err != nil {
		return err
	}
	l, err := m.home.Ledger(ctx)
	if err != nil {
		return err
	}
	record, err := l.Dataflow(ctx, "Customers")
	if !m.declared && dataflow.IsCode(err, dataflow.CodeNotFound) {
		record, err = m.declare(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("its record: %w", err)
	}
	for _, want := range m.completed {
		got, err := l.Finished(ctx, "Customers", want.Run)
		if err != nil {
			return fmt.Errorf("the record of run %d: %w", want.Run, err)
		}
		if got.Status != dataflow.StatusCompleted {
			return fmt.Errorf("run %d is %s", want.Run, got.Status)
		}
	}
	if len(m.completed) > 0 {
		if err := m.holds(ctx, m.completed[len(m.completed)-1]); err != nil {
			return fmt.Errorf("before the next import: %w", err)
		}
	}
	run, err := e.Import(ctx, engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource})
	if err != nil {
		return fmt.Errorf("the next import: %w", err)
	}
	m.completed = append(m.completed, run)
	return m.holdsAll(ctx, l)
}

// holdsAll says whether each import that is to be kept can be read to its last row.
func (m *machine) holdsAll(ctx context.Context, l *ledger.Ledger) error {
	runs, err := l.Runs(ctx, "Customers", 0, 0) // also one that the cut left decided, and that the next process has brought to its end
	if err != nil {
		return err
	}
	runs = slices.DeleteFunc(runs, func(r dataflow.Run) bool { return r.Status != dataflow.StatusCompleted })
	if newest := m.completed[len(m.completed)-1].Run; runs[0].Run < newest {
		return fmt.Errorf("the newest run is %d, not %d", runs[0].Run, newest)
	}
	return m.holds(ctx, runs[:min(keptImports, len(runs))]...)
}

func (m *machine) holds(ctx context.Context, runs ...dataflow.Run) error {
	lake, err := m.home.Lakehouse(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = lake.Close() }() // it was only read
	for _, run := range runs {
		for _, t := range run.Tables {
			if err := lake.Intact(ctx, t.TableID, run.Run); err != nil {
				return fmt.Errorf("run %d: %w", run.Run, err)
			}
			_, rows, err := lake.Rows(ctx, t.TableID, lakehouse.RowsRequest{Run: &run.Run})
			if err != nil {
				return fmt.Errorf("the rows of run %d: %w", run.Run, err)
			}
			if int64(len(rows)) != t.Records() {
				return fmt.Errorf("run %d has %d rows in %s, not %d", run.Run, len(rows), t.TableID, t.Records())
			}
		}
	}
	return nil
}

// A machine that loses power at any moment, and with it what was not synced, has every run that an apply has reported.
func TestPowerCut_TakesNoRunThatWasCompletedAndNoRowOfIt(t *testing.T) {
	whole := newMachine(t, 0)
	if err := whole.works(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := whole.disk.Count()
	if total < 200 {
		t.Fatalf("%d operations in four runs: the disk is written to behind the test's back", total)
	}
	const moments = 24
	cut := 0
	for n := range moments {
		numbers := rand.New(rand.NewPCG(uint64(n), 1))
		at := n*total/moments + numbers.IntN(total/moments) + 1
		m := newMachine(t, at)
		err := m.works(t.Context())
		if err != nil && !errors.Is(err, disktest.ErrNoPower) && !strings.Contains(err.Error(), disktest.ErrNoPower.Error()) {
			t.Fatalf("moment %d: %v", at, err)
		}
		if err != nil {
			cut++
		}
		if err := m.disk.Cut(numbers); err != nil {
			t.Fatalf("moment %d: %v", at, err)
		}
		if err := m.startsAgain(t.Context()); err != nil {
			t.Errorf("the power was cut at operation %d of %d, after %d runs: %v", at, total, len(m.completed), err)
		}
	}
	if cut < moments*9/10 {
		t.Errorf("%d of %d cuts hit", cut, moments)
	}
}

// The same with every moment between the last run's end and what comes after it: the power is cut when an apply has said that all is well.
func TestPowerCut_AfterARunTakesNothing(t *testing.T) {
	for n := range 5 {
		m := newMachine(t, 0)
		if err := m.works(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.disk.Cut(rand.New(rand.NewPCG(uint64(n), 2))); err != nil {
			t.Fatal(err)
		}
		l, err := m.home.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.holdsAll(t.Context(), l); err != nil {
			t.Errorf("cut %d: %v", n, err)
		}
		if err := m.startsAgain(t.Context()); err != nil {
			t.Errorf("cut %d: %v", n, err)
		}
	}
}
