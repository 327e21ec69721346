package dataflow

import (
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// Precision and scale of the Number type: decimal(38,9).
const (
	DecimalPrecision = 38
	DecimalScale     = 9
)

// Decimal is a value of the Number type in its shortest text form: "-12.5", "0", "20000000000000000001".
type Decimal string

// A leading zero or a sign on zero marks an identifier or something else that a number would not give back.
var decimalRule = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// ParseDecimal reads text that decimal(38,9) holds exactly. Zeros at the end of the fraction carry no value
// and are dropped; anything else that would be lost (more digits, "007", "-0", "1e5", "+1") makes it false.
func ParseDecimal(text string) (Decimal, bool) {
	if !decimalRule.MatchString(text) {
		return "", false
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits := strings.TrimPrefix(whole, "-")
	if len(digits) > DecimalPrecision-DecimalScale || len(fraction) > DecimalScale {
		return "", false
	}
	if strings.HasPrefix(whole, "-") && digits == "0" && fraction == "" {
		return "", false
	}
	if fraction == "" {
		return Decimal(whole), true
	}
	return Decimal(whole + "." + fraction), true
}

// Unscaled gives the 128-bit integer that decimal(38,9) stores: the value times 10^9. false: the text is none that the type holds.
//
// math/big does this too, at ten times the cost, which counts for a column of a million numbers.
func (d Decimal) Unscaled() (high int64, low uint64, ok bool) {
	digits, negative := strings.CutPrefix(string(d), "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if whole == "" || dotted && fraction == "" ||
		len(whole) > DecimalPrecision-DecimalScale || len(fraction) > DecimalScale {
		return 0, 0, false
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
				return 0, 0, false
			}
			add(uint64(part[i] - '0'))
		}
	}
	for range DecimalScale - len(fraction) {
		add(0)
	}
	if negative { // two's complement: https://iceberg.apache.org/spec/#parquet
		hi, lo = ^hi, ^lo+1
		if lo == 0 {
			hi++
		}
	}
	return int64(hi), lo, true //nolint:gosec // the bits of a number below 2^127
}

// DecimalOf gives the decimal of an unscaled integer, in its shortest text form.
func DecimalOf(signed int64, lo uint64) Decimal {
	negative, hi := signed < 0, uint64(signed) //nolint:gosec // the bits, not the number
	if negative {
		hi, lo = ^hi, ^lo+1
		if lo == 0 {
			hi++
		}
	}
	const unit = 1_000_000_000 // 10^DecimalScale
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
		text += "." + strings.TrimRight(strings.Repeat("0", DecimalScale-len(tail))+tail, "0")
	}
	if negative {
		text = "-" + text
	}
	return Decimal(text)
}
