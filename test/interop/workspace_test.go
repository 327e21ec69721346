//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	w := &workspace{dir: t.TempDir(), cli: setting(t, "CLI")}
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

// apply applies the configuration, and checks that nothing is left to do.
func (w *workspace) apply(t *testing.T, p *pool, build string) {
	t.Helper()
	env := append(
		slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") || strings.HasPrefix(v, "SKYPOINT_") }),
		"TF_CLI_CONFIG_FILE="+w.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
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
		if args[0] == "apply" {
			t.Log(strings.TrimSpace(string(out[strings.LastIndex(string(out), "Outputs:")+1:])))
		}
	}
}

// compare reads the tables with pyiceberg and compares every value with the folder's.
func (w *workspace) compare(t *testing.T, folder, ref string) {
	t.Helper()
	out, err := w.runCompare(t, folder, ref)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
}

func (w *workspace) runCompare(t *testing.T, folder, ref string) (string, error) {
	t.Helper()
	args := []string{folder, filepath.Join(w.dir, ".skypoint", "catalog.db"), "customers"}
	if ref != "" {
		args = append(args, ref)
	}
	out, err := python(t, "PYICEBERG", "compare.py", args...).CombinedOutput()
	return string(out), err
}

// spoilers change one value of one user, each in a way that a careless comparison would not see.
var spoilers = map[string]func(user map[string]any) bool{
	"an empty string becomes absent": func(user map[string]any) bool {
		return editAttributes(user, func(a map[string]any) (keep, changed bool) { return a["Value"] != "", a["Value"] == "" })
	},
	"a composed accent becomes decomposed": func(user map[string]any) bool {
		return editAttributes(user, func(a map[string]any) (keep, changed bool) {
			if a["Value"] != "caf\u00e9" {
				return true, false
			}
			a["Value"] = "cafe\u0301"
			return true, true
		})
	},
	"a millisecond": func(user map[string]any) bool {
		seconds, ok := user["UserLastModifiedDate"].(float64)
		user["UserLastModifiedDate"] = seconds + 0.001
		return ok
	},
	"a user who was disabled": func(user map[string]any) bool {
		enabled, ok := user["Enabled"].(bool)
		user["Enabled"] = !enabled
		return ok
	},
}

// editAttributes calls edit for each attribute until one is changed.
func editAttributes(user map[string]any, edit func(map[string]any) (keep, changed bool)) bool {
	list, ok := user["Attributes"].([]any)
	if !ok {
		return false
	}
	for i, v := range list {
		a, ok := v.(map[string]any)
		if !ok {
			return false
		}
		keep, changed := edit(a)
		if !keep {
			user["Attributes"] = slices.Delete(list, i, i+1)
		}
		if changed {
			return true
		}
	}
	return false
}

// edit changes the first object of the file that the spoiler can change.
func edit(t *testing.T, path string, spoil func(map[string]any) bool) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		if !spoil(object) {
			continue
		}
		changed, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(changed)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no user can be spoiled this way")
}
