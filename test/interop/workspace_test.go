//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
// They say whether this user has what they change.
var spoilers = map[string]func(user, attributes map[string]any) bool{
	"an empty string becomes absent": func(_, attributes map[string]any) bool {
		for name, value := range attributes {
			if value == "" {
				delete(attributes, name)
				return true
			}
		}
		return false
	},
	"a composed accent becomes decomposed": func(_, attributes map[string]any) bool {
		for name, value := range attributes {
			if value == "caf\u00e9" {
				attributes[name] = "cafe\u0301"
				return true
			}
		}
		return false
	},
	"a number loses the zero that made it a text": func(_, attributes map[string]any) bool {
		found := attributes["custom:score"] == "007"
		if found {
			attributes["custom:score"] = "7"
		}
		return found
	},
	"a time moves by a millisecond": func(user, _ map[string]any) bool {
		at, ok := user["updated_at"].(string)
		moved, err := time.Parse(time.RFC3339, at)
		user["updated_at"] = moved.Add(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
		return ok && err == nil
	},
	"a user is disabled": func(user, _ map[string]any) bool {
		was, ok := user["enabled"].(bool)
		user["enabled"] = false
		return ok && was
	},
}

// edit changes the first user of the file that has what the spoiler changes.
func edit(t *testing.T, path string, spoil func(user, attributes map[string]any) bool) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines {
		var user map[string]any
		if err := json.Unmarshal([]byte(line), &user); err != nil {
			t.Fatal(err)
		}
		attributes, ok := user["attributes"].(map[string]any)
		if !ok || !spoil(user, attributes) {
			continue
		}
		changed, err := json.Marshal(user)
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
