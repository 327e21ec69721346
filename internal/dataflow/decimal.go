package dataflow

import (
	"regexp"
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
