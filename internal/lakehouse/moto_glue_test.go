//go:build interop

package lakehouse

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
)

// takesAll is why what happens when many commit at once can't be seen with moto's Glue: there all of them succeed.
const takesAll = "moto's Glue does not look at the version of an entry"

// motoGlue gives the properties of moto's Glue and S3, with the bucket lake.
func motoGlue(t testing.TB) map[string]string {
	properties := motoLake(t)
	maps.Copy(properties, map[string]string{
		"glue.endpoint": properties["s3.endpoint"], "glue.region": "us-east-1", "glue.access-key-id": "AKIALAKE", "glue.secret-access-key": "any",
	})
	return properties
}

// emptyGlue drops all that moto's Glue has.
func emptyGlue(t testing.TB, properties map[string]string) {
	t.Helper()
	c, err := openGlue(t.Context(), CatalogConfig{Type: CatalogGlue, Properties: properties}, "s3://lake")
	mustDo(t, err)
	empty(t, c.(*glueCatalog))
	mustDo(t, c.Close())
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
