package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse/filetest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// marker begins every value that users have of an attribute, and nothing else does.
func marker(attribute string) string {
	return "mk" + hashWithOneKey(attribute)[:14]
}

// forms are the ways in which a marker may be written.
func forms(marker string) map[string][]byte {
	found := map[string][]byte{"in hex": []byte(hex.EncodeToString([]byte(marker))), "in HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(marker)))), "clear": []byte(marker)}
	var low, high []byte
	for _, unit := range utf16.Encode([]rune(marker)) {
		low, high = append(low, byte(unit), byte(unit>>8)), append(high, byte(unit>>8), byte(unit))
	}
	found["in UTF-16LE"], found["in UTF-16BE"] = low, high
	for before := range 3 { // the marker's bytes at each place of a group, without characters that have a part in what is before or after
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + marker + "\x00\x00"))
		found[fmt.Sprint("in base64 at ", before)] = []byte(text[[]int{0, 2, 3}[before] : len(text)/4*4-4])
	}
	return found
}

// holders gives the files in which values of an attribute are, in whatever form.
func holders(files map[string][]byte, attribute string) (found []string) {
	for name, content := range files {
		for form, text := range forms(marker(attribute)) {
			if bytes.Contains(content, text) {
				found = append(found, name+" "+form)
			}
		}
	}
	slices.Sort(found)
	return found
}

// hiddenPool gives each of so many users a marked value of every attribute, and of two that no column has.
func hiddenPool(pool *cognitotest.PoolHandle) (attributes []string) {
	names := []string{"custom:nobody_knows_it", "custom:named"}
	for _, a := range pool.Schema() {
		if a.Name != "sub" {
			names = append(names, a.Name)
		}
	}
	i := 0
	for user := range pool.All() {
		i++
		hostile := map[string]string{}
		for _, a := range user.Attributes {
			hostile[a.Name] = a.Value
		}
		user.Attributes = user.Attributes[:1:1] // sub
		for _, name := range names {
			value := fmt.Sprintf("%s-%d-%s", marker(name), i, hostile[name])
			if name == "identities" {
				value = fmt.Sprintf(`[{"userId":"%s-%d","providerName":%q}]`, marker(name), i, name)
			}
			user.Attributes = append(user.Attributes, cognitotest.AttributeValue{Name: name, Value: value})
		}
		user.Username = fmt.Sprintf("%s-%d", marker("username"), i)
		pool.Put(user)
	}
	return append(names, "username")
}

// hidingPolicies hides everything of users but their plan.
func hidingPolicies(t *testing.T, config cognito.Config) (columns string) {
	t.Helper()
	opened, err := cognito.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	described, err := opened.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{`policy = "hash"`, `policy = "mask", keep_last = 3`, `policy = "drop"`}
	lines := []string{`username = { policy = "hash" }`, `"identities.userId" = { policy = "hash" }`, `custom_named = { policy = "hash" }`, `custom_plan = { policy = var.plan }`}
	for i, a := range described.Attributes {
		policy := kinds[i%3]
		if a.ColumnType != "string" {
			policy = kinds[2*(i%2)] // what is no text can't be masked
		}
		if a.Name != "sub" && a.Name != "identities" && a.Name != "custom:plan" {
			lines = append(lines, fmt.Sprintf("%q = { %s }", a.Column, policy))
		}
	}
	return strings.Join(lines, "\n")
}

// TestHiddenValues_AreNowhere imports users of whom every value bears a mark, and looks at every byte that is left of it: below the workspace, in state
// and plan, in the log and in what was printed.
func TestHiddenValues_AreNowhere(t *testing.T) {
	const users = 10_000
	needsCLI(t)
	if os.Getenv(homeEnv) != "" {
		t.Skip(speaksOfFolders)
	}
	var pages, killAt, failAt atomic.Int64
	reached := make(chan struct{}, 1)
	var service *cognitotest.Server
	good := cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret}
	service = cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{good}, OnRequest: func(op string, _ int) {
		if op != "ListUsers" {
			return
		}
		page := pages.Add(1)
		if page == killAt.Load() {
			reached <- struct{}{}
		}
		if page == failAt.Load() {
			service.SetCredentials(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret, Deny: []string{"ListUsers"}})
		}
	}})
	pool := service.AddPool(cognitotest.Pool{ID: testPoolID, Name: "customers", Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: users, UUIDv4: true, Hostile: true})})
	attributes := hiddenPool(pool)
	endpoint := service.Start(t)
	columns := hidingPolicies(t, cognito.Config{UserPoolID: testPoolID, Region: "us-east-1", AccessKeyID: testKeyID, SecretAccessKey: testSecret, Endpoint: endpoint, MaxRequestsPerSecond: 10_000})
	r := newRoot(t, requires+fmt.Sprintf(`
variable "build" { type = number }
variable "plan" { type = string }
variable "pin" {
  type    = number
  default = null
}
variable "retain_runs" {
  type    = number
  default = 10
}
provider "skypoint" {}
resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = %q
  access_key_id                = %q
  secret_access_key_wo         = %q
  secret_access_key_wo_version = 1
  endpoint                     = %q
  max_requests_per_second      = 10000
}
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables = { users = {
    columns     = { %s }
    new_columns = "drop"
  } }
  refresh_triggers = { build = var.build }
  pinned_run       = var.pin
  retain_runs      = var.retain_runs
}
data "skypoint_table_rows" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
  limit       = 5
}
output "rows" {
  value     = data.skypoint_table_rows.users.rows
  sensitive = true
}
`, testPoolID, testKeyID, testSecret, endpoint, columns))
	var before map[string][]byte
	look := func(when string, loaded ...string) {
		t.Helper()
		files := r.files()
		for name, content := range files {
			plain, err := filetest.Plain(name, content)
			if err != nil && !strings.Contains(name, "killed") { // a data file that a killed process was at
				plain = content
			}
			files[name] = plain
		}
		for _, attribute := range attributes {
			found := holders(files, attribute)
			if slices.Contains(loaded, attribute) {
				if len(found) == 0 {
					t.Errorf("%s: values of %s are nowhere, and are loaded: this test would see nothing", when, attribute)
				}
				continue
			}
			if len(found) > 0 {
				t.Errorf("%s: values of %s are in %s", when, attribute, strings.Join(found, ", "))
			}
		}
		before = files
	}
	apply := func(arguments ...string) []string {
		args := []string{"apply", "-auto-approve"}
		for _, a := range arguments {
			args = append(args, "-var", a)
		}
		return args
	}

	r.succeed(apply("build=1", "plan=load")...)
	look("an import", "custom:plan")

	failAt.Store(pages.Load() + 60)
	r.refuses("AccessDenied", apply("build=2", "plan=load"))
	service.SetCredentials(good)
	look("a failed import", "custom:plan")

	killAt.Store(pages.Load() + 60)
	killed := r.command(apply("build=3", "plan=load")...)
	killed.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.must(killed.Start())
	<-reached
	r.must(syscall.Kill(-killed.Process.Pid, syscall.SIGKILL))
	_ = killed.Wait()
	look("a killed import", "custom:plan")

	r.resumed(t, &pages, &killAt, reached)
	look("an import that went on from another", "custom:plan")

	r.succeed(apply("build=4", "plan=load")...)
	r.succeed("plan", "-out=saved.tfplan", "-var", "build=4", "-var", "plan=load", "-var", "pin=1")
	r.succeed(apply("build=4", "plan=load", "pin=1")...)
	look("a rollback", "custom:plan")

	r.succeed(apply("build=5", "plan=hash")...)
	look("another policy", "custom:plan") // kept runs hold it
	if found := holders(before, "custom:plan"); !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, ".parquet") }) {
		t.Errorf("no kept run holds what it loaded: %v", found)
	}

	r.succeed(apply("build=6", "plan=hash", "retain_runs=1")...)
	for _, name := range []string{"terraform.tfstate.backup", "trace.log", "saved.tfplan"} { // they have rows of the time when the plan was loaded
		r.must(os.Remove(filepath.Join(r.dir, name)))
	}
	r.output.Reset() // it showed rows while they were loaded
	r.succeed(apply("build=7", "plan=hash", "retain_runs=1")...)
	look("retention")
}

// resumed imports with a clock by which a page takes six seconds, is interrupted, and goes on.
func (r *root) resumed(t *testing.T, pages, killAt *atomic.Int64, reached chan struct{}) {
	t.Helper()
	workspace := filepath.Join(r.dir, ".skypoint")
	first := pages.Load()
	clock := func() time.Time { return time.Now().Add(time.Duration(pages.Load()-first) * 6 * time.Second) }
	record, err := provider.EngineFor(t, workspace).State(t.Context(), "Customers")
	r.must(err)
	order := engine.Order{UID: record.Record.UID, Definition: record.Record.Definition, Trigger: dataflow.TriggerDefinition}
	ctx, cancel := context.WithCancel(t.Context())
	killAt.Store(first + 150)
	go func() { <-reached; cancel() }()
	failed, err := provider.EngineWithClock(t, workspace, clock).Import(ctx, order)
	if err == nil || len(failed.Resumable) != 1 {
		t.Fatalf("the import was not interrupted: %v, %+v", err, failed.Resumable)
	}
	kept, err := filepath.Glob(filepath.Join(workspace, "parts", "Customers", "*", "*"))
	r.must(err)
	if len(kept) == 0 {
		t.Fatal("nothing was kept of it")
	}
	for _, path := range kept {
		content, err := os.ReadFile(path)
		r.must(err)
		if !bytes.Contains(content, []byte(marker("custom:plan"))) {
			t.Errorf("%s has no value that is loaded: this test would see nothing", filepath.Base(path))
		}
		for _, attribute := range []string{"email", "username", "identities", "custom:named", "custom:nobody_knows_it"} {
			if found := holders(map[string][]byte{"what was kept": content}, attribute); len(found) > 0 {
				t.Errorf("values of %s are in %v", attribute, found)
			}
		}
	}
	run, err := provider.EngineWithClock(t, workspace, clock).Import(t.Context(), order)
	r.must(err)
	if len(run.Tables[0].Resumed) != 1 || run.Tables[0].Counts.Read != 10_000 {
		t.Errorf("it resumed %+v and read %d", run.Tables[0].Resumed, run.Tables[0].Counts.Read)
	}
}
