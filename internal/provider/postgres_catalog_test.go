package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

// overPostgres gives the configuration with the catalog in a PostgreSQL database.
func overPostgres(config, uri string) string {
	return strings.Replace(config, "provider \"skypoint\" {\n", fmt.Sprintf("provider \"skypoint\" {\n  catalog = { type = \"postgres\", uri = %q }\n", uri), 1)
}

func TestPostgresCatalog_ImportsRollsBackAndIsEmptyAfterADestroy(t *testing.T) {
	w := newWorld(t, 20)
	needsCLI(t)
	w.hasOwnCatalog()
	server := postgrestest.Start(t)
	uri := server.NewDatabase(t)
	w.livesAndIsDestroyed(func(config string) string { return overPostgres(config, uri) })
	for _, table := range []string{"iceberg_tables", "iceberg_namespace_properties"} {
		var left int
		w.must(server.Open(t, uri).QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&left))
		if left != 0 {
			t.Errorf("%s has %d rows after the destroy", table, left)
		}
	}
}

func TestPostgresCatalog_ThatIsChangedUnderADataflowIsRefusedByThePlan(t *testing.T) {
	w := newWorld(t, 5)
	needsCLI(t)
	w.hasOwnCatalog()
	server := postgrestest.Start(t)
	first, second := server.NewDatabase(t), server.NewDatabase(t)
	config := w.dataflow("tables = { users = {} }")
	refused := fails("and the provider is configured with catalog")
	w.run(
		resource.TestStep{Config: overPostgres(config, first)},
		resource.TestStep{Config: overPostgres(config, second), ExpectError: refused},
		resource.TestStep{Config: config, ExpectError: refused},
		resource.TestStep{Config: overPostgres(config, first), PlanOnly: true},
	)
}

func TestPostgresCatalog_ThatDoesNotWorkIsAnErrorWithoutThePassword(t *testing.T) {
	w := newWorld(t, 1)
	needsCLI(t)
	w.hasOwnCatalog()
	server := postgrestest.Start(t)
	good := server.NewDatabase(t)
	config := w.dataflow("tables = { users = {} }")
	step := func(uri, says string) resource.TestStep {
		return resource.TestStep{Config: overPostgres(config, uri), ExpectError: fails(says)}
	}
	w.run(
		step(strings.Replace(good, "correct", "wrong", 1), "Check the user of catalog.uri, and its password"),
		step(server.URI("nope"), "Make the database that catalog.uri names, or name one that is there."),
		step("mysql://localhost/db", "Give catalog.uri as postgres://USER@HOST:PORT/DATABASE"),
		resource.TestStep{Config: overPostgres(config, good)},
	)
	for _, bad := range []struct{ catalog, says string }{
		{`{ type = "postgres" }`, "A postgres catalog needs its address"},
		{`{ type = "sqlite", uri = "x.db" }`, "A sqlite catalog is the file catalog.db in the workspace: leave catalog.uri out."},
		{`{ type = "oracle", uri = "x" }`, `value must be one of: ["sqlite" "postgres" "rest" "glue"], got: "oracle"`},
		{`{ uri = "x" }`, `attribute "type" is required`},
	} {
		w.run(resource.TestStep{
			Config:      strings.Replace(config, "provider \"skypoint\" {\n", "provider \"skypoint\" {\n  catalog = "+bad.catalog+"\n", 1),
			ExpectError: regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(bad.says), " ", `\s+`)),
		})
	}
}
