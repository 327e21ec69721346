//go:build interop

package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// What goes wrong in a team's daily work, and what pyiceberg reads after it: a real CLI applies, and nothing of the provider's reads.

// team is a root module with a workspace, over a pool that the test changes.
type team struct {
	*workspace
	t    *testing.T
	pool *cognitotest.PoolHandle
	env  []string
}

const teamUsers = 10

func newTeam(t *testing.T) *team {
	t.Helper()
	key := cognitotest.DefaultCredential()
	server := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{key}})
	handle := server.AddPool(cognitotest.Pool{ID: "us-east-1_Team00001", Users: cognitotest.Generate(cognitotest.Spec{Seed: 9, Users: teamUsers})})
	w := newWorkspace(t)
	tm := &team{workspace: w, t: t, pool: handle}
	tm.env = append(w.environment(), "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey, "AWS_REGION="+handle.Region(),
		"TF_VAR_endpoint="+server.Start(t), "TF_VAR_user_pool_id="+handle.ID())
	tm.declare("users = {}", "")
	return tm
}

// declare writes the configuration: these tables, and more arguments of the dataflow.
func (tm *team) declare(tables, arguments string) {
	tm.t.Helper()
	tm.write("main.tf", fmt.Sprintf(`
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}

variable "user_pool_id" {}
variable "endpoint" {}
variable "build" { default = "1" }

provider "skypoint" {}

resource "skypoint_cognito_connector" "app" {
  name                    = "App"
  user_pool_id            = var.user_pool_id
  endpoint                = var.endpoint
  max_requests_per_second = 1000
}

resource "skypoint_dataflow" "customers" {
  name             = "Customers"
  connector_id     = skypoint_cognito_connector.app.id
  tables           = { %s }
  refresh_triggers = { build = var.build }
  %s
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}

output "metadata" {
  value = data.skypoint_table.users.metadata_location
}
`, tables, arguments))
}

func (tm *team) write(name, text string) {
	tm.t.Helper()
	if err := os.WriteFile(filepath.Join(tm.dir, name), []byte(text), 0o600); err != nil {
		tm.t.Fatal(err)
	}
}

// run runs the CLI, and gives its exit code and what it printed.
func (tm *team) run(args ...string) (int, string) {
	tm.t.Helper()
	cmd := exec.CommandContext(tm.t.Context(), tm.cli, append(args, "-no-color")...)
	cmd.Dir, cmd.Env = tm.dir, tm.env
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		tm.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (tm *team) succeeds(args ...string) string {
	tm.t.Helper()
	code, out := tm.run(args...)
	if code != 0 {
		tm.t.Fatalf("%s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// fails expects that a command fails with these words in its message, wherever its lines break.
func (tm *team) fails(words string, args ...string) string {
	tm.t.Helper()
	code, out := tm.run(args...)
	plain := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
	if code != 1 || !strings.Contains(plain, words) {
		tm.t.Errorf("%s ended with %d and does not say %q:\n%s", strings.Join(args, " "), code, words, out)
	}
	return out
}

// imports applies, as another build of the pipeline does, and expects that nothing is left to do.
func (tm *team) imports(build string) {
	tm.t.Helper()
	tm.succeeds("apply", "-auto-approve", "-var", "build="+build)
	tm.settled(build)
}

func (tm *team) settled(build string) {
	tm.t.Helper()
	if code, out := tm.run("plan", "-detailed-exitcode", "-var", "build="+build); code != 0 {
		tm.t.Errorf("the plan is not empty:\n%s", out)
	}
}

// found is a table as pyiceberg finds it.
type found struct {
	MetadataLocation string           `json:"metadata_location"`
	Refs             []string         `json:"refs"`
	Rows             []map[string]any `json:"rows"`
}

func (tm *team) look(table string, ref ...string) found {
	tm.t.Helper()
	args := append([]string{filepath.Join(tm.dir, ".skypoint", "catalog.db"), "customers." + table}, ref...)
	out, err := python(tm.t, "PYICEBERG", "look.py", args...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			tm.t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		tm.t.Fatal(err)
	}
	var f found
	if err := json.Unmarshal(out, &f); err != nil {
		tm.t.Fatalf("%v: %s", err, out)
	}
	return f
}

// column gives the values of one column by the users' subs.
func (f found) column(name string) map[string]any {
	values := map[string]any{}
	for _, row := range f.Rows {
		sub, _ := row["sub"].(string)
		values[sub] = row[name]
	}
	return values
}

// names gives every user's name by sub: what the pool holds.
func (tm *team) names() map[string]any {
	names := map[string]any{}
	for user := range tm.pool.All() {
		names[user.Sub] = user.Username
	}
	if len(names) == 0 {
		tm.t.Fatal("the pool has no user: nothing would be compared")
	}
	return names
}

// holds expects that users has exactly these, now or at a ref.
func (tm *team) holds(names map[string]any, ref ...string) {
	tm.t.Helper()
	f := tm.look("users", ref...)
	if diff := cmp.Diff(names, f.column("username")); diff != "" || len(f.Rows) != len(names) {
		tm.t.Errorf("users at %v: %d rows (-want +got):\n%s", ref, len(f.Rows), diff)
	}
}

func (tm *team) evolve(change cognitotest.Evolution) {
	tm.t.Helper()
	if _, err := tm.pool.Evolve(change); err != nil {
		tm.t.Fatal(err)
	}
}

// has gives every user an attribute with one value.
func (tm *team) has(attribute, value string) {
	for user := range tm.pool.All() {
		user.Attributes = append(slices.Clone(user.Attributes), cognitotest.AttributeValue{Name: attribute, Value: value})
		tm.pool.Put(user)
	}
}

func (tm *team) metadataFiles(table string) []string {
	tm.t.Helper()
	files, err := filepath.Glob(filepath.Join(globbed(tm.dir), ".skypoint", "warehouse", "customers", table+"-*", "metadata", "*.metadata.json"))
	if err != nil || len(files) == 0 {
		tm.t.Fatalf("no metadata file of %s: %v", table, err)
	}
	return files
}

// globbed gives a pattern that matches a folder whose name has brackets.
func globbed(folder string) string {
	return regexp.MustCompile(`[\[\]*?\\]`).ReplaceAllString(folder, `\$0`)
}

func TestTests_AndSecondWorkspacesLeaveTheTablesAsTheyAre(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	names := tm.names()

	tm.write("main.tftest.hcl", "run \"a\" {}\nrun \"b\" {}\n")
	tm.fails("A create takes over nothing that is complete, and has changed nothing.", "test")
	if err := os.Remove(filepath.Join(tm.dir, "main.tftest.hcl")); err != nil {
		t.Fatal(err)
	}
	tm.holds(names)

	tm.succeeds("workspace", "new", "staging")
	tm.fails("A create takes over nothing that is complete, and has changed nothing.", "apply", "-auto-approve")
	tm.succeeds("destroy", "-auto-approve")
	tm.succeeds("workspace", "select", "default")
	tm.holds(names)
	tm.holds(names, "run_1")
	tm.settled("1")

	if err := os.Remove(filepath.Join(tm.dir, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"skypoint_cognito_connector.app", "skypoint_dataflow.customers"} {
		out := tm.fails("A create takes over nothing that is complete, and has changed nothing.", "apply", "-auto-approve")
		kind, _, _ := strings.Cut(address, ".")
		printed := regexp.MustCompile(`terraform import ` + kind + `\.ADDRESS (\w+)`).FindStringSubmatch(out)
		if printed == nil {
			t.Fatalf("no import command is printed:\n%s", out)
		}
		tm.succeeds("import", address, printed[1])
	}
	tm.imports("1")
	tm.holds(names)
}

func TestWorkspace_ThatIsNotThereIsNoReasonToImportAnewOrToForget(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	names := tm.names()
	here, away := filepath.Join(tm.dir, ".skypoint"), filepath.Join(tm.dir, "elsewhere")
	if err := os.Rename(here, away); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}, {"destroy", "-auto-approve", "-refresh=false"}} {
		tm.fails(here, args...)
	}
	if err := os.Rename(away, here); err != nil {
		t.Fatal(err)
	}
	tm.settled("1")
	tm.holds(names)
}

func TestDestroy_LeavesNoFileInAWarehouseThatIsNoLongerSet(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	before := filepath.Dir(filepath.Dir(tm.metadataFiles("users")[0]))
	text, err := os.ReadFile(filepath.Join(tm.dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	tm.write("main.tf", strings.Replace(string(text), `provider "skypoint" {}`, "provider \"skypoint\" {\n  warehouse = \"other\"\n}", 1))
	tm.imports("1")
	tm.succeeds("destroy", "-auto-approve")
	if _, err := os.Stat(before); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", before, err)
	}
}

func TestTable_WhoseMetadataIsGoneIsMadeAnewAndTheOthersKeepTheirRuns(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.declare("users = {}, user_pool = {}", "")
	tm.imports("1")
	tm.evolve(cognitotest.Evolution{Changed: 2, Added: 1})
	tm.imports("2")
	for _, file := range tm.metadataFiles("users") {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if code, out := tm.run("plan", "-detailed-exitcode", "-var", "build=2"); code != 2 || !strings.Contains(out, "users") {
		t.Errorf("the plan ended with %d:\n%s", code, out)
	}
	tm.imports("2")
	tm.holds(tm.names())
	if got := tm.look("user_pool", "run_1"); len(got.Rows) != 1 || !slices.Contains(got.Refs, "run_2") {
		t.Errorf("user_pool at run 1: %+v", got)
	}

	for _, file := range tm.metadataFiles("users") { // cut off
		if err := os.Truncate(file, 10); err != nil {
			t.Fatal(err)
		}
	}
	tm.succeeds("destroy", "-auto-approve", "-refresh=false")
	if left, _ := filepath.Glob(filepath.Join(globbed(tm.dir), ".skypoint", "warehouse", "customers", "*-*")); len(left) > 0 {
		t.Errorf("the destroy left %v", left)
	}
}

func TestConnector_InUseStaysUntilItsDataflowIsGone(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	tm.succeeds("state", "rm", "skypoint_dataflow.customers") // as if another root module had the dataflow
	tm.fails(`dataflow "Customers"`, "destroy", "-auto-approve")
	tm.succeeds("import", "skypoint_dataflow.customers", "Customers")
	tm.evolve(cognitotest.Evolution{Added: 3})
	tm.imports("2")
	tm.holds(tm.names())
}

func TestRetention_KeepsTheNewestImportsHoweverOftenSomebodyGoesBack(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	names := map[int]map[string]any{}
	for run := 1; run <= 3; run++ {
		tm.declare("users = {}", "retain_runs = 3")
		tm.imports(fmt.Sprint(run))
		names[run] = tm.names()
		tm.evolve(cognitotest.Evolution{Added: 1})
	}
	for _, pin := range []string{"pinned_run = 2", "", "pinned_run = 2", "", "pinned_run = 1"} {
		tm.declare("users = {}", "retain_runs = 3\n  "+pin)
		tm.imports("3")
	}
	tm.holds(names[1])
	for run, want := range names {
		tm.holds(want, fmt.Sprintf("run_%d", run))
	}
}

func TestTrigger_ThatChangedUnderAPinRunsWhenThePinGoes(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	first := tm.names()
	tm.evolve(cognitotest.Evolution{Added: 2})
	tm.imports("2")
	tm.declare("users = {}", "pinned_run = 1")
	tm.imports("2")
	tm.evolve(cognitotest.Evolution{Added: 4})
	tm.imports("3") // nothing may run, but the trigger asked for it
	tm.holds(first)
	tm.declare("users = {}", "")
	tm.imports("3")
	tm.holds(tm.names())
}

func TestForeignWriter_IsNoticedByThePlanAndItsRowsGoWithTheNextImport(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	if got := tm.look("users", "--append-first"); len(got.Rows) != teamUsers+1 {
		t.Fatalf("the other writer left %d rows", len(got.Rows))
	}
	if code, out := tm.run("plan", "-detailed-exitcode"); code != 2 {
		t.Errorf("the plan ended with %d:\n%s", code, out)
	}
	tm.imports("1")
	tm.holds(tm.names())
}

func TestColumn_StaysItsAttributesThroughWhateverComes(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.declare("users = {}, user_attributes = {}", "")
	add := func(name string) {
		tm.pool.AddCustomAttribute(cognitotest.Attribute{Name: name, Type: "String"})
		tm.has(name, name)
	}
	add("custom:部署")
	add("custom:Tenant")
	tm.imports("1")
	add("custom:役職")
	add("custom:tenant")
	tm.imports("2")
	users := tm.look("users")
	if len(users.Rows) != len(tm.names()) {
		t.Fatalf("%d rows of %d users", len(users.Rows), len(tm.names()))
	}
	compared := 0
	texts := map[string]bool{}
	for _, attribute := range tm.pool.Schema() {
		texts[attribute.Name] = attribute.Type == "String"
	}
	for _, attribute := range tm.look("user_attributes").Rows {
		name, _ := attribute["name"].(string)
		if !strings.HasPrefix(name, "custom:") || !texts[name] {
			continue
		}
		column, _ := attribute["users_column"].(string)
		want := map[string]any{}
		for user := range tm.pool.All() {
			want[user.Sub] = nil
			if value, ok := user.Attribute(name); ok {
				want[user.Sub] = value
			}
		}
		if diff := cmp.Diff(want, users.column(column)); diff != "" {
			t.Errorf("%s is said to be in %s (-want +got):\n%s", name, column, diff)
		}
		compared++
	}
	if compared < 4 { // what the test gave the users, in either spelling
		t.Errorf("%d columns were compared", compared)
	}
	for column, value := range map[string]string{"custom_部署": "custom:部署", "custom_tenant": "custom:Tenant", "custom_役職": "custom:役職"} {
		for sub, got := range users.column(column) {
			if got != value {
				t.Errorf("%s of %s is %v, want %s", column, sub, got, value)
			}
		}
	}
}

func TestMetadataLocation_IsTheCatalogsAndTheCatalogIsOneFile(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.declare("users = {}", "retain_runs = 2")
	for run := 1; run <= 4; run++ {
		tm.imports(fmt.Sprint(run))
		tm.evolve(cognitotest.Evolution{Added: 1})
	}
	now := tm.look("users")
	if diff := cmp.Diff([]string{"main", "run_3", "run_4"}, now.Refs); diff != "" {
		t.Errorf("refs (-want +got):\n%s", diff)
	}
	if said := strings.TrimSpace(tm.succeeds("output", "-raw", "metadata")); said != now.MetadataLocation {
		t.Errorf("skypoint_table says %s, pyiceberg %s", said, now.MetadataLocation)
	}

	catalog, err := os.ReadFile(filepath.Join(tm.dir, ".skypoint", "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	alone := &team{workspace: &workspace{dir: t.TempDir()}, t: t}
	if err := os.Mkdir(filepath.Join(alone.dir, ".skypoint"), 0o700); err != nil {
		t.Fatal(err)
	}
	alone.write(filepath.Join(".skypoint", "catalog.db"), string(catalog))
	if copied := alone.look("users"); copied.MetadataLocation != now.MetadataLocation || len(copied.Rows) != len(now.Rows) {
		t.Errorf("a copy of catalog.db alone has %s with %d rows", copied.MetadataLocation, len(copied.Rows))
	}
}
