package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/ledgertest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

func inFolder(t testing.TB) ledgertest.Workspace {
	workspace := filepath.Join(t.TempDir(), ".skypoint")
	return func() dataflow.Ledger {
		l, err := ledger.Open(t.Context(), ledger.Config{Workspace: workspace})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

func inMemory(testing.TB) ledgertest.Workspace {
	store := ledger.NewMemoryStore()
	return func() dataflow.Ledger { return ledger.New(store, ledger.Config{}) }
}

func TestLedger_Conforms(t *testing.T) {
	t.Run("Folder", func(t *testing.T) { ledgertest.Suite(t, inFolder) })
	t.Run("Memory", func(t *testing.T) { ledgertest.Suite(t, inMemory) })
}

func TestLedger_IsAsTheOneThatTheEngineIsSimulatedOn(t *testing.T) {
	ledgertest.Alike(t, inMemory, func(testing.TB) ledgertest.Workspace {
		records := enginetest.NewRecords()
		return func() dataflow.Ledger { return enginetest.NewLedger(records, nil) }
	})
}
