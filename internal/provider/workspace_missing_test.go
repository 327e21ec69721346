package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// elsewhere copies a root module and its state to a folder that has no workspace, as a CI runner does that begins empty.
// The provider block names no workspace, so it is looked for beside the root module.
func (w *world) elsewhere(r *root) *root {
	w.t.Helper()
	other := newRoot(w.t, "")
	delete(other.env, "TF_LOG")
	for _, name := range []string{"main.tf", "terraform.tfstate"} {
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		w.must(err)
		w.must(os.WriteFile(filepath.Join(other.dir, name), content, 0o600))
	}
	return other
}

// byDefault gives a root module whose workspace is in the default place.
func (w *world) byDefault(t *testing.T) *root {
	t.Helper()
	module := requires + strings.TrimPrefix(w.dataflow(build(1)), w.provider()) + "provider \"skypoint\" {}\n"
	r := newRoot(t, module)
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	_ = w.folder() // this one is beside the root module
	w.workspace = filepath.Join(r.dir, ".skypoint")
	return r
}

// nameAnother makes the world's configuration name a workspace that is not there.
func (w *world) nameAnother(t *testing.T) {
	if w.team != nil {
		w.team.prefix = "away"
		w.workspace = w.team.workspace()
		return
	}
	w.workspace = filepath.Join(t.TempDir(), "away")
}

func (w *world) workspaceID() string {
	w.t.Helper()
	id, err := w.ledger().ID(w.t.Context(), false)
	w.must(err)
	return id
}

var withoutRefresh = [][]string{{"plan", "-refresh=false"}, {"apply", "-auto-approve", "-refresh=false"}, {"destroy", "-auto-approve", "-refresh=false"}}

func TestWorkspaceMissing_IsAnErrorAndNeverDeleted(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL() // the default catalog goes with the workspace
	r := w.byDefault(t)
	rows, id := w.users(), w.workspaceID()
	other := w.elsewhere(r)
	here := filepath.Join(other.dir, ".skypoint")
	for _, command := range append(everyCommand, withoutRefresh...) {
		other.refuses(fmt.Sprintf(`is in workspace %s, which was at %s, and at %s there is none. Nothing was changed.`, id, w.workspace, here), command)
	}
	if _, err := os.Stat(here); !os.IsNotExist(err) {
		t.Errorf("a workspace was made: %v", err)
	}

	other.env["SKYPOINT_WORKSPACE"] = w.workspace // as the error says
	other.succeed("plan", "-detailed-exitcode")
	delete(other.env, "SKYPOINT_WORKSPACE")
	for _, address := range []string{app, customers} { // or, where it is lost for good
		other.succeed("state", "rm", address)
	}
	other.succeed("apply", "-auto-approve")
	other.succeed("plan", "-detailed-exitcode")
	r.succeed("plan", "-detailed-exitcode")
	w.equalRows(rows, w.users())
}

func TestWorkspaceOfAnotherRootModule_IsAnErrorAndStaysAsItIs(t *testing.T) {
	w := newWorld(t, 10)
	first := w.byDefault(t)
	id, at := w.workspaceID(), w.workspace
	second := w.byDefault(t)
	before, other := w.tree(), w.workspaceID()
	first.env["SKYPOINT_WORKSPACE"] = w.workspace
	for _, command := range append(everyCommand, withoutRefresh...) {
		first.refuses(fmt.Sprintf(`is in workspace %s, which was at %s, and %s is workspace %s. Nothing was changed.`, id, at, w.workspace, other), command)
	}
	w.unchanged(before, "the other workspace")
	second.succeed("plan", "-detailed-exitcode")
	delete(first.env, "SKYPOINT_WORKSPACE")
	first.succeed("plan", "-detailed-exitcode")
}

func TestWorkspaceMissing_IsAnErrorForARunToo(t *testing.T) {
	w := newWorld(t, 10)
	w.newRootOf(t)
	const run = "\nresource \"skypoint_dataflow_run\" \"once\" {\n  dataflow_id = \"Customers\"\n}\n"
	r := newRoot(t, requires+w.provider()+run)
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	id, at := w.workspaceID(), w.workspace
	w.nameAnother(t)
	r.write(requires + w.provider() + run)
	r.refuses(fmt.Sprintf(`Run 2 of dataflow "Customers" is in workspace %s, which was at %s, and at %s there is none. Nothing was changed.`, id, at, w.workspace), []string{"plan"})
}
