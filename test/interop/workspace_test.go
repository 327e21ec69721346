//go:build interop

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// workspace is a folder with a configuration that the built provider applies.
type workspace struct {
	dir string
	cli string
	rc  string
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{dir: filepath.Join(t.TempDir(), strangeFolder), cli: setting(t, "CLI")} // the workspace is in the default place, below it
	if err := os.CopyFS(w.dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	w.rc = filepath.Join(w.dir, "interop.tfrc")
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"skypointcloud/skypoint\" = %q\n  }\n  direct {}\n}\n", setting(t, "BIN"))
	if err := os.WriteFile(w.rc, []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// environment is what every command of the CLI runs in.
func (w *workspace) environment() []string {
	return append(
		slices.DeleteFunc(os.Environ(), func(v string) bool {
			return strings.HasPrefix(v, "TF_") || strings.HasPrefix(v, "SKYPOINT_") || strings.HasPrefix(v, "AWS_")
		}),
		"TF_CLI_CONFIG_FILE="+w.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0",
	)
}

// apply applies the configuration, and checks that nothing is left to do.
func (w *workspace) apply(t *testing.T, p *pool, build string) {
	t.Helper()
	env := append(w.environment(),
		"TF_VAR_user_pool_id="+p.UserPoolID, "TF_VAR_endpoint="+p.Endpoint, "TF_VAR_access_key_id="+p.keyID,
		"TF_VAR_secret_access_key="+p.secret, "TF_VAR_build="+build,
	)
	for _, args := range [][]string{
		{"apply", "-auto-approve", "-input=false", "-no-color"},
		{"plan", "-detailed-exitcode", "-input=false", "-no-color"}, // ends with 2 when there is a change
	} {
		cmd := exec.CommandContext(t.Context(), w.cli, args...)
		cmd.Dir, cmd.Env = w.dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", w.cli, args[0], err, out)
		}
		if i := bytes.LastIndex(out, []byte("\nOutputs:")); i >= 0 {
			t.Logf("%s", bytes.TrimSpace(out[i:]))
		}
	}
}

// compare reads the tables with pyiceberg and compares every value with the folder's.
func (w *workspace) compare(t *testing.T, folder, ref string) {
	t.Helper()
	out, differences := w.differences(t, folder, ref)
	if len(differences) > 0 {
		t.Fatal(out)
	}
	t.Logf("\n%s", out)
}

// compared is what compare.py says of a table.
var compared = regexp.MustCompile(`(?m)^(\w+): (\d+) rows in the pool, (\d+) in the table, \d+ values compared$`)

// differences gives what compare.py prints, and of that the differences in the order of their text. A comparison of nothing with nothing fails the test.
func (w *workspace) differences(t *testing.T, folder, ref string) (out string, differences []string) {
	t.Helper()
	args := []string{folder, filepath.Join(w.dir, ".skypoint", "catalog.db"), "customers"}
	if ref != "" {
		args = append(args, ref)
	}
	printed, err := python(t, "PYICEBERG", "compare.py", args...).CombinedOutput()
	out = string(printed)
	for line := range strings.Lines(out) {
		if difference, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "DIFFERENT "); ok {
			differences = append(differences, difference)
		}
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	if differs := failed && exit.ExitCode() == 3; err != nil && !differs || differs != (len(differences) > 0) {
		t.Fatalf("the comparison failed: %v\n%s", err, out)
	}
	tables := compared.FindAllStringSubmatch(out, -1)
	if len(tables) != 3 {
		t.Fatalf("%d tables were compared, not 3:\n%s", len(tables), out)
	}
	for _, table := range tables {
		if table[2] == "0" || table[3] == "0" {
			t.Fatalf("nothing was compared in %s:\n%s", table[1], out)
		}
	}
	slices.Sort(differences)
	return out, differences
}
