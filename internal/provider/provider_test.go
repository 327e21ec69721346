package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// world is what an acceptance test lives in: a Cognito with one pool, and a workspace of its own.
type world struct {
	t         *testing.T
	server    *cognitotest.Server
	pool      *cognitotest.PoolHandle
	poolID    string // that the connector names
	endpoint  string
	workspace string // a folder's path; with a team, its URL
	team      *team  // nil: the workspace is a folder
	rest      string // the address of the REST catalog; empty: the catalog is the folder's or the team's
}

const (
	testPoolID = "us-east-1_Test12345"
	testKeyID  = "AKIAACCEPTANCETEST01"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYACCEPTANCE"
)

func newWorld(t *testing.T, users int) *world {
	t.Helper()
	t.Parallel()
	server := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{{AccessKeyID: testKeyID, SecretAccessKey: testSecret}}})
	pool := server.AddPool(cognitotest.Pool{
		ID: testPoolID, Name: "customers", Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: users, Groups: 3}),
	})
	w := &world{t: t, server: server, pool: pool, poolID: testPoolID, endpoint: server.Start(t), workspace: filepath.Join(t.TempDir(), "skypoint")}
	if os.Getenv(homeEnv) == "team" {
		w.joinTeam()
	}
	if os.Getenv(homeEnv) == "rest" {
		w.rest = serve(t, resttest.New(nil))
	}
	return w
}

// needsCLI skips a test that drives a real CLI where none is asked for. Many tests speak the protocol themselves and need none.
func needsCLI(t testing.TB) {
	t.Helper()
	if _, benchmark := t.(*testing.B); !benchmark && os.Getenv("TF_ACC") == "" {
		t.Skip("this test runs a real CLI: set TF_ACC=1, or use make test")
	}
}

// factories serve the provider in the test's own process.
func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"skypoint": providerserver.NewProtocol6WithError(provider.New("test")()),
	}
}

// provider gives the provider's block.
func (w *world) provider() string { return "provider \"skypoint\" {\n" + w.settings() + "}\n" }

// settings gives the arguments of the provider's block.
func (w *world) settings() string {
	if w.team != nil {
		return w.team.settings()
	}
	if w.rest != "" {
		return fmt.Sprintf("  workspace = %q\n  catalog = { type = \"rest\", uri = %q }\n", w.workspace, w.rest)
	}
	return fmt.Sprintf("  workspace = %q\n", w.workspace)
}

// connector gives a connector that works.
func (w *world) connector() string {
	return w.provider() + fmt.Sprintf(`
resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = %q
  access_key_id                = %q
  secret_access_key_wo         = %q
  secret_access_key_wo_version = 1
  endpoint                     = %q
  max_requests_per_second      = 10000
}
`, w.poolID, testKeyID, testSecret, w.endpoint)
}

// dataflow gives the connector and a dataflow with these arguments.
func (w *world) dataflow(arguments string) string {
	return w.connector() + fmt.Sprintf(`
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
%s
}
`, arguments)
}

// run runs the steps of a test. The framework checks after each step that the plan is empty.
func (w *world) run(steps ...resource.TestStep) {
	w.t.Helper()
	needsCLI(w.t)
	resource.Test(w.t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps})
}
