package provider

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// EngineFor gives an engine over a workspace, put together as the provider does it.
func EngineFor(t *testing.T, workspace string) *engine.Engine {
	t.Helper()
	s := newServices("test")
	s.workspace, s.warehouse = workspace, filepath.Join(workspace, "warehouse")
	e, err := s.engine(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return e
}
