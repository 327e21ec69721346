package enginetest_test

import (
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
)

func TestTables_Conform(t *testing.T) {
	tablestest.Suite(t, func(testing.TB) tablestest.Subject { return enginetest.NewSubject() })
}
