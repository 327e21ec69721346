package dataflow_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestNameFrom_KeepsLettersAndDigits(t *testing.T) {
	for text, want := range map[string]string{
		"EU Customers, 2024":    "EUCustomers2024",
		"customers":             "customers",
		"Köln – Süd/Außen":      "KolnSudAuen",
		"2024 EU":               "D2024EU",
		"①":                     "D1",
		"ｆｕｌｌ width":            "fullwidth",
		"東京 Tokyo":              "Tokyo",
		" \t\n_-a":              "a",
		strings.Repeat("a", 64): strings.Repeat("a", 64),
		strings.Repeat("a", 65): strings.Repeat("a", 56) + "635361c4",
		strings.Repeat("a", 66): strings.Repeat("a", 56) + "ac137fce",
	} {
		got, err := dataflow.NameFrom(text)
		if err != nil || got != want {
			t.Errorf("NameFrom(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "東京", "\x00", "\xff\xfe", "🙂", "--__"} {
		if got, err := dataflow.NameFrom(text); err == nil {
			t.Errorf("NameFrom(%q) = %q, want an error", text, got)
		}
	}
}

func TestNameFrom_GivesAValidNameThatItLeavesAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, err := dataflow.NameFrom(rapid.String().Draw(t, "text"))
		if err != nil {
			return
		}
		if err := dataflow.CheckName(name); err != nil {
			t.Fatal(err)
		}
		if again, err := dataflow.NameFrom(name); err != nil || again != name {
			t.Fatalf("%q gives %q, %v", name, again, err)
		}
	})
}
