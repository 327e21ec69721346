package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// importCommand is the command that the error about a name that is taken prints, on a line of its own.
var importCommand = regexp.MustCompile(`(?m)^[│ ]*terraform import (skypoint_\w+)\.ADDRESS (\w+)$`)

// printedImport gives the arguments of the command that was printed, for the one resource of that type in the root module.
func (r *root) printedImport(out string) []string {
	r.t.Helper()
	match := importCommand.FindStringSubmatch(out)
	if match == nil {
		r.t.Fatalf("no import command is printed:\n%s", out)
	}
	return []string{"import", map[string]string{"skypoint_cognito_connector": app, "skypoint_dataflow": customers}[match[1]], match[2]}
}

// unharmed expects that the root module has what it had: nothing to plan, run 1 and no other, the same rows, and a secret that opens.
func (w *world) unharmed(r *root, rows []string) {
	w.t.Helper()
	if code, out := r.run("plan", "-detailed-exitcode"); code != 0 {
		w.t.Errorf("the plan is not empty any more:\n%s", out)
	}
	w.equalRows(rows, w.users())
	w.history("Customers", line{1, "Completed", "create", "Imported 2 tables: groups 3 rows (3 added); users 10 rows (10 added)."})
	if secret, err := w.ledger().ConnectorSecret(w.t.Context(), "App"); err != nil || secret != testSecret {
		w.t.Errorf("the connector's secret can't be opened any more: %v", err)
	}
}

func TestLostState_IsPutRightByTheCommandThatTheErrorPrints(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	rows := w.users()
	w.must(os.Remove(filepath.Join(r.dir, "terraform.tfstate"))) // as a CLI leaves it that was killed before it wrote it
	for _, what := range []string{"connector", "dataflow"} {
		code, out := r.run("apply", "-auto-approve")
		if code != 1 || !fails("A create takes over nothing that is complete, and has changed nothing.").MatchString(unframed(out)) {
			t.Fatalf("an apply without the %s in its state ended with %d:\n%s", what, code, out)
		}
		r.succeed(r.printedImport(out)...)
	}
	w.unharmed(r, rows)
	r.succeed("apply", "-auto-approve")
	w.unharmed(r, rows)
}

func TestLostState_IsPutRightByTheBlockThatTheErrorPrints(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	rows := w.users()
	w.must(os.Remove(filepath.Join(r.dir, "terraform.tfstate")))
	_, out := r.run("apply", "-auto-approve")
	block := regexp.MustCompile(`(?m)^[│ ]*(import \{)\n[│ ]*(to = )skypoint_cognito_connector\.ADDRESS\n[│ ]*(id = "App")\n[│ ]*(\})$`).FindStringSubmatch(out)
	if block == nil {
		t.Fatalf("no import block is printed:\n%s", out)
	}
	imports := strings.Join([]string{block[1], block[2] + app, block[3], block[4]}, "\n") + "\n" +
		strings.Join([]string{block[1], block[2] + customers, `id = "Customers"`, block[4]}, "\n")
	w.must(os.WriteFile(filepath.Join(r.dir, "import.tf"), []byte(imports), 0o600))
	if out := r.succeed("apply", "-auto-approve"); !strings.Contains(out, "2 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("the apply with the blocks:\n%s", out)
	}
	w.unharmed(r, rows)
}

func TestTerraformTest_NeitherTakesOverNorRemovesWhatTheRootModuleHas(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	rows := w.users()
	for name, runs := range map[string]string{"one run": "run \"a\" {}\n", "two runs": "run \"a\" {}\nrun \"b\" {}\n"} {
		w.must(os.WriteFile(filepath.Join(r.dir, "main.tftest.hcl"), []byte(runs), 0o600))
		code, out := r.run("test")
		if code != 1 || !fails("terraform test: a provider \"skypoint\" block in the test file, with another workspace.").MatchString(unframed(out)) {
			t.Errorf("%s: the test ended with %d:\n%s", name, code, out)
		}
		w.unharmed(r, rows)
	}

	own := fmt.Sprintf("provider \"skypoint\" {\n  workspace = %q\n}\nrun \"a\" {}\n", filepath.Join(t.TempDir(), "own"))
	w.must(os.WriteFile(filepath.Join(r.dir, "main.tftest.hcl"), []byte(own), 0o600))
	r.succeed("test")
	w.unharmed(r, rows)
}

func TestSecondCLIWorkspace_TakesNothingOverAndIsToldWhatToSet(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	rows := w.users()
	r.succeed("workspace", "new", "staging")
	code, out := r.run("apply", "-auto-approve")
	if code != 1 || !fails(`a second CLI workspace: workspace = ".skypoint/${terraform.workspace}" in provider "skypoint"`).MatchString(unframed(out)) {
		t.Errorf("the apply ended with %d:\n%s", code, out)
	}
	r.succeed("destroy", "-auto-approve")
	r.succeed("workspace", "select", "default")
	w.unharmed(r, rows)
}

func TestCLIWorkspaces_WithAWorkspaceEachLeaveEachOtherAlone(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL()   // of one catalog they have one database
	_ = w.folder() // each has one of its own
	r := newRoot(t, strings.Replace(w.module(1), fmt.Sprintf("%q", w.workspace), `".skypoint/${terraform.workspace}"`, 1))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.succeed("workspace", "new", "staging")
	r.succeed("apply", "-auto-approve")
	r.succeed("destroy", "-auto-approve")
	r.succeed("workspace", "select", "default")
	w.workspace = filepath.Join(r.dir, ".skypoint", "default")
	if code, out := r.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the plan is not empty any more:\n%s", out)
	}
	w.countUsers(10)
}

func TestDataflow_WhoseRemovalWasInterruptedIsRemovedAndMadeAnew(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
			},
			Config:            w.dataflow(allTables),
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(3), "current_run"), is(knownvalue.StringExact("Completed"), "status")},
		},
	)
	w.completed(2)
}

func TestPinnedRun_OfADataflowWhoseRemovalWasInterruptedCanBeDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.pinned("1", 0)},
		resource.TestStep{Config: w.pinned("1", 1)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
				w.dropTable("users")
			},
			Config: w.pinned("1", 1), Destroy: true,
		},
	)
	w.completed(2)
}

func TestPlan_SaysThatAPinCantHoldTablesThatAreBeingRemoved(t *testing.T) {
	w := newWorld(t, 10)
	r := newRoot(t, requires+w.pinned("1", 0))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.write(requires + w.pinned("2", 0))
	r.succeed("apply", "-auto-approve")
	w.leaveRun(dataflow.KindRemoval, 3)
	w.decideRemoval(3)
	r.write(requires + w.pinned("2", 1))
	const says = `A removal of dataflow "Customers" was interrupted after it had decided that the tables go, so no pin can hold them. ` +
		`Destroy the dataflow to bring that to its end, or remove pinned_run to import it anew after that.`
	if out := r.succeed("plan"); !fails(says).MatchString(unframed(out)) {
		t.Errorf("the plan says\n%s", unframed(out))
	}
	r.succeed("destroy", "-auto-approve")
	w.completed(3)
}

func TestDataflow_WhoseRemovalLacksItsLastRecordAloneIsStillDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	w.run(
		resource.TestStep{Config: w.dataflow(allTables)},
		resource.TestStep{
			PreConfig: func() {
				w.leaveRun(dataflow.KindRemoval, 2)
				w.decideRemoval(2)
				record, err := w.ledger().Dataflow(t.Context(), "Customers")
				w.must(err)
				record.Version++
				record.Phase = dataflow.PhaseRemoved
				w.must(w.ledger().PutDataflow(t.Context(), record))
			},
			Config: w.dataflow(allTables), Destroy: true,
		},
	)
	w.completed(2)
}

func TestPinnedRun_DestroyThatEndedHalfWayGoesOn(t *testing.T) {
	w := newWorld(t, 10)
	config := func(pin string) string {
		return `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
` + w.dataflow("  tables = { users = {} }\n"+pin)
	}
	r := newRoot(t, config(""))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.must(os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(config("  pinned_run = 1\n")), 0o600))
	r.succeed("apply", "-auto-approve")
	r.succeed("destroy", "-auto-approve", "-target=skypoint_dataflow.customers") // as one that was killed before it came to the connector
	if out := r.succeed("destroy", "-auto-approve"); !strings.Contains(out, "1 destroyed") {
		t.Errorf("the second destroy:\n%s", out)
	}
	if code, out := r.run("apply", "-auto-approve"); code != 1 || !strings.Contains(out, "No import is kept") {
		t.Errorf("an apply with the pin ended with %d:\n%s", code, out)
	}
}

// completed checks that a run has come to its end, and to which.
func (w *world) completed(run int64) {
	w.t.Helper()
	finished, err := w.ledger().Finished(w.t.Context(), "Customers", run)
	w.must(err)
	if finished.Status != dataflow.StatusCompleted {
		w.t.Errorf("run %d is %s: %s", run, finished.Status, finished.Description)
	}
}

// decideRemoval leaves the decision of a removal that has nothing to drop.
func (w *world) decideRemoval(run int64) {
	started, err := w.ledger().Started(w.t.Context(), "Customers", run)
	w.must(err)
	_, err = w.ledger().Decide(w.t.Context(), dataflow.Decision{
		Dataflow: "Customers", Run: run, Outcome: dataflow.OutcomePublish, By: started.Owner.ID, DecidedAt: started.StartedAt,
	})
	w.must(err)
}
