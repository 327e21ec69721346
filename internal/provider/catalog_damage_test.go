package provider_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newRootOf makes a root module with the world's connector and a dataflow of two tables, and applies it.
func (w *world) newRootOf(t *testing.T) *root {
	t.Helper()
	r := newRoot(t, w.module(1))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	return r
}

// module is a whole root module.
func (w *world) module(n int) string {
	return requires + w.dataflow(build(n))
}

// requires is the block without which a CLI looks for the provider under another address.
const requires = `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
`

// write gives the root module another configuration.
func (r *root) write(config string) {
	r.t.Helper()
	r.must(os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(config), 0o600))
}

// refuses expects that commands of the CLI fail and say this.
func (r *root) refuses(words string, commands ...[]string) {
	r.t.Helper()
	for _, command := range commands {
		code, out := r.run(command...)
		if code == 0 || !fails(words).MatchString(unframed(out)) {
			r.t.Errorf("%s ended with %d and said\n%s\nwant\n%s", strings.Join(command, " "), code, unframed(out), words)
		}
	}
}

// unframed takes the frame from what a CLI says.
func unframed(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.TrimLeft(line, "│╷╵ "))
	}
	return strings.Join(lines, "")
}

// everyCommand is what a person does with a root module that is there.
var everyCommand = [][]string{{"apply", "-refresh-only", "-auto-approve"}, {"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}}

const hintRestoreCatalog = "The catalog was cut off or changed by something else: restore catalog.db (with catalog.db-wal, if the copy has it) and warehouse from one copy of the workspace. " +
	"Without a copy remove catalog.db with what is beside it (catalog.db-wal, catalog.db-shm): the next apply then imports every dataflow's tables again."

func TestCatalogDamaged_IsNamedAndLeftAsItIs(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL()
	r := w.newRootOf(t)
	catalog := filepath.Join(w.folder(), "catalog.db")
	rows := w.users()
	w.checkpoint()
	for _, damage := range []struct {
		name, says string
		do         func(content []byte) error
	}{
		{"garbage", "file is not a database (26). " + hintRestoreCatalog, func([]byte) error {
			return os.WriteFile(catalog, []byte(strings.Repeat("<<<<<<< HEAD\n", 400)), 0o600)
		}},
		{"cut off", "database disk image is malformed (11). " + hintRestoreCatalog, func(content []byte) error {
			return os.WriteFile(catalog, content[:5000], 0o600)
		}},
		{"a folder", "unable to open database file (14). Let this user write to the catalog's file and its folder.", func([]byte) error { return os.Mkdir(catalog, 0o700) }},
	} {
		t.Run(damage.name, func(t *testing.T) {
			r.t = t
			content := w.putAside("catalog.db", "catalog.db-wal", "catalog.db-shm")
			w.must(damage.do(content["catalog.db"]))
			before := w.tree()
			commands := everyCommand
			if damage.name != "garbage" {
				commands = [][]string{{"apply", "-auto-approve"}} // the others say the same: each begins with a refresh
			}
			r.refuses("catalog "+catalog+": open: "+damage.says, commands...)
			w.unchanged(before, damage.name)
			w.must(os.RemoveAll(catalog))
			w.putBack(content)
			r.succeed("plan", "-detailed-exitcode")
		})
	}
	w.equalRows(rows, w.users())
}

// checkpoint brings all that was committed to the catalog into its one file.
func (w *world) checkpoint() {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.folder(), "catalog.db"))
	w.must(err)
	_, err = db.ExecContext(w.t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	w.must(errors.Join(err, db.Close()))
}

// putAside takes files out of the workspace, and gives what was in them.
func (w *world) putAside(names ...string) map[string][]byte {
	w.t.Helper()
	taken := map[string][]byte{}
	for _, name := range names {
		path := filepath.Join(w.folder(), name)
		content, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		w.must(err)
		taken[name] = content
		w.must(os.Remove(path))
	}
	return taken
}

func (w *world) putBack(taken map[string][]byte) {
	w.t.Helper()
	for name, content := range taken {
		if !strings.HasSuffix(name, "-shm") { // made anew from the log
			w.must(os.WriteFile(filepath.Join(w.folder(), name), content, 0o600))
		}
	}
}

const sayLost = `Dataflow "Customers": customers.groups, customers.users: not in the catalog, or not at run %d. ` +
	`The next apply that runs the dataflow imports the data again. Files that they left in the warehouse stay where they are.`

func TestCatalogLost_IsSaidAndItsTablesAreImportedAgain(t *testing.T) {
	all := []string{"catalog.db", "catalog.db-wal", "catalog.db-shm"}
	for _, c := range []struct {
		name  string
		lose  func(w *world)
		files bool // the old files stay
	}{
		{"alone", func(w *world) { w.putAside(all...) }, true},
		{"with the warehouse", func(w *world) { w.putAside(all...); w.must(os.RemoveAll(filepath.Join(w.folder(), "warehouse"))) }, false},
		{"but for an empty file", func(w *world) {
			w.putAside(all...)
			w.must(os.WriteFile(filepath.Join(w.folder(), "catalog.db"), nil, 0o600))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 10)
			w.needsSQL()
			k := newCore(t, w, build(1))
			k.succeeds("the first apply", k.apply(), connectorType, dataflowType)
			rows, old := w.users(), w.dataFiles()
			c.lose(w)

			r := k.plan()
			k.plans("plan", r, dataflowType)
			if want := "Tables are not as the dataflow left them: " + fmt.Sprintf(sayLost, 1); len(r.errors) > 0 || !slices.Equal(r.warnings, []string{want}) {
				t.Errorf("plan said %q", append(r.errors, r.warnings...))
			}
			k.plans("apply", k.apply(), dataflowType)
			w.equalRows(rows, w.users())
			w.history("Customers",
				line{2, "Completed", "definition", "Imported 2 tables: groups 3 rows (3 added); users 10 rows (10 added)."},
				line{1, "Completed", "create", "Imported 2 tables: groups 3 rows (3 added); users 10 rows (10 added)."})
			kept := slices.DeleteFunc(slices.Clone(old), func(file string) bool { _, err := os.Stat(file); return err != nil })
			if c.files && !slices.Equal(old, kept) || !c.files && len(kept) > 0 {
				t.Errorf("of the old files there are %v, of %v", kept, old)
			}
			k.succeeds("the plan after it", k.plan())
			k.succeeds("destroy", k.destroy())
			w.equalTables()
		})
	}
}

// A person removes one file, and not the two beside it that SQLite has left.
func TestCatalogLost_WithoutItsCompanionsIsMadeAnew(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL()
	r := w.newRootOf(t)
	rows := w.users()
	w.putAside("catalog.db")
	before := w.tree()
	code, plan := r.run("plan", "-detailed-exitcode")
	if code != 2 || !fails(fmt.Sprintf(sayLost, 1)).MatchString(unframed(plan)) {
		t.Errorf("the plan ended with %d and said\n%s", code, plan)
	}
	w.unchanged(before, "a plan")
	r.succeed("apply", "-auto-approve")
	w.equalRows(rows, w.users())
	r.succeed("plan", "-detailed-exitcode")
}

func TestCatalogOfAnEarlierTime_IsSaidAndImportedOver(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL()
	r := w.newRootOf(t)
	w.checkpoint()
	backup := w.putAside("catalog.db", "catalog.db-wal", "catalog.db-shm")
	w.putBack(backup)
	w.evolve(0, 2, 0)()
	r.write(w.module(2))
	r.succeed("apply", "-auto-approve")
	w.countUsers(12)

	w.putAside("catalog.db", "catalog.db-wal", "catalog.db-shm")
	w.putBack(backup)
	code, plan := r.run("plan", "-detailed-exitcode")
	if want := `Dataflow "Customers": customers.groups, customers.users: not in the catalog, or not at run 2.`; code != 2 || !fails(want).MatchString(unframed(plan)) {
		t.Errorf("the plan ended with %d and said\n%s", code, plan)
	}
	r.succeed("apply", "-auto-approve")
	w.countUsers(12)
	r.succeed("plan", "-detailed-exitcode")
	runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
	w.must(err)
	if want := "Imported 2 tables: groups 3 rows (unchanged); users 12 rows (2 added)."; len(runs) != 3 || !strings.HasPrefix(runs[0].Description, want) {
		t.Errorf("the history has %d runs, the newest: %s", len(runs), runs[0].Description)
	}
	w.equalKept(1, 3)
}
