package cognito

import (
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// parser reads an attribute's text as a value of its column's type. False: the type can't hold it.
type parser func(text string) (any, bool)

// parserOf gives the parser of a column type, or false for a type that no attribute has.
func parserOf(t dataflow.ColumnType) (parser, bool) {
	switch t {
	case dataflow.String:
		return func(text string) (any, bool) { return text, true }, true
	case dataflow.Number:
		return func(text string) (any, bool) { return boxed(dataflow.ParseDecimal(text)) }, true
	case dataflow.Timestamp:
		return func(text string) (any, bool) { return boxed(ParseTimestamp(text)) }, true
	case dataflow.Boolean:
		return func(text string) (any, bool) { return boxed(ParseBoolean(text)) }, true
	default:
		return nil, false
	}
}

func boxed[T any](value T, ok bool) (any, bool) { return value, ok }

// ParseTimestamp reads a date and time of RFC 3339 with any offset, and gives it in UTC: the moment is kept, the offset is not.
// What a Timestamp can't hold makes it false: more than six digits of a second, a year outside 0001 to 9999 (in UTC),
// a leap second, anything that is not in this form. Letters are upper case.
// Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
func ParseTimestamp(text string) (time.Time, bool) {
	if !timestampForm(text) {
		return time.Time{}, false
	}
	// The form was checked by hand since time.Parse also takes "T1:02:03", a comma for the point and offsets of 24 hours.
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, false
	}
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// timestampForm says whether text has the form 2006-01-02T15:04:05[.999999](Z|±15:04).
func timestampForm(text string) bool {
	const date = "dddd-dd-ddTdd:dd:dd"
	if len(text) <= len(date) || !inForm(text[:len(date)], date) {
		return false
	}
	rest := text[len(date):]
	if rest[0] == '.' {
		digits := 1
		for digits < len(rest) && isDigit(rest[digits]) {
			digits++
		}
		if digits == 1 || digits > 1+6 {
			return false
		}
		rest = rest[digits:]
	}
	if rest == "Z" {
		return true
	}
	if !inForm(rest, "+dd:dd") && !inForm(rest, "-dd:dd") {
		return false
	}
	return rest[1:3] <= "23" && rest[4:6] <= "59"
}

func inForm(text, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		if form[i] == 'd' {
			if !isDigit(text[i]) {
				return false
			}
		} else if text[i] != form[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ParseBoolean reads "true" and "false"; anything else ("True", "1", "yes") makes it false.
func ParseBoolean(text string) (value, ok bool) {
	return text == "true", text == "true" || text == "false"
}
