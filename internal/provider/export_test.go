package provider

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// EngineFor gives an engine over a workspace, put together as the provider does it.
func EngineFor(t *testing.T, workspace string) *engine.Engine {
	t.Helper()
	e, err := OpenEngine(context.Background(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// EngineWithClock is EngineFor with another clock.
func EngineWithClock(t *testing.T, workspace string, now func() time.Time) *engine.Engine {
	t.Helper()
	s := newServices("test")
	s.workspace, s.warehouse, s.now = workspace, filepath.Join(workspace, "warehouse"), now
	e, err := s.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// OpenEngine is EngineFor where there is no test.
func OpenEngine(ctx context.Context, workspace string) (*engine.Engine, error) {
	s := newServices("test")
	s.workspace, s.warehouse = workspace, filepath.Join(workspace, "warehouse")
	return s.engine(ctx)
}
