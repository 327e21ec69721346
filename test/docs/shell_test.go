//go:build docs

package docs

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// shell is a folder in which a reader types, with a user pool that answers on this machine in AWS's place. The pages and examples name that pool,
// and say nothing of an endpoint or a key: the AWS SDK takes both from the environment.
type shell struct {
	t    *testing.T
	dir  string
	pool *cognitotest.PoolHandle
	env  []string
}

// The pools that pages and examples name.
const (
	appPool      = "us-east-1_AbCdEf123"
	partnersPool = "eu-west-1_GhIjKl456"
)

// commandTakes is the most that one block of commands may take.
const commandTakes = 5 * time.Minute

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run `make docs-test`", name)
	}
	return value
}

func newShell(t *testing.T) *shell {
	t.Helper()
	key := cognitotest.DefaultCredential()
	server := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{key}})
	add := func(id, name string, users int) *cognitotest.PoolHandle {
		pool := server.AddPool(cognitotest.Pool{ID: id, Name: name, Users: cognitotest.Generate(cognitotest.Spec{Seed: 7, Users: users, Groups: 8})})
		pool.AddAppClient("webclient", cognitotest.Fields{"ClientName": "Web"})
		return pool
	}
	pool := add(appPool, "app", 500)
	add(partnersPool, "partners", 200)

	home := t.TempDir()
	s := &shell{t: t, dir: filepath.Join(home, "module"), pool: pool}
	s.must(os.Mkdir(s.dir, 0o700))
	// A person's `terraform init` gets the provider from a registry; here it comes from a folder that is laid out like one.
	release := filepath.Join(home, "mirror", "registry.terraform.io", "skypointcloud", "skypoint", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
	s.must(os.MkdirAll(release, 0o700))
	s.must(os.Symlink(filepath.Join(setting(t, "BIN"), "terraform-provider-skypoint"), filepath.Join(release, "terraform-provider-skypoint_v0.0.1")))
	rc := filepath.Join(home, "cli.tfrc")
	s.must(os.WriteFile(rc, fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(home, "mirror")), 0o600))
	bin := filepath.Join(home, "bin")
	s.must(os.Mkdir(bin, 0o700))
	s.must(os.Symlink(setting(t, "CLI"), filepath.Join(bin, "terraform")))

	s.env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc([]string{"TF_", "SKYPOINT_", "AWS_", "PATH=", "HOME="}, func(prefix string) bool { return strings.HasPrefix(v, prefix) })
	})
	s.env = append(s.env, "HOME="+home, "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		"PATH="+strings.Join([]string{bin, filepath.Join(setting(t, "PYICEBERG"), "bin"), os.Getenv("PATH")}, string(os.PathListSeparator)),
		"PYTHONPATH="+strings.Join([]string{s.packages("DUCKDB"), s.packages("SPARK")}, string(os.PathListSeparator)),
		"AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER="+server.Start(t),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "TF_VAR_access_key_id="+key.AccessKeyID, "TF_VAR_secret_access_key="+key.SecretAccessKey)
	return s
}

// joinTeam gives the shell the environment of a team's machine, with a bucket and a PostgreSQL database of this one.
func (s *shell) joinTeam() {
	s.t.Helper()
	database := postgrestest.Start(s.t)
	bucket := httptest.NewServer(s3test.New("acme-records"))
	s.t.Cleanup(bucket.Close)
	s.env = append(s.env,
		"SKYPOINT_WORKSPACE=s3://acme-records/skypoint?region=eu-west-1&use_path_style=true&endpoint="+bucket.URL,
		"SKYPOINT_SECRETS_KEY=base64key://"+base64.URLEncoding.EncodeToString([]byte("thirty-two bytes of a team's key")),
		"TF_VAR_catalog_uri="+database.NewDatabase(s.t), "AWS_REGION=eu-west-1",
		"PYICEBERG_CATALOG__SKYPOINT__S3__ENDPOINT="+bucket.URL, // https://py.iceberg.apache.org/configuration/#setting-configuration-values
	)
}

// openCatalog gives the shell the address of a REST catalog of this machine.
func (s *shell) openCatalog() {
	s.t.Helper()
	catalog := httptest.NewServer(resttest.New(nil))
	s.t.Cleanup(catalog.Close)
	s.env = append(s.env, "TF_VAR_catalog_uri="+catalog.URL)
}

// packages gives the folder of what a part has installed for Python.
func (s *shell) packages(part string) string {
	s.t.Helper()
	folders, err := filepath.Glob(filepath.Join(setting(s.t, part), "lib", "python3*", "site-packages"))
	s.must(err)
	if len(folders) != 1 {
		s.t.Fatalf("%s: %q", part, folders)
	}
	return folders[0]
}

// installExtensions puts DuckDB's extensions where `INSTALL iceberg` would: they come as packages, since nothing here reaches DuckDB's own server.
func (s *shell) installExtensions() {
	s.t.Helper()
	if out, ok := s.run(`python - <<'END'
import glob, importlib, os, duckdb
for extension in ("avro", "httpfs", "iceberg"):
    home = os.path.dirname(importlib.import_module(f"duckdb_extension_{extension}").__file__)
    (file,) = glob.glob(os.path.join(home, "extensions", "*", "*.duckdb_extension"))
    duckdb.sql(f"INSTALL '{file}'")
END
`); !ok {
		s.t.Fatal(out)
	}
}

func (s *shell) must(err error) {
	if err != nil {
		s.t.Helper()
		s.t.Fatal(err)
	}
}

// write writes a file below the folder.
func (s *shell) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	s.must(os.MkdirAll(filepath.Dir(path), 0o700))
	s.must(os.WriteFile(path, []byte(text), 0o600))
}

// run runs commands, and gives what they print and whether all of them succeeded.
func (s *shell) run(commands string) (string, bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), commandTakes)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", negated(commands))
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// negated makes a command that is to fail ("! command") end the commands where it succeeds: bash's -e does not.
func negated(commands string) string {
	var lines []string
	for line := range strings.Lines(commands) {
		if command, ok := strings.CutPrefix(line, "! "); ok {
			line = "if " + strings.TrimRight(command, "\n") + "; then echo 'this was to fail'; exit 1; fi\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}
