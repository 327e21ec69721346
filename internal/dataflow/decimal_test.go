package dataflow_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestParseDecimal_TakesOnlyWhatGivesTheTextBack(t *testing.T) {
	nines := strings.Repeat("9", 29)
	for text, want := range map[string]string{
		"0": "0", "7": "7", "-12.5": "-12.5", "1.50": "1.5", "2.000": "2", "0.0": "0", "-0.1": "-0.1",
		"20000000000000000001": "20000000000000000001",
		nines + ".999999999":   nines + ".999999999",
		"0.123456789000":       "0.123456789",
		"":                     "", "007": "", "-0": "", "-0.0": "", "1e5": "", "+1": "", ".5": "", "5.": "", "1,000": "", "NaN": "", "0x1": "", "١": "",
		"1" + nines: "", "0.1234567891": "",
	} {
		got, ok := dataflow.ParseDecimal(text)
		if string(got) != want || ok != (want != "") {
			t.Errorf("ParseDecimal(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestParseDecimal_KeepsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,32})(\.[0-9]{1,12})?`).Draw(t, "text")
		got, ok := dataflow.ParseDecimal(text)
		if !ok {
			return
		}
		want, _ := new(big.Rat).SetString(text)
		have, _ := new(big.Rat).SetString(string(got))
		if want.Cmp(have) != 0 {
			t.Fatalf("%q became %q", text, got)
		}
		again, ok := dataflow.ParseDecimal(string(got))
		if !ok || again != got {
			t.Fatalf("%q is not its own shortest form: %q", got, again)
		}
	})
}
