package provider_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// nobodyEnv makes a provider that root has started another user, whom the modes of files hold.
const (
	nobodyEnv = "SKYPOINT_TEST_NOBODY"
	nobody    = 65534
)

func init() {
	if os.Getenv(nobodyEnv) == "" || os.Geteuid() != 0 || filepath.Base(os.Args[0]) != pluginName {
		return
	}
	for _, err := range []error{unix.Setgroups(nil), unix.Setgid(nobody), unix.Setuid(nobody)} {
		if err != nil {
			panic(err)
		}
	}
}

// skipWhereRootCanBeNobodyElse skips a test where this process is root, whom no mode holds, and its user namespace has no other user.
func skipWhereRootCanBeNobodyElse(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	cmd := exec.CommandContext(t.Context(), "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := cmd.Run(); err != nil {
		t.Skipf("root can't become another user here: %v", err)
	}
}

// setModes sets the modes of everything in the workspace, but for the key, which is its owner's alone.
func (w *world) setModes(folder, file fs.FileMode) {
	w.t.Helper()
	w.must(filepath.WalkDir(w.folder(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.Chmod(path, folder)
		case entry.Name() == "key":
			return nil
		default:
			return os.Chmod(path, file)
		}
	}))
}

func TestReadOnlyWorkspace_CanBePlannedAndReadAndIsNotChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(w *world)
	}{
		{"with what SQLite has left beside the catalog", func(*world) {}},
		{"with the catalog alone", func(w *world) { w.checkpoint(); w.putAside("catalog.db-wal", "catalog.db-shm") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 10)
			skipWhereRootCanBeNobodyElse(t)
			r := w.newRootOf(t)
			c.before(w)
			w.must(os.Chmod(filepath.Dir(filepath.Dir(w.folder())), 0o755)) // the other user has to pass through
			w.setModes(0o555, 0o444)
			t.Cleanup(func() { w.setModes(0o700, 0o600) }) // else nobody but root can remove it
			r.env[nobodyEnv] = "1"
			before := w.tree()

			r.succeed("plan", "-detailed-exitcode")
			r.write(w.module(1) + "data \"skypoint_table_rows\" \"users\" {\n  dataflow_id = \"Customers\"\n  key = \"users\"\n}\noutput \"rows\" {\n  value = length(nonsensitive(data.skypoint_table_rows.users.rows))\n}\n")
			if out := r.succeed("apply", "-refresh-only", "-auto-approve"); !fails("rows = 10").MatchString(out) {
				t.Errorf("the rows were not read:\n%s", out)
			}
			r.write(w.module(2))
			if code, out := r.run("plan", "-detailed-exitcode"); code != 2 {
				t.Errorf("a change can't be planned: %d\n%s", code, out)
			}
			const hint = "Let this user write to the workspace's folder, on a file system that knows hard links, or set workspace to another one."
			for _, command := range []string{"apply", "destroy"} {
				r.refuses(fmt.Sprintf("start a run of dataflow \"Customers\": %s/dataflows/customers/runs/00000002/started.json: create: mkdir %[1]s/dataflows/customers/runs/00000002: permission denied. %s",
					w.folder(), hint), []string{command, "-auto-approve"})
			}
			if _, out := r.run("apply", "-auto-approve"); !regexp.MustCompile(`in resource "skypoint_dataflow" "customers":\s+\d+: resource "skypoint_dataflow"`).MatchString(unframed(out)) {
				t.Errorf("an argument is blamed for the workspace:\n%s", out)
			}
			w.unchanged(before, "a workspace that can only be read")

			delete(r.env, nobodyEnv)
			w.setModes(0o700, 0o600)
			r.succeed("apply", "-auto-approve")
			r.succeed("plan", "-detailed-exitcode")
			w.countUsers(10)
		})
	}
}
