package lakehouse

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// parseDecimal gives a decimal as the 128-bit integer that decimal(38,9) stores: the value times 10^9.
// math/big does this too, at ten times the cost, which counts for a column of a million numbers.
func parseDecimal(d dataflow.Decimal) (decimal128.Num, bool) {
	digits, negative := strings.CutPrefix(string(d), "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if whole == "" || dotted && fraction == "" ||
		len(whole) > dataflow.DecimalPrecision-dataflow.DecimalScale || len(fraction) > dataflow.DecimalScale {
		return decimal128.Num{}, false
	}
	var hi, lo uint64
	add := func(digit uint64) {
		carry, low := bits.Mul64(lo, 10)
		var c uint64
		lo, c = bits.Add64(low, digit, 0)
		hi = hi*10 + carry + c // 38 digits fit in 127 bits
	}
	for _, part := range []string{whole, fraction} {
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return decimal128.Num{}, false
			}
			add(uint64(part[i] - '0'))
		}
	}
	for range dataflow.DecimalScale - len(fraction) {
		add(0)
	}
	n := decimal128.New(int64(hi), lo) // below 2^127
	if negative {
		n = n.Negate()
	}
	return n, true
}

// formatDecimal is the other way round: the shortest text of the value.
func formatDecimal(n decimal128.Num) dataflow.Decimal {
	negative := n.Sign() < 0
	if negative {
		n = n.Negate()
	}
	const unit = 1_000_000_000                  // 10^DecimalScale
	hi, lo := uint64(n.HighBits()), n.LowBits() //nolint:gosec // not negative here
	high, rest := hi/unit, hi%unit
	low, fraction := bits.Div64(rest, lo, unit)

	const chunk = 10_000_000_000_000_000_000 // 10^19, the largest power of ten that a word holds
	top, bottom := bits.Div64(high, low, chunk)
	text := strconv.FormatUint(bottom, 10)
	if top > 0 {
		text = strconv.FormatUint(top, 10) + strings.Repeat("0", 19-len(text)) + text
	}
	if fraction > 0 {
		tail := strconv.FormatUint(fraction, 10)
		text += "." + strings.TrimRight(strings.Repeat("0", dataflow.DecimalScale-len(tail))+tail, "0")
	}
	if negative {
		text = "-" + text
	}
	return dataflow.Decimal(text)
}
