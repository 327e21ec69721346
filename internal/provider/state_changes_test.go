package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// instance is an object of a state file.
type instance struct {
	Version    int             `json:"schema_version"`
	Attributes json.RawMessage `json:"attributes"`
	Private    string          `json:"private"`
}

// instances reads the objects of the root module's state file by their types.
func (r *root) instances() map[string]instance {
	content, err := os.ReadFile(filepath.Join(r.dir, "terraform.tfstate"))
	r.must(err)
	var state struct {
		Resources []struct {
			Type      string
			Instances []instance
		}
	}
	r.must(json.Unmarshal(content, &state))
	all := map[string]instance{}
	for _, resource := range state.Resources {
		all[resource.Type] = resource.Instances[0]
	}
	return all
}

// uid reads the record's uid from the private state.
func (i instance) uid(t *testing.T) string {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(i.Private)
	if err != nil {
		t.Fatal(err)
	}
	private := map[string][]byte{}
	if err := json.Unmarshal(content, &private); err != nil {
		t.Fatal(err)
	}
	return string(private["uid"])
}

// The provider is one that has renamed source_id to connector_id, and the state that of the version before.
func TestRenamedAttribute_TakesTheStateOfAnOlderVersionAlong(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	before := r.instances()[dataflowType]
	file := filepath.Join(r.dir, "terraform.tfstate")
	content, err := os.ReadFile(file)
	r.must(err)
	older := strings.Replace(string(content), `"connector_id": "App"`, `"source_id": "App"`, 1)
	if before.Version != 0 || older == string(content) {
		t.Fatalf("version %d: %s", before.Version, content)
	}
	r.must(os.WriteFile(file, []byte(older), 0o600))

	r.env[variantEnv] = "renamed"
	r.succeed("plan", "-detailed-exitcode")
	r.succeed("apply", "-auto-approve", "-refresh-only")
	r.write(w.module(2))
	r.succeed("apply", "-auto-approve")
	r.succeed("plan", "-detailed-exitcode")
	after := r.instances()[dataflowType]
	if after.Version != 1 || !strings.Contains(string(after.Attributes), `"connector_id": "App"`) || strings.Contains(string(after.Attributes), "source_id") {
		t.Errorf("version %d: %s", after.Version, after.Attributes)
	}
	if before.uid(t) == "" || before.uid(t) != after.uid(t) {
		t.Errorf("the record's uid was %s and is %s", before.uid(t), after.uid(t))
	}
}

func TestUpgradeState_SaysWhatIsNotAState(t *testing.T) {
	server := providerserver.NewProtocol6(provider.Variants["renamed"]())()
	for state, want := range map[string][]string{
		`{"name":"Customers","source_id":"App","retain_runs":30,"gone":[1]}`: nil,
		`{"name":`:                   {"State can't be upgraded: The state of version 0 is not what that version wrote: unexpected EOF"},
		`{"name":"A","tables":"no"}`: {`State can't be upgraded: The state of version 0 is not what that version wrote: AttributeName("tables"): invalid JSON, expected "{", got "no"`},
	} {
		response, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
			TypeName: dataflowType, Version: 0, RawState: &tfprotov6.RawState{JSON: []byte(state)},
		})
		if err != nil {
			t.Fatal(err)
		}
		var r reported
		r.note(response.Diagnostics)
		if diff := cmp.Diff(want, r.errors); diff != "" {
			t.Errorf("%s (-want +got):\n%s", state, diff)
		}
	}
}

// upgraded gives what the provider makes of a state of version 0.
func upgraded(t *testing.T, typeName, state string) map[string]tftypes.Value {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test")())()
	response, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, Version: 0, RawState: &tfprotov6.RawState{JSON: []byte(state)},
	})
	if err != nil || len(response.Diagnostics) > 0 {
		t.Fatalf("%v, %v", err, response.Diagnostics)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := response.UpgradedState.Unmarshal(schemas.ResourceSchemas[typeName].ValueType())
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]tftypes.Value{}
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	return attributes
}

func TestUpgradeState_TakesTheUnreadableTablesFromTheListOfAll(t *testing.T) {
	got := upgraded(t, connectorType, `{"id":"App","name":"App","available_tables":[
		{"key":"users","file_name":"Users","description":"","readable":true,"reason":""},
		{"key":"groups","file_name":"Groups","description":"","readable":false,"reason":"The credentials may not."}]}`)
	var tables map[string]tftypes.Value
	if err := got["unreadable_tables"].As(&tables); err != nil {
		t.Fatal(err)
	}
	if want := tftypes.NewValue(tftypes.String, "The credentials may not."); len(tables) != 1 || !tables["groups"].Equal(want) {
		t.Errorf("got %v", tables)
	}
}

func TestUpgradeState_MakesAMapOfARunsTables(t *testing.T) {
	got := upgraded(t, dataflowRunType, `{"id":"Customers/1","dataflow_id":"Customers","run":1,"tables":[
		{"key":"users","table_name":"people","change":"publish","read":3,"added":3,"changed":0,"removed":0,"unchanged":0,"kept_as_text":0}]}`)
	var tables, users map[string]tftypes.Value
	if err := got["tables"].As(&tables); err != nil {
		t.Fatal(err)
	}
	if err := tables["users"].As(&users); err != nil || len(tables) != 1 {
		t.Fatalf("got %v: %v", tables, err)
	}
	if !users["table_name"].Equal(tftypes.NewValue(tftypes.String, "people")) || !users["read"].Equal(tftypes.NewValue(tftypes.Number, 3)) || !users["database"].IsNull() {
		t.Errorf("got %v", users)
	}
}

// table_details once had what the last run did to each table. Terraform hands such a state over as it is.
func TestTableDetails_OfAnEarlierVersionsStatePlanNothing(t *testing.T) {
	w := newWorld(t, 10)
	r := w.newRootOf(t)
	file := filepath.Join(r.dir, "terraform.tfstate")
	content, err := os.ReadFile(file)
	r.must(err)
	older := strings.Replace(string(content), `"total_records":`, `"run": 1, "added": 10, "snapshot_id": "17", "metadata_location": "file:///m.json", "total_records":`, 1)
	if older == string(content) {
		t.Fatalf("no table in %s", content)
	}
	r.must(os.WriteFile(file, []byte(older), 0o600))
	r.succeed("plan", "-detailed-exitcode")
}
