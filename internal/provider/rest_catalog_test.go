package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// withCatalog gives the configuration with another catalog, written in HCL.
func withCatalog(config, catalog string) string {
	return strings.Replace(config, "provider \"skypoint\" {\n", "provider \"skypoint\" {\n  catalog = "+catalog+"\n", 1)
}

func overREST(config, uri string) string {
	return withCatalog(config, fmt.Sprintf("{ type = \"rest\", uri = %q }", uri))
}

// serve serves a catalog until the test ends, and gives its address.
func serve(t *testing.T, catalog http.Handler) string {
	server := httptest.NewServer(catalog)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRESTCatalog_ImportsRollsBackAndIsEmptyAfterADestroy(t *testing.T) {
	w := newWorld(t, 20)
	needsCLI(t)
	w.hasOwnCatalog()
	catalog := resttest.New(nil)
	uri := serve(t, catalog)
	w.livesAndIsDestroyed(func(config string) string { return overREST(config, uri) })
	if left := catalog.Tables(); len(left) > 0 {
		t.Errorf("after the destroy there are the tables %v", left)
	}
}

func TestRESTCatalog_IsWhatReadersAreToldOf(t *testing.T) {
	w := newWorld(t, 5)
	needsCLI(t)
	w.hasOwnCatalog()
	catalog := resttest.New(nil)
	config := overREST(w.dataflow("tables = { users = {} }"), serve(t, catalog)) + `
data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
  key         = "users"
}
`
	const users = "data.skypoint_table.users"
	w.run(resource.TestStep{Config: config, Check: resource.ComposeTestCheckFunc(
		resource.TestCheckResourceAttr(users, "catalog_type", "rest"),
		resource.TestCheckNoResourceAttr(users, "catalog_name"),
		resource.TestCheckResourceAttr(users, "identifier", "customers.users"),
		resource.TestCheckResourceAttrPair(users, "snapshots.0.metadata_location", users, "metadata_location"),
		resource.TestCheckResourceAttr(users, "snapshots.0.tag", "run_1"),
		resource.TestCheckResourceAttrWith(users, "metadata_location", func(at string) error {
			if want := catalog.Tables()["customers.users"]; at != want {
				return fmt.Errorf("it is %s, and the catalog has %s", at, want)
			}
			return nil
		}),
	)})
}

// dropInCatalog drops a table of database customers in the REST catalog, and leaves its files.
func (w *world) dropInCatalog(name string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodDelete, w.rest+"/v1/namespaces/customers/tables/"+name, http.NoBody)
	w.must(err)
	answer, err := http.DefaultClient.Do(request)
	w.must(err)
	w.must(answer.Body.Close())
	if answer.StatusCode != http.StatusNoContent {
		w.t.Fatalf("dropping %s: %s", name, answer.Status)
	}
}

// Somebody drops the tables in the catalog and leaves their files: the next apply puts them back, with their runs.
func TestRESTCatalog_TablesThatWereDroppedComeBackWithTheirRuns(t *testing.T) {
	w := newWorld(t, 5)
	needsCLI(t)
	w.hasOwnCatalog()
	uri := serve(t, resttest.New(nil))
	w.rest = uri
	config := w.dataflow("tables = { users = {} }")
	drop := func() { w.dropInCatalog("users") }
	const customers = "skypoint_dataflow.customers"
	w.run(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: drop, Config: config, Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr(customers, "current_run", "2"),
			resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "5"),
		)},
		resource.TestStep{Config: strings.Replace(config, "tables = { users = {} }", "tables = { users = {} }\npinned_run = 1", 1),
			Check: resource.TestCheckResourceAttr(customers, "current_run", "1")},
	)
}

// Who signs in is in no state, plan, log, message, record, table or request's address, whichever way it is given.
func TestRESTCatalog_SecretsAreNowhere(t *testing.T) {
	const token, credential = "tok-5f1c8e0b7d", "client-7:cred-93ab40c2ee"
	for name, try := range map[string]struct {
		catalog string
		env     map[string]string
	}{
		"a token in HCL":                  {`{ type = "rest", uri = "URI", properties = { token = var.catalog } }`, map[string]string{"TF_VAR_catalog": token}},
		"a token in the environment":      {`{ type = "rest", uri = "URI" }`, map[string]string{"SKYPOINT_CATALOG_TOKEN": token}},
		"a credential in HCL":             {`{ type = "rest", uri = "URI", properties = { credential = var.catalog } }`, map[string]string{"TF_VAR_catalog": credential}},
		"a credential in the environment": {`{ type = "rest", uri = "URI" }`, map[string]string{"SKYPOINT_CATALOG_CREDENTIAL": credential}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 5)
			needsCLI(t)
			w.hasOwnCatalog()
			catalog := resttest.New(nil)
			catalog.Token, catalog.Credential = token, credential
			variable := ""
			if strings.Contains(try.catalog, "var.") {
				variable = "variable \"catalog\" {\n  type      = string\n  ephemeral = true\n}\n"
			}
			config := requires + variable + withCatalog(w.dataflow("tables = { users = {} }"), strings.Replace(try.catalog, "URI", serve(t, catalog), 1))
			r := newRoot(t, config)
			maps.Copy(r.env, try.env)
			r.succeed("plan", "-out=first.tfplan")
			r.succeed("apply", "first.tfplan")
			for name, value := range try.env { // a wrong one is refused, and not repeated either
				r.env[name] = strings.Replace(strings.Replace(value, "tok-", "wrong-", 1), "cred-", "wrong-", 1)
				if code, out := r.run("plan"); code == 0 || !strings.Contains(spaced(out), "Check who signs in to the catalog") {
					t.Errorf("with a wrong secret the plan says:\n%s", out)
				}
			}
			r.noSecrets(r.files(), map[string]string{"the token": strings.TrimPrefix(token, "tok-"), "the credential": strings.TrimPrefix(credential, "client-7:cred-")})
		})
	}
}

func TestRESTCatalog_ThatDoesNotAnswerIsAnErrorThatSaysSo(t *testing.T) {
	w := newWorld(t, 1)
	needsCLI(t)
	w.hasOwnCatalog()
	nobody := serve(t, http.NotFoundHandler())
	config := w.dataflow("tables = { users = {} }")
	w.run(
		resource.TestStep{Config: overREST(config, nobody), ExpectError: fails("Check catalog.uri (without /v1 at its end)")},
		resource.TestStep{Config: overREST(config, serve(t, resttest.New(nil)))},
	)
}
