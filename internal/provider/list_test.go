package provider_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// list is `terraform query`: "display name: what was asked for of the object", and the errors.
func (c *core) list(kind, arguments string, limit int64, attributes ...string) ([]string, []string) {
	c.t.Helper()
	c.begin()
	config := c.wire.config(c.t, listOf+kind, arguments, nil)
	stream, err := c.wire.server.(tfprotov6.ListResourceServer).ListResource(c.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: kind, Config: config, IncludeResource: len(attributes) > 0, Limit: limit,
	})
	c.must(err)
	var listed []string
	var r reported
	for result := range stream.Results {
		if r.note(result.Diagnostics) {
			continue
		}
		line := result.DisplayName
		if len(attributes) > 0 {
			value, err := msgpack.Unmarshal(result.Resource.MsgPack, c.wire.types[kind])
			c.must(err)
			c.objects[kind] = object{value: value}
			for _, name := range attributes {
				line += " " + name + "=" + shown(value.GetAttr(name))
			}
		} else if result.Resource != nil {
			c.t.Errorf("%s comes with its resource", line)
		}
		listed = append(listed, line)
	}
	return listed, r.errors
}

func shown(value cty.Value) string {
	if value.IsNull() {
		return "null"
	}
	return value.AsString()
}

// declareElsewhere writes the record of a dataflow that never ran, as another root module would.
func (w *world) declareElsewhere(name, connector string, phase dataflow.Phase) {
	w.must(w.ledger().PutDataflow(context.Background(), dataflow.Record{
		Version: 1, UID: name, Phase: phase, Type: cognito.TypeName,
		Definition: dataflow.Definition{Name: name, Connector: connector, Database: strings.ToLower(name), RunOnApply: true},
		CreatedAt:  time.Now().UTC(), UpdatedAt: time.Now().UTC(),
	}))
}

func TestList_GivesWhatTheFiltersLetPass(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, allTables+"\ndisplay_name = \"All customers\"")
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	w.declareElsewhere("Orders", "Shop", dataflow.PhaseCreating)
	w.declareElsewhere("orders2", "App", dataflow.PhaseCreated)
	w.declareElsewhere("Gone", "App", dataflow.PhaseRemoved)
	for i := range 40 {
		w.declareElsewhere(fmt.Sprintf("Zoo%02d", i), "Zoo", dataflow.PhaseCreated)
	}
	const first, second, third = "All customers (Customers)", "Orders", "orders2"
	for _, q := range []struct {
		kind, arguments string
		limit           int64
		want            []string
	}{
		{dataflowType, "", 3, []string{first, second, third}},
		{dataflowType, `name_regex = "^Zoo3[89]$"`, 100, []string{"Zoo38", "Zoo39"}},
		{dataflowType, `name_regex = "rders"`, 100, []string{second, third}},
		{dataflowType, `connector_id = "App"`, 100, []string{first, third}},
		{dataflowType, `connector_id = "App"`, 1, []string{first}},
		{dataflowType, `status = "Completed"`, 100, []string{first}},
		{dataflowType, "status = \"New\"\nname_regex = \"s\"\ntype = \"AWS Cognito\"", 100, []string{second, third}},
		{dataflowType, `name_regex = "Gone"`, 100, nil},
		{connectorType, "", 100, []string{"App"}},
		{connectorType, `user_pool_id = "` + testPoolID + `"`, 100, []string{"App"}},
		{connectorType, `user_pool_id = "us-east-1_Other"`, 100, nil},
		{connectorType, `name_regex = "app"`, 100, nil},
	} {
		got, errs := c.list(q.kind, q.arguments, q.limit)
		if diff := cmp.Diff(q.want, got); diff != "" || len(errs) > 0 {
			t.Errorf("%s %s: %v (-want +got):\n%s", q.kind, q.arguments, errs, diff)
		}
	}
	if got, _ := c.list(dataflowType, "", 100); len(got) != 43 {
		t.Errorf("%d dataflows, want 43", len(got))
	}

	// What is listed is what an import reads: with it in the state there is nothing to plan.
	wantListed := []string{first + " status=Completed max_age=null"}
	if got, errs := c.list(dataflowType, `name_regex = "^Customers$"`, 100, "status", "max_age"); !slices.Equal(got, wantListed) {
		t.Errorf("%q %v, want %q", got, errs, wantListed)
	}
	wantListed = []string{"App user_pool_name=customers secret_access_key_wo=null"}
	if got, errs := c.list(connectorType, "", 100, "user_pool_name", "secret_access_key_wo"); !slices.Equal(got, wantListed) {
		t.Errorf("%q %v, want %q", got, errs, wantListed)
	}
	c.succeeds("plan", c.plan())
}

func TestList_EndsAtARecordThatItCannotRead(t *testing.T) {
	w := newWorld(t, 1)
	c := newCore(t, w, allTables)
	if got, errs := c.list(dataflowType, "", 100); len(got)+len(errs) > 0 || w.exists() {
		t.Errorf("a workspace that is not there has %q %q, and was made: %v", got, errs, w.exists())
	}
	for _, name := range []string{"App", "Broken", "Customers"} {
		w.declareElsewhere(name, "App", dataflow.PhaseCreated)
	}
	record := w.spoil("dataflows/broken/definitions/00000001.json", "{")
	got, errs := c.list(dataflowType, "", 100)
	if !slices.Equal(got, []string{"App"}) || len(errs) != 1 || !strings.HasPrefix(errs[0], "The workspace can't be listed: "+record+": ") {
		t.Errorf("%q %q", got, errs)
	}
	if got, errs := c.list(dataflowType, "", 1); !slices.Equal(got, []string{"App"}) || len(errs) > 0 {
		t.Errorf("up to the limit: %q %q", got, errs)
	}
}

// What `terraform query` writes is a configuration that can be used as it is.
func TestQuery_GeneratesAConfigurationThatPlansNothingButTheImport(t *testing.T) {
	needsTerraform(t, "list resources")
	w := newWorld(t, 10)
	made := newRoot(t, requires+w.dataflow(allTables+"\n  display_name = \"All\"\n  refresh_triggers = { build = \"1\" }\n  max_age = \"24h\""))
	made.succeed("apply", "-auto-approve")
	r := newRoot(t, requires+w.provider())
	r.must(os.WriteFile(filepath.Join(r.dir, "all.tfquery.hcl"), []byte(`
list "skypoint_cognito_connector" "all" {
  provider = skypoint
}
list "skypoint_dataflow" "completed" {
  provider = skypoint
  limit    = 10
  config {
    name_regex   = "^C"
    status       = "Completed"
    connector_id = "App"
  }
}
list "skypoint_dataflow" "none" {
  provider = skypoint
  config { status = "Failed" }
}
`), 0o600))
	said := r.succeed("query", "-generate-config-out=generated.tf")
	for _, want := range []string{"list.skypoint_cognito_connector.all   id=App   App", "list.skypoint_dataflow.completed   id=Customers   All (Customers)"} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("query said\n%s\nwant %s", said, want)
		}
	}
	generated, err := os.ReadFile(filepath.Join(r.dir, "generated.tf"))
	r.must(err)
	if strings.Contains(string(generated), testSecret) || strings.Contains(r.output.String(), testSecret) {
		t.Error("the secret is in what was generated")
	}
	if said := r.succeed("plan"); !strings.Contains(said, "Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("plan said\n%s", said)
	}
	r.succeed("apply", "-auto-approve")
	r.succeed("plan", "-detailed-exitcode")
}
