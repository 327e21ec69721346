package provider_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// pluginName is what a CLI starts a provider as.
const pluginName = "terraform-provider-skypoint"

// variantEnv names the one of provider.Variants that is started instead.
const variantEnv = "SKYPOINT_TEST_VARIANT"

// TestMain lets the test binary be the provider when a CLI starts it under the provider's name: a process of its own,
// with its log in the CLI's, and nothing to build first. So it is the importer that a benchmark starts.
func TestMain(m *testing.M) {
	if workspace := os.Getenv(importerEnv); workspace != "" {
		os.Exit(importerMain(workspace))
	}
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") != pluginName {
		code := m.Run()
		closePostgres()
		os.Exit(code)
	}
	served := provider.New("test")
	if variant := os.Getenv(variantEnv); variant != "" {
		served = provider.Variants[variant]
	}
	err := providerserver.Serve(context.Background(), served, providerserver.ServeOpts{
		Address: "registry.terraform.io/skypointcloud/skypoint", ProtocolVersion: 6,
	})
	if err == nil {
		err = notePeak()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// root is a root module with a CLI that works in it, and everything that the CLI says and writes.
type root struct {
	t      testing.TB
	cli    string
	dir    string
	env    map[string]string
	output bytes.Buffer
}

// newRoot makes a root module with this configuration.
func newRoot(t testing.TB, config string) *root {
	t.Helper()
	needsCLI(t)
	r := &root{t: t, cli: findCLI(t), dir: t.TempDir()}
	self, err := os.Executable()
	r.must(err)
	plugins := t.TempDir()
	name := pluginName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	r.must(os.Symlink(self, filepath.Join(plugins, name)))
	rc := filepath.Join(plugins, "cli.tfrc")
	// The short address is the one that Terraform and OpenTofu each complete with its own registry.
	r.must(os.WriteFile(rc, fmt.Appendf(nil, "provider_installation {\n  dev_overrides {\n    \"skypointcloud/skypoint\" = %q\n  }\n  direct {}\n}\n", plugins), 0o600))
	r.must(os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(config), 0o600))
	r.env = map[string]string{
		"TF_CLI_CONFIG_FILE": rc, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0",
		"TF_LOG": "TRACE", "TF_LOG_PATH": filepath.Join(r.dir, "trace.log"),
	}
	return r
}

func (r *root) must(err error) {
	if err != nil {
		r.t.Helper()
		r.t.Fatal(err)
	}
}

// command makes a command of the CLI.
func (r *root) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), r.cli, append(args, "-no-color")...)
	cmd.Dir = r.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc([]string{"TF_", "SKYPOINT_", "AWS_"}, func(prefix string) bool { return strings.HasPrefix(v, prefix) })
	})
	for _, name := range slices.Sorted(maps.Keys(r.env)) {
		cmd.Env = append(cmd.Env, name+"="+r.env[name])
	}
	return cmd
}

// run runs a command of the CLI, and gives its exit code and what it printed.
func (r *root) run(args ...string) (int, string) {
	r.t.Helper()
	cmd := r.command(args...)
	out, err := cmd.CombinedOutput()
	r.output.Write(out)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// succeed runs a command that must succeed.
func (r *root) succeed(args ...string) string {
	r.t.Helper()
	code, out := r.run(args...)
	if code != 0 {
		r.t.Fatalf("%s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// files gives every file that there is in the root module, saved plans with what is packed into them, and what the CLI printed.
func (r *root) files() map[string][]byte {
	r.t.Helper()
	files := map[string][]byte{"(printed)": r.output.Bytes()}
	r.must(filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if files[name], err = os.ReadFile(path); err != nil || !strings.HasSuffix(name, ".tfplan") {
			return err
		}
		packed, err := zip.OpenReader(path)
		if err != nil {
			return err
		}
		defer func() { _ = packed.Close() }() // read only
		for _, f := range packed.File {
			content, err := f.Open()
			if err != nil {
				return err
			}
			if files[name+"/"+f.Name], err = io.ReadAll(content); err != nil {
				return err
			}
		}
		return nil
	}))
	return files
}

// findCLI gives the CLI that the tests are run with: the one they are told, else one from PATH, else a Terraform that is downloaded.
func findCLI(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	release := &releases.LatestVersion{Product: product.Terraform, InstallDir: t.TempDir(), Constraints: version.MustConstraints(version.NewConstraint(">= 1.11"))}
	path, err := release.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// spellings gives the ways in which a secret may be written: as it is, escaped, in hex, and in base64 at each of the
// three places that a byte can have in a group of base64, without the characters that its neighbours have a part in. Of a long one
// its beginning and its end are given: half a secret is one too, and no line is cut off so that neither is left.
func spellings(secret string) map[string]string {
	found := map[string]string{
		"clear": secret, "URL-escaped": url.QueryEscape(secret), "quoted": strings.ReplaceAll(secret, "/", `\/`),
		"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for before := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "URL-safe base64": base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
			text = text[[]int{0, 2, 3}[before]:]
			if (before+len(secret))%3 != 0 {
				text = text[:len(text)-1]
			}
			found[fmt.Sprintf("%s at %d", name, before)] = text
		}
	}
	const half = 20
	for name, text := range maps.Clone(found) {
		if len(text) > half {
			delete(found, name)
			found[name+", the beginning"], found[name+", the end"] = text[:half], text[len(text)-half:]
		}
	}
	return found
}

func TestSpellings_AreFoundWhereverASecretIsEncoded(t *testing.T) {
	for _, secret := range []string{"wJalrXUtnFEMI/K7MDENG+bPxRfiCY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEX~\xff"} {
		for _, before := range []string{"", "k", "ke", "key", "{\"a\": \"", "{\"ab\": \""} {
			for _, after := range []string{"", "\"", "\"}", "\"}\n"} {
				for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
					text := encoding.EncodeToString([]byte(before + secret + after))
					if !slices.ContainsFunc(slices.Collect(maps.Values(spellings(secret))), func(s string) bool { return strings.Contains(text, s) }) {
						t.Errorf("%q between %q and %q is not found in %s", secret, before, after, text)
					}
				}
			}
		}
	}
}

// Four ways to sign in: a key of the connector's own, a session in the environment, one in a profile, and one of a role. Runs, their history and rows
// of a kept run are read too.
const secretsConfig = `
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}

variable "secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "secrets_key" {
  type      = string
  sensitive = true
  ephemeral = true
  default   = null
}

variable "endpoint" {
  type = string
}

variable "build" {
  type = number
}

variable "secret_version" {
  type = number
}

provider "skypoint" {
  secrets_key = var.secrets_key
}

resource "skypoint_cognito_connector" "key" {
  name                         = "Key"
  user_pool_id                 = "us-east-1_Test12345"
  access_key_id                = "AKIAACCEPTANCETEST01"
  secret_access_key_wo         = var.secret
  secret_access_key_wo_version = var.secret_version
  endpoint                     = var.endpoint
  max_requests_per_second      = 10000
}

resource "skypoint_cognito_connector" "environment" {
  name                    = "Environment"
  user_pool_id            = "us-east-1_Test12345"
  endpoint                = var.endpoint
  max_requests_per_second = 10000
}

resource "skypoint_cognito_connector" "profile" {
  name                    = "Profile"
  user_pool_id            = "us-east-1_Test12345"
  profile                 = "reader"
  endpoint                = var.endpoint
  max_requests_per_second = 10000
}

resource "skypoint_cognito_connector" "role" {
  name                    = "Role"
  user_pool_id            = "us-east-1_Test12345"
  assume_role             = { role_arn = "arn:aws:iam::123456789012:role/reader", external_id = "ours" }
  endpoint                = var.endpoint
  max_requests_per_second = 10000
}

resource "skypoint_dataflow_run" "again" {
  dataflow_id = skypoint_dataflow.imports["FromKey"].id
  triggers    = { build = var.build }
}

data "skypoint_dataflow_runs" "key" {
  dataflow_id = skypoint_dataflow.imports["FromKey"].id
  at_run      = skypoint_dataflow_run.again.run
}

data "skypoint_table_rows" "kept" {
  dataflow_id = skypoint_dataflow.imports["FromKey"].id
  key         = "users"
  at_run      = skypoint_dataflow_run.again.run - 1 # a run that is kept
}

resource "skypoint_dataflow" "imports" {
  for_each = {
    FromRole        = skypoint_cognito_connector.role.id
    FromKey         = skypoint_cognito_connector.key.id
    FromEnvironment = skypoint_cognito_connector.environment.id
    FromProfile     = skypoint_cognito_connector.profile.id
  }
  name             = each.key
  connector_id     = each.value
  tables           = { users = {}, groups = {} }
  refresh_triggers = { build = var.build }
}
`

// noSecrets expects that no file holds one of these secrets, however it is written, or half of one.
func (r *root) noSecrets(files map[string][]byte, secrets map[string]string) {
	r.t.Helper()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		for what, secret := range secrets {
			for how, spelling := range spellings(secret) {
				if bytes.Contains(files[file], []byte(spelling)) {
					r.t.Errorf("%s holds the %s (%s)", file, what, how)
				}
			}
		}
	}
}

// roleSessions is STS, which gives the session of a role to everybody.
func roleSessions(t *testing.T, role cognitotest.Credential) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, role.AssumedRole()) }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestSecrets_AreInNoPanic(t *testing.T) {
	w := newWorld(t, 20)
	r := newRoot(t, requires+strings.Replace(w.dataflow(allTables), w.provider(), "", 1)) // with its workspace inside
	r.env[variantEnv] = "panics"
	r.refuses("panic: in provider.panicking.Scan", []string{"apply", "-auto-approve"})
	files := r.files()
	if history := files[".skypoint/dataflows/customers/runs/00000001/finished.json"]; !bytes.Contains(history, []byte("panicking.Scan")) {
		t.Errorf("the run's record does not say that it panicked: %s", history)
	}
	delete(files, "main.tf") // the test writes it there
	r.noSecrets(files, map[string]string{"secret": testSecret})
}

func TestSecrets_AreInNoActionOrQuery(t *testing.T) {
	needsTerraform(t, "actions and list resources")
	w := newWorld(t, 20)
	config := strings.Replace(w.dataflow(allTables), strconv.Quote(testSecret), "var.secret", 1)
	r := newRoot(t, requires+strings.Replace(config, w.provider(), "", 1)+`
variable "secret" {
  type      = string
  sensitive = true
  ephemeral = true
}
action "skypoint_dataflow_run" "now" {
  config { dataflow_id = "Customers" }
}
action "skypoint_dataflow_rollback" "undo" {
  config { dataflow_id = "Customers" }
}
`)
	r.env["TF_VAR_secret"] = testSecret
	r.must(os.WriteFile(filepath.Join(r.dir, "all.tfquery.hcl"), []byte(`
list "skypoint_cognito_connector" "all" {
  provider         = skypoint
  include_resource = true
}
list "skypoint_dataflow" "all" {
  provider         = skypoint
  include_resource = true
}
`), 0o600))
	r.succeed("apply", "-auto-approve")
	r.succeed("apply", "-auto-approve", "-invoke=action.skypoint_dataflow_run.now")
	r.succeed("apply", "-auto-approve", "-invoke=action.skypoint_dataflow_rollback.undo")
	w.server.SetCredentials(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: "another"})
	r.refuses("InvalidSignatureException", []string{"apply", "-auto-approve", "-invoke=action.skypoint_dataflow_run.now"})
	if said := r.succeed("query", "-json", "-generate-config-out=generated.tf"); !strings.Contains(said, testKeyID) {
		t.Errorf("the query does not show the access key's id: this test would see no secret there\n%s", said)
	}
	files := r.files()
	if !bytes.Contains(files["generated.tf"], []byte(testKeyID)) {
		t.Error("the generated configuration does not hold the access key's id")
	}
	r.noSecrets(files, map[string]string{"secret": testSecret})
}

func TestSecrets_AreInNoStatePlanWorkspaceOrLog(t *testing.T) {
	const (
		roleSecret         = "r0le/SECRET+ofASessionHHHHiiiiJJJJkkkkLL"
		roleSession        = "FwoGZXIvYXdzEROLEsession+token/of/a/test+5678901234=="
		rotated            = "k9+Zr/ROTATEDuBq0mX2TtVw/8sJp4cYHnE3aLdF"
		wrong              = "Wr0ng+ButStillASecret/0123456789abcdefghij"
		environmentSecret  = "3nv1r0nment/SECRET+ofASessionAAAAbbbbCCCC"
		environmentSession = "FwoGZXIvYXdzEENVIRONMENTsession+token/of/a/test+0123456789=="
		profileSecret      = "pr0f1le/SECRET+ofASessionDDDDeeeeFFFFgggg"
		profileSession     = "IQoJb3JpZ2luX2VjEPROFILEsession+token/of/a/test+9876543210=="
	)
	role := cognitotest.Credential{AccessKeyID: "ASIAROLE000000000001", SecretAccessKey: roleSecret, SessionToken: roleSession}
	ownKey := bytes.Repeat([]byte("\xfb\xef0key?"), 6)[:32]
	for name, secretsKey := range map[string][]byte{"KeyFile": nil, "SecretsKey": ownKey} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 20)
			knows := func(secret string) {
				w.server.SetCredentials(
					cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: secret},
					cognitotest.Credential{AccessKeyID: "ASIAENVIRONMENT00001", SecretAccessKey: environmentSecret, SessionToken: environmentSession},
					cognitotest.Credential{AccessKeyID: "ASIAPROFILE000000001", SecretAccessKey: profileSecret, SessionToken: profileSession},
					role,
				)
			}
			r := newRoot(t, secretsConfig)
			shared := filepath.Join(t.TempDir(), "credentials")
			r.must(os.WriteFile(shared, []byte("[reader]\naws_access_key_id = ASIAPROFILE000000001\naws_secret_access_key = "+profileSecret+"\naws_session_token = "+profileSession+"\n"), 0o600))
			maps.Copy(r.env, map[string]string{
				"AWS_ACCESS_KEY_ID": "ASIAENVIRONMENT00001", "AWS_SECRET_ACCESS_KEY": environmentSecret, "AWS_SESSION_TOKEN": environmentSession,
				"AWS_SHARED_CREDENTIALS_FILE": shared, "AWS_CONFIG_FILE": filepath.Join(filepath.Dir(shared), "none"), "AWS_EC2_METADATA_DISABLED": "true",
				"AWS_ENDPOINT_URL_STS": roleSessions(t, role),
				"TF_VAR_endpoint":      w.endpoint, "TF_VAR_secret": testSecret, "TF_VAR_secret_version": "1", "TF_VAR_build": "1",
			})
			if secretsKey != nil {
				r.env["TF_VAR_secrets_key"] = "base64key://" + base64.URLEncoding.EncodeToString(secretsKey)
			}

			knows(testSecret)
			r.succeed("plan", "-out=first.tfplan")
			shown := r.succeed("show", "-json", "first.tfplan")
			r.succeed("apply", "first.tfplan")
			r.succeed("plan", "-detailed-exitcode")

			knows(rotated) // AWS knows another secret: the import fails, and so does a connection check with a wrong one
			r.env["TF_VAR_build"] = "2"
			if code, out := r.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "InvalidSignatureException") {
				t.Errorf("apply with the old secret ended with %d:\n%s", code, out)
			}
			r.env["TF_VAR_secret"], r.env["TF_VAR_secret_version"] = wrong, "2"
			if code, out := r.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "Connection check failed") {
				t.Errorf("apply with a wrong secret ended with %d:\n%s", code, out)
			}

			r.env["TF_VAR_secret"], r.env["TF_VAR_secret_version"] = rotated, "3"
			r.succeed("plan", "-out=second.tfplan")
			shown += r.succeed("show", "-json", "second.tfplan")
			r.succeed("apply", "second.tfplan")
			r.succeed("plan", "-detailed-exitcode")
			r.succeed("show", "-json")
			files := r.files()

			// What is not secret is found in each of them, so a secret would be.
			for _, place := range []struct{ file, words string }{
				{"terraform.tfstate", testKeyID},
				{"first.tfplan/tfplan", testKeyID},
				{".skypoint/connectors/key.json", testKeyID},
				{"trace.log", "run finished"},
				{"trace.log", "skypoint_cognito_connector.key"},
			} {
				if !bytes.Contains(files[place.file], []byte(place.words)) {
					t.Errorf("%s does not hold %q: this test would see no secret there", place.file, place.words)
				}
			}
			if !strings.Contains(shown, testKeyID) {
				t.Error("the shown plans do not hold the access key's id")
			}

			secrets := map[string]string{
				"secret": testSecret, "rotated secret": rotated, "wrong secret": wrong,
				"environment's secret": environmentSecret, "environment's session": environmentSession,
				"profile's secret": profileSecret, "profile's session": profileSession,
				"role's secret": roleSecret, "role's session": roleSession,
			}
			encoded, made := files[".skypoint/key"]
			if made == (secretsKey != nil) {
				t.Errorf("the workspace has a key file: %t", made)
			}
			key := secretsKey
			if made {
				var err error
				key, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(encoded)))
				r.must(err)
				delete(files, ".skypoint/key")
			}
			secrets["key"] = string(key)
			secrets["key in base64"] = strings.TrimRight(base64.StdEncoding.EncodeToString(key), "=")
			secrets["key in URL-safe base64"] = strings.TrimRight(base64.URLEncoding.EncodeToString(key), "=")
			r.noSecrets(files, secrets)
		})
	}
}
