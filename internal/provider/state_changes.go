package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// stateChange takes the attributes of a state from one version of a resource's schema to the next. They are as JSON holds them.
type stateChange func(attributes map[string]any)

// The changes of each resource's schema that a state must follow, oldest first. A schema's version is how many there are, so
// whoever renames an attribute adds a line here and is done.
var (
	cognitoConnectorChanges = []stateChange{unreadableTables}
	dataflowChanges         []stateChange
	dataflowRunChanges      = []stateChange{tablesByKey}
)

// unreadableTables takes what can't be read from the list of all tables, which the connector no longer has.
func unreadableTables(attributes map[string]any) {
	unreadable := map[string]any{}
	available, _ := attributes["available_tables"].([]any)
	for _, table := range available {
		if t, ok := table.(map[string]any); ok && t["readable"] == false {
			unreadable[fmt.Sprint(t["key"])] = t["reason"]
		}
	}
	attributes["unreadable_tables"] = unreadable
	delete(attributes, "available_tables")
}

// tablesByKey makes a map of a run's list of tables. The next refresh fills in their databases.
func tablesByKey(attributes map[string]any) {
	byKey := map[string]any{}
	tables, _ := attributes["tables"].([]any)
	for _, table := range tables {
		if t, ok := table.(map[string]any); ok {
			byKey[fmt.Sprint(t["key"])] = t
			delete(t, "key")
		}
	}
	attributes["tables"] = byKey
}

// renamed is the change of an attribute's name.
func renamed(from, to string) stateChange {
	return func(attributes map[string]any) {
		attributes[to] = attributes[from]
		delete(attributes, from)
	}
}

// upgraders give, for each version of before, what brings a state from there to the newest version. A state is changed as JSON and then
// read by today's schema, so that no older schema need be kept. The private state needs no upgrade: Terraform hands it on as it is.
// Source: https://developer.hashicorp.com/terraform/plugin/framework/resources/state-upgrade
func upgraders(changes []stateChange) map[int64]resource.StateUpgrader {
	all := map[int64]resource.StateUpgrader{}
	for version := range changes {
		all[int64(version)] = resource.StateUpgrader{
			StateUpgrader: func(ctx context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
				raw, err := changed(req.RawState.JSON, changes[version:])
				if err == nil {
					resp.State.Raw, err = raw.UnmarshalWithOpts(resp.State.Schema.Type().TerraformType(ctx), tfprotov6.UnmarshalOpts{
						ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}, // an attribute that is no more
					})
				}
				if err != nil {
					resp.Diagnostics.AddError("State can't be upgraded", fmt.Sprintf("The state of version %d is not what that version wrote: %v", version, err))
				}
			},
		}
	}
	return all
}

func changed(state []byte, changes []stateChange) (tfprotov6.RawState, error) {
	decoder := json.NewDecoder(bytes.NewReader(state))
	decoder.UseNumber() // a number may have more digits than a float64 holds
	var attributes map[string]any
	if err := decoder.Decode(&attributes); err != nil {
		return tfprotov6.RawState{}, err
	}
	for _, change := range changes {
		change(attributes)
	}
	encoded, err := json.Marshal(attributes)
	return tfprotov6.RawState{JSON: encoded}, err
}
