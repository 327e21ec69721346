package dataflow_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec/rowtest"
)

func TestDecimal_IsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rowtest.Decimal().Draw(t, "d")
		high, low, ok := d.Unscaled()
		if !ok {
			t.Fatalf("%q is not read", d)
		}
		if got := dataflow.DecimalOf(high, low); got != d {
			t.Fatalf("%q comes back as %q", d, got)
		}
		exact, _ := new(big.Rat).SetString(string(d))
		exact.Mul(exact, new(big.Rat).SetInt64(1_000_000_000))
		stored := new(big.Int).Lsh(big.NewInt(high), 64)
		stored.Add(stored, new(big.Int).SetUint64(low))
		if stored.Cmp(exact.Num()) != 0 || !exact.IsInt() {
			t.Fatalf("%q is stored as %s", d, stored)
		}
	})
	for _, text := range []string{"", "-", ".", "1.", ".5", "1e5", "+1", " 1", "1.0000000000", "--1"} {
		if _, _, ok := dataflow.Decimal(text).Unscaled(); ok {
			t.Errorf("%q is read as a number", text)
		}
	}
	for _, text := range []string{strings.Repeat("9", 29) + "." + strings.Repeat("9", 9), "-" + strings.Repeat("9", 29) + "." + strings.Repeat("9", 9), "0.000000001", "-0.1", "10000000000", "20000000000000000001"} {
		high, low, ok := dataflow.Decimal(text).Unscaled()
		if got := dataflow.DecimalOf(high, low); !ok || string(got) != text {
			t.Errorf("%q comes back as %q, %t", text, got, ok)
		}
	}
}
