package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEnvironment_IsHeldToTheRulesOfTheConfiguration(t *testing.T) {
	w := newWorld(t, 10)
	for name, c := range map[string]struct{ value, says string }{
		"SKYPOINT_WORKSPACE":   {"ftp://bucket/skypoint", "SKYPOINT_WORKSPACE: workspace: open: nothing here opens ftp:// buckets."},
		"SKYPOINT_SECRETS_KEY": {"base64key://c2VjcmV0", "SKYPOINT_SECRETS_KEY: secrets key: open key: a base64key:// URL holds 32 bytes in URL-safe base64, and nothing else."},
	} {
		r := newRoot(t, requires+strings.TrimPrefix(w.connector(), w.provider()))
		delete(r.env, "TF_LOG")
		r.env[name] = c.value
		r.refuses(c.says, []string{"plan"})
		if strings.Contains(r.output.String(), "c2VjcmV0") {
			t.Error("the error repeats the key")
		}
		entries, err := os.ReadDir(r.dir)
		w.must(err)
		for _, entry := range entries {
			if strings.Contains(entry.Name(), ":") || entry.Name() == ".skypoint" {
				t.Errorf("%s: a folder %s was made", name, entry.Name())
			}
		}
		r.write(requires + w.connector()) // what the configuration says comes before the environment
		if name == "SKYPOINT_WORKSPACE" {
			r.succeed("plan")
		}
	}
}

func TestWarehouse_WhereReadersWouldNotFindTheTablesIsRefusedAtPlan(t *testing.T) {
	w := newWorld(t, 10)
	const says = `readers of Iceberg tables do not agree on what '%c' means in one. Set warehouse to a path without it: spaces and letters of any script are fine.`
	r := newRoot(t, "")
	delete(r.env, "TF_LOG")
	top := r.dir
	for char, name := range map[rune]string{'%': "100%", '#': "a#b", '?': "what?", '~': "~a"} {
		r.dir = filepath.Join(top, name)
		w.must(os.Mkdir(r.dir, 0o700))
		r.write(requires + strings.TrimPrefix(w.connector(), w.provider())) // the default folder
		r.refuses(fmt.Sprintf(says, char), []string{"plan"})
		r.write(requires + strings.Replace(w.connector(), "  workspace", fmt.Sprintf("  warehouse = %q\n  workspace", r.dir), 1))
		r.refuses(fmt.Sprintf(says, char), []string{"plan"})
		r.write(requires + strings.Replace(strings.TrimPrefix(w.connector(), "\n"), fmt.Sprintf("workspace = %q", w.folder()), fmt.Sprintf("warehouse = %q", filepath.Join(top, "lake")), 1))
		r.succeed("plan")
	}
}
