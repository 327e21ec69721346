//go:build interop

package lakehouse

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// Iceberg's own server keeps the rules that the catalog of the other tests keeps.

func TestIcebergREST_CatalogConforms(t *testing.T) {
	uri := resttest.StartIceberg(t)
	for _, name := range catalogRuleNames() {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			emptyREST(t, uri)
			catalogRules[name](catalogWorld{t, restIn(t, uri, t.TempDir())})
		})
	}
}

func TestIcebergREST_LakehouseConforms(t *testing.T) {
	uri := resttest.StartIceberg(t)
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject {
		emptyREST(t, uri)
		catalog, dir := CatalogConfig{Type: CatalogREST, URI: uri}, t.TempDir()
		return subject{&place{Lakehouse: openOver(t, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}
	})
}

// emptyREST drops all that a catalog has: its server takes seconds to start.
func emptyREST(t testing.TB, uri string) {
	t.Helper()
	c, err := openREST(t.Context(), CatalogConfig{Type: CatalogREST, URI: uri}, "file:///nowhere")
	mustDo(t, err)
	empty(t, c.(*restCatalog))
	mustDo(t, c.Close())
}

// empty drops all that a catalog has, whatever it is.
func empty(t testing.TB, c interface {
	Catalog
	DropTable(ctx context.Context, ident table.Identifier) error
},
) {
	t.Helper()
	databases, err := c.ListNamespaces(t.Context(), nil)
	mustDo(t, err)
	for _, database := range databases {
		names, err := tablesOf(t.Context(), c, database[0])
		mustDo(t, err)
		for _, name := range names {
			mustDo(t, c.DropTable(t.Context(), table.Identifier{database[0], name}))
		}
		mustDo(t, c.DropNamespace(t.Context(), database))
	}
}
