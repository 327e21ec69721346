package dataflow_test

import (
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestCheckName_AllowsLettersAndDigitsAfterALetter(t *testing.T) {
	for name, ok := range map[string]bool{
		"A": true, "App": true, "a1": true, strings.Repeat("a", 64): true,
		"": false, "1a": false, "a b": false, "a-b": false, "a_b": false, "é": false, "a\n": false, strings.Repeat("a", 65): false,
	} {
		if err := dataflow.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestCheckReference_RefusesWhatNoNameCanBe(t *testing.T) {
	for name, ok := range map[string]bool{
		"App": true, "8moxhqs2": true, "a-b": true, "é": true, strings.Repeat("é", 64): true,
		"": false, "a b": false, "a/b": false, `a\b`: false, "a\n": false, "a\x00": false, "a\u00a0b": false, "\xff": false, strings.Repeat("a", 65): false,
	} {
		if err := dataflow.CheckReference(name); (err == nil) != ok {
			t.Errorf("CheckReference(%q) = %v", name, err)
		}
	}
}

func TestCheckDatabase_AllowsWhatEveryCatalogHolds(t *testing.T) {
	for name, ok := range map[string]bool{
		"customers": true, "c1_x": true, strings.Repeat("a", 255): true,
		"skypoint": false, "": false, "Customers": false, "1a": false, "_a": false, "a-b": false, "a.b": false, strings.Repeat("a", 256): false,
	} {
		if err := dataflow.CheckDatabase(name); (err == nil) != ok {
			t.Errorf("CheckDatabase(%q) = %v", name, err)
		}
	}
	if err := dataflow.CheckTableName("skypoint"); err != nil {
		t.Errorf("a table may be called as the catalog is: %v", err)
	}
}

func TestFoldName_MakesNamesThatDifferInCaseOne(t *testing.T) {
	if dataflow.FoldName("App1") != dataflow.FoldName("aPP1") {
		t.Error("App1 and aPP1 differ")
	}
}
