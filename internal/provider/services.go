package provider

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/checkpoint"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/starter"
)

// services are the concrete parts behind one configured provider, put together here and nowhere else. There is no policy here: that is the engine's.
// Each is opened when it is first needed; they live as long as the provider's process. Every method may be called concurrently.
type services struct {
	types   connectorTypes
	unknown bool // the configuration depends on something that is known only after apply

	unknownSettings []string // the settings that do
	places
	now         func() time.Time // nil: time.Now
	self        dataflow.Process // the owner of the runs; zero: this process
	resumeAfter time.Duration    // of the engine; 0: its own
	lease       time.Duration    // the same

	mu     sync.Mutex
	opened *ledger.Ledger
	lake   *lakehouse.Lakehouse

	planned *planned // what this process has planned: the plan that is under way
}

func newServices(types connectorTypes) *services {
	return &services{types: types, planned: newPlanned()}
}

// sayUnknown names the settings that are not known yet.
func (s *services) sayUnknown() string {
	return fmt.Sprintf("Of provider \"skypoint\" not known until apply: %s. ", strings.Join(s.unknownSettings, ", "))
}

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
	lake, err := s.lakehouse(ctx)
	if err != nil {
		return nil, err
	}
	note := s.noteRun
	if s.noReport {
		note = nil
	}
	return engine.New(engine.Config{
		Report: note, Ledger: l, HashKeys: l, Tables: lake, Sources: sources{s}, Checkpoints: checkpoint.New(filepath.Join(s.scratch, "parts")),
		Self: cmp.Or(s.self, process.Current()), Starter: starter.Current(), Liveness: process.Probe, Now: s.now, Notify: notify, ResumeAfter: s.resumeAfter, Lease: s.lease,
	}), nil
}

// lakehouse gives the tables. Opening it touches nothing, and whoever only reads leaves no trace.
func (s *services) lakehouse(ctx context.Context) (*lakehouse.Lakehouse, error) {
	l, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lake == nil {
		s.lake, err = lakehouse.Open(lakehouse.Config{
			Catalog:   s.catalog,
			Warehouse: s.warehouse, WorkspaceID: l.ID,
			SpoolDir: filepath.Join(s.scratch, "spool"),
		})
	}
	return s.lake, err
}
