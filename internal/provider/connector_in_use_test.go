package provider_test

import (
	"fmt"
	"strings"
	"testing"
)

// twoRoots gives a root module with the connector, and another one with a dataflow that imports through it; both are applied.
func (w *world) twoRoots(t *testing.T) (connectors, dataflows *root) {
	t.Helper()
	connectors = newRoot(t, requires+w.connector())
	dataflows = newRoot(t, requires+w.provider()+`
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = "App"
  tables       = { users = {} }
}
`)
	for _, r := range []*root{connectors, dataflows} {
		delete(r.env, "TF_LOG")
		r.succeed("apply", "-auto-approve")
	}
	return connectors, dataflows
}

const inUse = `connector "App": remove: dataflow "Customers" imports through it. Destroy that first, or give it another connector_id and apply; it may be in another root module.`

func TestConnector_ThatADataflowOfAnotherRootModuleNamesIsNotDestroyed(t *testing.T) {
	w := newWorld(t, 10)
	connectors, dataflows := w.twoRoots(t)
	connectors.refuses(inUse, []string{"destroy", "-auto-approve"})
	connectors.write(requires + w.provider())
	connectors.refuses(inUse, []string{"apply", "-auto-approve"})
	dataflows.succeed("plan", "-detailed-exitcode")
	if secret, err := w.ledger().ConnectorSecret(t.Context(), "App"); err != nil || secret != testSecret {
		t.Errorf("the secret can't be opened any more: %v", err)
	}
	dataflows.succeed("destroy", "-auto-approve")
	connectors.succeed("apply", "-auto-approve")
	if there, err := w.ledger().Connectors(t.Context()); err != nil || len(there) > 0 {
		t.Errorf("there still is %v, %v", there, err)
	}
}

func TestConnector_ThatADataflowNamesIsReplacedByOneOfTheSameName(t *testing.T) {
	w := newWorld(t, 10)
	connectors, dataflows := w.twoRoots(t)
	connectors.succeed("apply", "-auto-approve", "-replace="+app)
	dataflows.succeed("plan", "-detailed-exitcode")
	connectors.succeed("plan", "-detailed-exitcode")
	connectors.refuses(inUse, []string{"destroy", "-auto-approve"}) // also one that was replaced
}

func TestConnector_ThatADataflowNamesGetsAnotherNameOnlyWhenItsDataflowsMoveFirst(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	renamed := strings.Replace(w.module(1), `"App"`, `"Other"`, 1)
	r.write(renamed)
	r.refuses(`To give a connector another name, set lifecycle { create_before_destroy = true } on it, so that its dataflows move to the new one first.`, []string{"apply", "-auto-approve"})
	r.write(strings.Replace(renamed, "max_requests_per_second", "lifecycle {\n    create_before_destroy = true\n  }\n  max_requests_per_second", 1))
	r.succeed("apply", "-auto-approve")
	r.succeed("plan", "-detailed-exitcode")
	there, err := w.ledger().Connectors(t.Context())
	w.must(err)
	if len(there) != 1 || there[0].Name != "Other" {
		t.Errorf("the connectors are %v", fmt.Sprint(there))
	}
}
