package dataflow_test

import (
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func customers() dataflow.Definition {
	return dataflow.Definition{
		Name: "Customers", Connector: "App", Database: "customers", RunOnApply: true, MaxRemovedPercent: 50,
		Tables: map[string]dataflow.TableDefinition{
			"users":  {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"},
			"groups": {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "groups"},
		},
	}
}

func TestDigest_FollowsWhatAnImportLoadsAndNothingElse(t *testing.T) {
	words := "words"
	for name, tc := range map[string]struct {
		change func(*dataflow.Definition)
		same   bool
	}{
		"nothing":           {func(*dataflow.Definition) {}, true},
		"the display name":  {func(d *dataflow.Definition) { d.DisplayName = &words }, true},
		"triggers":          {func(d *dataflow.Definition) { d.RefreshTriggers = map[string]string{"a": "b"} }, true},
		"the guard":         {func(d *dataflow.Definition) { d.MaxRemovedPercent = 1 }, true},
		"case of connector": {func(d *dataflow.Definition) { d.Connector = "APP" }, true},
		"the connector":     {func(d *dataflow.Definition) { d.Connector = "Other" }, false},
		"the database":      {func(d *dataflow.Definition) { d.Database = "other" }, false},
		"a table less":      {func(d *dataflow.Definition) { delete(d.Tables, "groups") }, false},
		"a table's purpose": {func(d *dataflow.Definition) {
			set(d, func(t *dataflow.TableDefinition) { t.Purpose = dataflow.PurposeCustomer360 })
		}, false},
		"a table's data":     {func(d *dataflow.Definition) { set(d, func(t *dataflow.TableDefinition) { t.Data = false }) }, false},
		"a table's metadata": {func(d *dataflow.Definition) { set(d, func(t *dataflow.TableDefinition) { t.Metadata = false }) }, false},
		"a table's name":     {func(d *dataflow.Definition) { set(d, func(t *dataflow.TableDefinition) { t.TableName = "people" }) }, false},
	} {
		d := customers()
		tc.change(&d)
		if same := d.Digest() == customers().Digest(); same != tc.same {
			t.Errorf("%s changed: same digest is %v", name, same)
		}
	}
}

func set(d *dataflow.Definition, change func(*dataflow.TableDefinition)) {
	t := d.Tables["users"]
	change(&t)
	d.Tables["users"] = t
}

func TestPurpose_PrivacyMetadataLoadsNoRows(t *testing.T) {
	for purpose, loads := range map[string]bool{"All": true, "Customer 360": true, "Privacy-Metadata": false} {
		if got := dataflow.Purpose(purpose).LoadsData(); got != loads {
			t.Errorf("%s loads data: %v", purpose, got)
		}
	}
}
