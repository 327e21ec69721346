//go:build interop

package lakehouse

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/mototest"
)

// takesAll is why what happens when many commit at once can't be seen with moto's Glue: there all of them succeed.
const takesAll = "moto's Glue does not look at the version of an entry"

// motoGlue gives the properties of moto's Glue and S3, with the bucket lake.
func motoGlue(t testing.TB) map[string]string {
	endpoint := mototest.Start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/lake", http.NoBody)
	mustDo(t, err)
	made, err := http.DefaultClient.Do(request)
	mustDo(t, err)
	mustDo(t, made.Body.Close())
	return map[string]string{
		"glue.endpoint": endpoint, "glue.region": "us-east-1", "glue.access-key-id": "AKIALAKE", "glue.secret-access-key": "any",
		"s3.endpoint": endpoint, "s3.region": "us-east-1", "s3.access-key-id": "AKIALAKE", "s3.secret-access-key": "any",
	}
}

// emptyGlue drops all that moto's Glue has.
func emptyGlue(t testing.TB, properties map[string]string) {
	t.Helper()
	opened, err := openGlue(t.Context(), CatalogConfig{Type: CatalogGlue, Properties: properties}, "s3://lake")
	mustDo(t, err)
	c := opened.(*glueCatalog)
	databases, err := c.ListNamespaces(t.Context(), nil)
	mustDo(t, err)
	for _, database := range databases {
		names, err := tablesOf(t.Context(), c, database[0])
		mustDo(t, err)
		for _, name := range names {
			mustDo(t, c.DropTable(t.Context(), []string{database[0], name}))
		}
		mustDo(t, c.DropNamespace(t.Context(), database))
	}
}

func TestMoto_GlueCatalogConforms(t *testing.T) {
	properties := motoGlue(t)
	for n, name := range catalogRuleNames() {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if name == "lets one of many commits at once win" {
				t.Skip(takesAll)
			}
			emptyGlue(t, properties)
			catalogRules[name](catalogWorld{t, func() Catalog {
				c, err := openGlue(t.Context(), CatalogConfig{Type: CatalogGlue, Properties: properties}, fmt.Sprintf("s3://lake/%d", n))
				mustDo(t, err)
				return c
			}})
		})
	}
}

func TestMoto_LakehouseOverGlueConforms(t *testing.T) {
	properties := motoGlue(t)
	worlds := 0
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject {
		if strings.Contains(t.Name(), "/Contend/") {
			t.Skip(takesAll)
		}
		worlds++
		emptyGlue(t, properties)
		dir, warehouse := t.TempDir(), fmt.Sprintf("s3://lake/world%d", worlds)
		catalog := CatalogConfig{Type: CatalogGlue, Properties: properties}
		return motoSubject{subject{&place{Lakehouse: openIn(t, warehouse, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}, warehouse}
	})
}
