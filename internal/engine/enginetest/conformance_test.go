package enginetest_test

import (
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/ledgertest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
)

func TestTables_Conform(t *testing.T) {
	tablestest.Suite(t, func(testing.TB) tablestest.Subject { return enginetest.NewSubject() })
}

func TestTables_ConformWithTransactions(t *testing.T) {
	tablestest.Suite(t, func(testing.TB) tablestest.Subject { return enginetest.NewTransactionalSubject() })
}

func TestLedger_Conforms(t *testing.T) {
	ledgertest.Suite(t, func(testing.TB) ledgertest.Workspace {
		records := enginetest.NewRecords()
		return func() dataflow.Ledger { return enginetest.NewLedger(records, nil) }
	})
}
