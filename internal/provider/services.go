package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/parts"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

// services are the concrete parts behind one configured provider, put together here and nowhere else.
// Each is opened when it is first needed; they live as long as the provider's process. Every method may be called concurrently.
type services struct {
	version string
	unknown bool // the configuration depends on something that is known only after apply

	unknownSettings []string // the settings that do
	workspace       string
	warehouse       string
	secretsKey      string
	now             func() time.Time                                             // nil: time.Now
	self            dataflow.Process                                             // the owner of the runs; zero: this process
	resumeAfter     time.Duration                                                // of the engine; 0: its own
	open            func(context.Context, cognito.Config) (engine.Source, error) // a connector's source

	mu     sync.Mutex
	opened *ledger.Ledger
	lake   *lakehouse.Lakehouse

	claims    map[string]string        // names that this plan gives: kind/folded name → name
	created   map[string]tftypes.Value // kind/folded name of what this plan makes → its configuration
	released  map[string]bool          // kind/folded name of what this plan replaces by one of another case
	databases map[string]string        // databases that this plan gives: name → dataflow
	freed     map[string]bool          // databases of dataflows that this plan destroys
	pins      map[string]bool          // folded names of dataflows that this plan changes: whether it leaves them pinned
}

// The kinds of names.
const (
	kindConnector = "connector"
	kindDataflow  = "dataflow"
)

func newServices(version string) *services {
	return &services{
		open: openPool, version: version, claims: map[string]string{}, created: map[string]tftypes.Value{}, released: map[string]bool{},
		databases: map[string]string{}, freed: map[string]bool{}, pins: map[string]bool{},
	}
}

// sayUnknown names the settings that are not known yet.
func (s *services) sayUnknown() string {
	return fmt.Sprintf("Of provider \"skypoint\" not known until apply: %s. ", strings.Join(s.unknownSettings, ", "))
}

func (s *services) userAgent() string { return "terraform-provider-skypoint/" + s.version }

// ledger gives the records of the workspace.
func (s *services) ledger(ctx context.Context) (*ledger.Ledger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		l, err := ledger.Open(ctx, ledger.Config{Workspace: s.workspace, SecretsKeyURL: s.secretsKey})
		if err != nil {
			return nil, err
		}
		s.opened = l
	}
	return s.opened, nil
}

// engine gives an engine over the workspace. Opening it writes nothing.
func (s *services) engine(ctx context.Context) (*engine.Engine, error) {
	l, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Config{
		Ledger: l, Tables: tables{s}, Sources: sources{s}, Parts: parts.New(filepath.Join(s.workspace, "parts")),
		Self: cmp.Or(s.self, process.Current()), Liveness: liveness, Now: s.now, Notify: notify, ResumeAfter: s.resumeAfter,
	}), nil
}

// tablesToWrite gives the lakehouse for runs. It makes the workspace when there is none, since every table is marked with its id.
func (s *services) tablesToWrite(ctx context.Context) (*lakehouse.Lakehouse, error) {
	return s.lakehouse(ctx, true)
}

// tablesToRead gives the lakehouse for whoever only looks, and leaves no trace.
func (s *services) tablesToRead(ctx context.Context) (*lakehouse.Lakehouse, error) {
	return s.lakehouse(ctx, false)
}

func (s *services) lakehouse(ctx context.Context, create bool) (*lakehouse.Lakehouse, error) {
	l, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lake != nil {
		return s.lake, nil
	}
	id, err := l.ID(ctx, create)
	if !create && dataflow.IsCode(err, dataflow.CodeNotFound) {
		return s.openLakehouse(ctx, "no workspace yet") // not kept: once there is a workspace, its tables bear its id
	}
	if err != nil {
		return nil, err
	}
	s.lake, err = s.openLakehouse(ctx, id)
	return s.lake, err
}

func (s *services) openLakehouse(ctx context.Context, workspaceID string) (*lakehouse.Lakehouse, error) {
	return lakehouse.Open(ctx, lakehouse.Config{
		Catalog:   lakehouse.Catalog{Type: lakehouse.CatalogSQLite, URI: filepath.Join(s.workspace, "catalog.db")},
		Warehouse: s.warehouse, Workspace: workspaceID,
		SpoolDir: filepath.Join(s.workspace, "spool"), // not the system's temporary folder, which may be memory
	})
}

// claimName finds a name that two blocks of one configuration give, or that differs only in case from another one: from a record of the workspace,
// or from another resource of the same plan.
//
// A connector may change the case of its own name: Terraform plans that twice, the second time as if there were
// no connector yet, so the first time is remembered. A dataflow may not: its history stays under the name it has.
func (s *services) claimName(ctx context.Context, kind string, name, before types.String, config tftypes.Value) error {
	if name.IsUnknown() || s.unknown || name.Equal(before) {
		return nil
	}
	key := kind + "/" + dataflow.FoldName(name.ValueString())
	s.mu.Lock()
	other, taken := s.claims[key]
	s.claims[key] = name.ValueString()
	var twice bool
	if before.IsNull() {
		var made tftypes.Value
		made, twice = s.created[key]
		twice = twice && !mayBeOne(made, config) // `terraform test` plans a block a second time to apply it, with the same provider
		s.created[key] = config
	}
	if kind == kindConnector && dataflow.FoldName(name.ValueString()) == dataflow.FoldName(before.ValueString()) {
		s.released[key] = true
	}
	released := s.released[key]
	s.mu.Unlock()
	if taken && other != name.ValueString() {
		return &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("%s %q", kind, name.ValueString()),
			Cause: fmt.Errorf("the name differs only in case from %q, which this configuration has too", other),
			Hint:  "Names are unique without regard to case: choose another one.",
		}
	}
	if twice {
		return &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("%s %q", kind, name.ValueString()), Cause: errors.New("two blocks of this configuration make it"),
			Hint: "Give each a name of its own: names are unique in the workspace.",
		}
	}
	if released {
		return nil
	}
	l, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	if kind == kindConnector {
		_, err = l.Connector(ctx, name.ValueString())
	} else {
		_, err = l.Dataflow(ctx, name.ValueString())
	}
	if dataflow.IsCode(err, dataflow.CodeInvalid) {
		return err
	}
	return nil // whatever else is wrong with the record, apply says so
}

// withDrift shows what happened to the tables behind Terraform's back: a table that is gone, or can't be read any more, is due for a run.
// So is one without the run that the records say it is at: its catalog is a copy of an earlier time. And so is one that somebody else has written to.
func (s *services) withDrift(ctx context.Context, e *engine.Engine, state engine.State, diags *diag.Diagnostics) engine.State {
	for {
		if len(state.Standing.Tables) == 0 || state.Status() == dataflow.StatusProcessing { // a run that publishes moves them
			return state
		}
		there, lost, written, err := s.lookForTables(ctx, state.Standing)
		if err != nil {
			report(diags, "The tables can't be read", err, nil)
			return state
		}
		if len(lost)+len(written) == 0 {
			return state
		}
		again, err := e.State(ctx, state.Record.Definition.Name)
		if err != nil {
			report(diags, "Dataflow can't be read", err, nil)
			return state
		}
		if again.LastRun == nil || again.LastRun.Run != state.LastRun.Run {
			state = again // a run has moved them since the records were read
			continue
		}
		state.Standing.Tables = there
		state.Standing.Digest = "" // the tables are not what the definition asks for
		if len(lost) > 0 {
			diags.AddWarning(driftSummary, fmt.Sprintf(
				"Dataflow %q: %s: not in the catalog, or not at run %d. The next apply that runs the dataflow imports the data again. Files that they left in the warehouse stay where they are.",
				state.Record.Definition.Name, strings.Join(lost, ", "), *state.Standing.CurrentRun))
		}
		for _, what := range written {
			diags.AddWarning(driftSummary, fmt.Sprintf("Dataflow %q: %s", state.Record.Definition.Name, what))
		}
		return state
	}
}

const driftSummary = "Tables are not as the dataflow left them"

// lookForTables says which tables are where and what the dataflow left, names those that are lost, and says of the others in a sentence what
// happened to them. It opens only what somebody changed.
func (s *services) lookForTables(ctx context.Context, standing dataflow.Standing) (there []dataflow.TableResult, lost, changed []string, err error) {
	lake, err := s.tablesToRead(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	var ids []dataflow.TableID
	for _, t := range standing.Tables {
		ids = append(ids, t.TableID)
	}
	where, err := lake.Where(ctx, ids)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, t := range standing.Tables {
		if at, found := where[t.TableID]; found && at == t.PublishedMetadataLocation { // nobody has changed it since the run: its file says nothing new
			there = append(there, t)
			continue
		}
		found, err := lake.Describe(ctx, t.TableID)
		if dataflow.IsCode(err, dataflow.CodeFilesGone) {
			changed = append(changed, dataflow.Sentence(err))
			continue
		}
		if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return nil, nil, nil, err
		}
		atRun := slices.ContainsFunc(found.Runs, func(r lakehouse.TableRun) bool { return standing.CurrentRun != nil && r.Run == *standing.CurrentRun })
		if err != nil || found.UUID != t.UUID || found.Hidden || !atRun {
			lost = append(lost, t.TableID.String())
			continue
		}
		there = append(there, t)
		if t.After != nil && found.SnapshotID != nil && *found.SnapshotID != *t.After {
			changed = append(changed, fmt.Sprintf("somebody else has written to table %s since run %d. The next apply that runs the dataflow makes it what the source has.",
				t.TableID, *standing.CurrentRun))
		}
	}
	return there, lost, changed, nil
}

// tables is the lakehouse as the engine asks for it.
type tables struct{ s *services }

var _ engine.Tables = tables{}

func (t tables) Stage(ctx context.Context, req dataflow.StageRequest) (engine.Staging, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return nil, err
	}
	staging, err := lake.Stage(ctx, req)
	if dataflow.IsCode(err, dataflow.CodeCorrupt) && req.Run == 1 && t.beginAnew(ctx, lake, req) == nil {
		staging, err = lake.Stage(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	return staging, nil
}

// beginAnew lets a dataflow whose records were deleted behind everybody's back take its table over: the table has traces of runs
// whose numbers are given again.
func (t tables) beginAnew(ctx context.Context, lake *lakehouse.Lakehouse, req dataflow.StageRequest) error {
	l, err := t.s.ledger(ctx)
	if err != nil {
		return err
	}
	return lake.ForgetRuns(ctx, req.Dataflow, req.ID, func(ctx context.Context) error {
		latest, err := l.Latest(ctx, req.Dataflow)
		if err == nil && latest != req.Run {
			err = fmt.Errorf("run %d has begun", latest)
		}
		return err
	})
}

func (t tables) Columns(ctx context.Context, name string, id dataflow.TableID, schema dataflow.Schema) (map[string]string, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return nil, err
	}
	return lake.Columns(ctx, name, id, schema)
}

func (t tables) Broken(ctx context.Context, databases []string) ([]dataflow.TableID, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return nil, err
	}
	return lake.Broken(ctx, databases)
}

func (t tables) Discard(ctx context.Context, id dataflow.TableID, metadataLocation string) error {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return err
	}
	return lake.Discard(ctx, id, metadataLocation)
}

func (t tables) Intact(ctx context.Context, id dataflow.TableID, run int64) error {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return err
	}
	return lake.Intact(ctx, id, run)
}

func (t tables) Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	return lake.Ticket(ctx, req)
}

func (t tables) Publish(ctx context.Context, name string, run int64, change dataflow.TableChange) (dataflow.TableResult, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return dataflow.TableResult{}, err
	}
	return lake.Publish(ctx, name, run, change)
}

func (t tables) Retain(ctx context.Context, name string, run int64, ids []dataflow.TableID, letGo []int64) (map[dataflow.TableID]string, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return nil, err
	}
	return lake.Retain(ctx, name, run, ids, letGo)
}

func (t tables) Sweep(ctx context.Context, name string, run int64, ids []dataflow.TableID) error {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return err
	}
	return lake.Sweep(ctx, name, run, ids)
}

func (t tables) Owned(ctx context.Context, name string, databases []string) ([]dataflow.OwnedTable, error) {
	lake, err := t.s.tablesToWrite(ctx)
	if err != nil {
		return nil, err
	}
	return lake.Owned(ctx, name, databases)
}

// sources opens connectors by their type.
type sources struct{ s *services }

var _ engine.Sources = sources{}

func (o sources) Open(ctx context.Context, name string) (engine.Source, error) {
	config, err := o.s.connectorConfig(ctx, name)
	if err != nil {
		return nil, err
	}
	return o.s.open(ctx, config)
}

func openPool(ctx context.Context, config cognito.Config) (engine.Source, error) {
	pool, err := cognito.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// noConnector says that an argument names a connector that there is not.
func noConnector(name, argument string) error {
	return &dataflow.Error{
		Code: dataflow.CodeNoConnector, Object: fmt.Sprintf("connector %q", name), Cause: errors.New("it is not in the workspace"),
		Hint: "Create it, or give " + argument + " the id of one that exists.",
	}
}

// connectorConfig says how to sign in to the pool of a connector, its secret opened.
func (s *services) connectorConfig(ctx context.Context, name string) (cognito.Config, error) {
	connector, err := s.connector(ctx, name)
	if err != nil {
		return cognito.Config{}, err
	}
	secret := ""
	if connector.AccessKeyID != nil {
		l, err := s.ledger(ctx)
		if err != nil {
			return cognito.Config{}, err
		}
		if secret, err = l.ConnectorSecret(ctx, name); err != nil {
			return cognito.Config{}, err
		}
	}
	return cognitoConfig(connector, secret, s.userAgent()), nil
}

func tableKeys() []string {
	var keys []string
	for _, t := range cognito.Tables() {
		keys = append(keys, t.Key)
	}
	return keys
}

func liveness(p dataflow.Process) engine.Liveness {
	switch process.Probe(p) {
	case process.Alive:
		return engine.LivenessAlive
	case process.Dead:
		return engine.LivenessDead
	case process.Unknown:
	}
	return engine.LivenessUnknown
}

func logEvent(ctx context.Context, e dataflow.Event) {
	fields := map[string]any{"dataflow": e.Dataflow, "run": e.Run, "table": e.Table, "rows": e.Rows}
	if e.RowsPerSecond > 0 {
		fields["rows_per_second"] = int64(e.RowsPerSecond)
	}
	if e.Remaining > 0 {
		fields["remaining"] = e.Remaining.String()
	}
	tflog.Info(ctx, "run "+e.Step, fields)
}
