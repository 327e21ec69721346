package provider_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// filesOfUsers gives the files of the users table whose names end so, in the order of their names.
func (w *world) filesOfUsers(suffix string) []string {
	w.t.Helper()
	all := w.filesBelow(filepath.Join(w.folder(), "warehouse", "customers"))
	found := slices.DeleteFunc(all, func(path string) bool {
		return !strings.HasSuffix(path, suffix) || !strings.Contains(path, "/customers/users-")
	})
	if len(found) == 0 {
		w.t.Fatalf("the users table has no file %s", suffix)
	}
	slices.Sort(found)
	return found
}

// withOrders gives the dataflow Customers, and another one of the same database's kind, which nothing may happen to.
func (w *world) withOrders(n int) string {
	return requires + w.dataflow(build(n)) + `
resource "skypoint_dataflow" "orders" {
  name         = "Orders"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {} }
}
`
}

// metadataDamages are the ways in which a table can't be read any more.
var metadataDamages = map[string]struct {
	do   func(path string) error
	says string
}{
	"deleted": {os.Remove, "is not there. Put it back from a copy of the workspace, or leave it: the next run of its dataflow makes the table anew, without its earlier runs, and a destroy removes what is left of it."},
	"cut off": {func(path string) error { return os.Truncate(path, 500) }, "is cut off or damaged: invalid metadata: unexpected end of JSON input. Put it back from a copy of the workspace, or leave it:"},
}

func TestTableWithoutItsMetadata_IsNamedByThePlanAndMadeAnewByTheApply(t *testing.T) {
	for name, damage := range metadataDamages {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10)
			if name == "cut off" {
				w.needsSQL() // a REST catalog that can't read the file has an error of its own for that
			}
			r := newRoot(t, w.withOrders(1))
			delete(r.env, "TF_LOG")
			r.succeed("apply", "-auto-approve")
			rows := w.users()
			for _, file := range w.filesOfUsers(".metadata.json") {
				w.must(damage.do(file))
			}
			code, plan := r.run("plan", "-detailed-exitcode")
			if code != 2 || !fails(`Dataflow "Customers": table customers.users: load: its metadata file`).MatchString(unframed(plan)) || !fails(damage.says).MatchString(unframed(plan)) ||
				!strings.Contains(plan, "0 to add, 1 to change, 0 to destroy") {
				t.Fatalf("the plan ended with %d:\n%s", code, plan)
			}
			r.succeed("apply", "-auto-approve")
			r.succeed("plan", "-detailed-exitcode")
			w.equalRows(rows, w.users())
			w.history("Customers",
				line{2, "Completed", "definition", "Imported 2 tables: groups 3 rows (unchanged); users 10 rows (10 added). " +
					"Table customers.users could not be read any more, because files of it were gone: what was left of it was removed, with its earlier runs."},
				line{1, "Completed", "create", "Imported 2 tables: groups 3 rows (3 added); users 10 rows (10 added)."})
			w.history("Orders", line{1, "Completed", "create", "Imported 1 table: users 10 rows (10 added)."})
		})
	}
}

func TestTableWithoutItsMetadata_IsDestroyedWithAWordAndLeavesNothing(t *testing.T) {
	for name, command := range map[string][]string{"with a refresh": {"destroy", "-auto-approve"}, "without one": {"destroy", "-auto-approve", "-refresh=false"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10)
			r := newRoot(t, w.withOrders(1))
			delete(r.env, "TF_LOG")
			r.succeed("apply", "-auto-approve")
			for _, file := range w.filesOfUsers(".metadata.json") {
				w.must(os.Remove(file))
			}
			out := r.succeed(append(command, "-target="+customers)...)
			if !fails("Files of table customers.users were gone. What was left of it was removed.").MatchString(unframed(out)) || !strings.Contains(out, "1 destroyed") {
				t.Errorf("the destroy said\n%s", out)
			}
			if left := w.filesBelow(filepath.Join(w.folder(), "warehouse", "customers")); len(left) > 0 {
				t.Errorf("files stay: %v", left)
			}
			r.write(strings.Replace(w.withOrders(1), `"skypoint_dataflow" "customers"`, `"skypoint_dataflow" "gone"`, 1))
			w.history("Orders", line{1, "Completed", "create", "Imported 1 table: users 10 rows (10 added)."})
			w.rows("orders", map[string]int64{"users": 10})
		})
	}
}

func TestTableWithoutADataFile_FailsItsRunWithTheFileAndWhatToDo(t *testing.T) {
	for name, suffix := range map[string]string{"a data file": ".parquet", "a manifest": "-0.avro"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10)
			c := newCore(t, w, build(1))
			c.succeeds("apply", c.apply(), connectorType, dataflowType)
			file := w.filesOfUsers(suffix)[0]
			w.must(os.Rename(file, file+".away"))
			c.declare(build(2))
			r := c.apply()
			if len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], `Import failed: Run 2 of dataflow "Customers" failed: table users: stage: table customers.users: compare: a file that it needs is not there: `) ||
				!strings.Contains(r.errors[0], file) || !strings.Contains(r.errors[0], "Put it back from a copy of the workspace. Without one, let the dataflow be made anew, without its earlier runs: terraform apply -replace=ADDRESS.") {
				t.Errorf("apply said %q", r.errors)
			}
			w.must(os.Rename(file+".away", file))
			c.succeeds("apply when it is back", c.apply(), dataflowType)
			c.succeeds("plan", c.plan())
		})
	}
}

func TestPinnedRun_WhoseFilesAreGoneIsRefused(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	first := w.filesOfUsers(".parquet")[0]
	w.evolve(9, 0, 0)() // most of it: the first file goes from main
	c.declare(build(2))
	c.succeeds("apply", c.apply(), dataflowType)
	w.must(os.Remove(first))
	c.declare(build(2) + "\npinned_run = 1")
	r := c.plan()
	if len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], "Run can't be pinned: run 1: table customers.users: look at files: a file that it needs is not there: ") || !strings.Contains(r.errors[0], first) {
		t.Errorf("plan said %q", r.errors)
	}
	c.declare(build(2))
	c.succeeds("plan", c.plan())
}

// moveMain is another program that makes an earlier snapshot of users current, as Spark's set_current_snapshot does.
func (w *world) moveMain(run int) {
	w.t.Helper()
	at := w.metadataLocation("users")
	content := w.content(at)
	tag := regexp.MustCompile(fmt.Sprintf(`"run_%d":\{[^}]*"snapshot-id":(\d+)`, run)).FindSubmatch(content)
	now := regexp.MustCompile(`"current-snapshot-id":(\d+)`).FindSubmatch(content)
	if tag == nil || now == nil {
		w.t.Fatalf("the table has no run %d: %s", run, content)
	}
	main := regexp.MustCompile(`("main":\{[^}]*"snapshot-id":)\d+`)
	content = main.ReplaceAll(content, append([]byte("${1}"), tag[1]...))
	content = bytes.Replace(content, now[0], append([]byte(`"current-snapshot-id":`), tag[1]...), 1)
	moved := at[:strings.LastIndex(at, "/")] + "/00099-" + uuid.NewString() + ".metadata.json"
	w.put(moved, content)
	w.pointAt("users", moved)
}

func TestForeignWriter_IsSeenByThePlanAndOverwrittenByTheApply(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	w.evolve(0, 3, 0)()
	c.declare(build(2))
	c.succeeds("the second apply", c.apply(), dataflowType)
	w.moveMain(1)
	w.countUsers(10)
	r := c.plan()
	c.plans("plan", r, dataflowType)
	want := `Tables are not as the dataflow left them: Dataflow "Customers": somebody else has written to table customers.users since run 2. The next apply that runs the dataflow makes it what the source has.`
	if len(r.errors) > 0 || !slices.Equal(r.warnings, []string{want}) {
		t.Errorf("plan said %q", append(r.errors, r.warnings...))
	}
	c.plans("apply", c.apply(), dataflowType)
	w.countUsers(13)
	c.succeeds("the plan after it", c.plan())
	run, err := w.ledger().Finished(t.Context(), "Customers", 3)
	w.must(err)
	if run.Tables[1].Replaced == nil || !strings.HasSuffix(run.Description, fmt.Sprintf("Somebody else had written to table customers.users: its snapshot %d was replaced.", *run.Tables[1].Replaced)) {
		t.Errorf("the run says %s", run.Description)
	}
}

// What somebody else writes is not always something else: a snapshot of theirs with the rows of the source stays.
func TestForeignWriter_WhoseRowsAreTheSourcesIsNamedAndLeft(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	users := slices.Collect(w.pool.All())
	w.evolve(0, 3, 0)()
	c.declare(build(2))
	c.succeeds("the second apply", c.apply(), dataflowType)
	w.moveMain(1)
	for user := range w.pool.All() {
		if !slices.ContainsFunc(users, func(was cognitotest.User) bool { return was.Sub == user.Sub }) {
			w.pool.Delete(user.Sub)
		}
	}
	c.declare(build(3))
	c.plans("apply", c.apply(), dataflowType)
	w.countUsers(10)
	c.succeeds("the plan after it", c.plan())
	run, err := w.ledger().Finished(t.Context(), "Customers", 3)
	w.must(err)
	if !strings.HasSuffix(run.Description, "has the rows of the source, and stays.") {
		t.Errorf("the run says %s", run.Description)
	}
}
