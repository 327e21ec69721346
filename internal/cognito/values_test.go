package cognito

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTimestamp(t *testing.T) {
	for text, want := range map[string]string{
		"2024-05-01T10:00:00Z":             "2024-05-01T10:00:00Z",
		"2024-05-01T10:00:00.1Z":           "2024-05-01T10:00:00.1Z",
		"2024-05-01T10:00:00.123456Z":      "2024-05-01T10:00:00.123456Z",
		"2024-05-01T10:00:00.100000Z":      "2024-05-01T10:00:00.1Z",
		"2024-05-01T10:00:00+05:30":        "2024-05-01T04:30:00Z",
		"2024-05-01T10:00:00-23:59":        "2024-05-02T09:59:00Z",
		"2024-05-01T10:00:00-00:00":        "2024-05-01T10:00:00Z",
		"2024-02-29T00:00:00Z":             "2024-02-29T00:00:00Z",
		"0001-01-01T00:00:00Z":             "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":      "9999-12-31T23:59:59.999999Z",
		"0000-12-31T23:30:00-01:00":        "0001-01-01T00:30:00Z", // in UTC it is in the year 1
		"1969-12-31T23:59:59.999999+00:00": "1969-12-31T23:59:59.999999Z",

		"2024-05-01T10:00:00.1234567Z":   "",
		"2024-05-01T10:00:00.123456000Z": "", // its zeros would be lost, and with them what it says about its precision
		"2024-05-01T10:00:00.Z":          "",
		"2024-05-01T10:00:00,5Z":         "",
		"2024-05-01T1:00:00Z":            "",
		"2024-5-01T10:00:00Z":            "",
		"2024-05-01t10:00:00z":           "",
		"2024-05-01T10:00:00":            "",
		"2024-05-01T10:00Z":              "",
		"2024-05-01 10:00:00Z":           "",
		"2024-05-01":                     "",
		"2023-02-29T00:00:00Z":           "",
		"2024-13-01T00:00:00Z":           "",
		"2016-12-31T23:59:60Z":           "",
		"2024-05-01T24:00:00Z":           "",
		"2024-05-01T10:00:00+24:00":      "",
		"2024-05-01T10:00:00+05:60":      "",
		"2024-05-01T10:00:00+0530":       "",
		"2024-05-01T10:00:00+5:30":       "",
		"2024-05-01T10:00:00 +05:30":     "",
		"0001-01-01T00:00:00+00:01":      "", // in UTC it is before the year 1
		"9999-12-31T23:59:59-00:01":      "", // in UTC it is after the year 9999
		"0000-01-01T00:00:00Z":           "",
		"10000-01-01T00:00:00Z":          "",
		" 2024-05-01T10:00:00Z":          "",
		"2024-05-01T10:00:00Z\n":         "",
		"2024-05-01T10:00:00Zulu":        "",
		"1714557600":                     "",
		"":                               "",
	} {
		got, ok := ParseTimestamp(text)
		if ok != (want != "") {
			t.Errorf("ParseTimestamp(%q): %v, want %v", text, ok, want != "")
		} else if ok && (got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC) {
			t.Errorf("ParseTimestamp(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseTimestamp_KeepsEveryMomentToTheMicrosecond(t *testing.T) {
	first, last := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		moment := time.UnixMicro(rapid.Int64Range(first.UnixMicro(), last.UnixMicro()).Draw(t, "microseconds"))
		offset := rapid.IntRange(-23*60-59, 23*60+59).Draw(t, "offset in minutes")
		text := moment.In(time.FixedZone("", offset*60)).Format("2006-01-02T15:04:05.999999Z07:00")
		got, ok := ParseTimestamp(text)
		if !ok || !got.Equal(moment) {
			t.Fatalf("ParseTimestamp(%q) = %v, %v, want %v", text, got, ok, moment.UTC())
		}
	})
}

func TestParseBoolean(t *testing.T) {
	for text, want := range map[string][2]bool{
		"true": {true, true}, "false": {false, true},
		"True": {}, "TRUE": {}, "1": {}, "0": {}, "yes": {}, "t": {}, "": {}, " true": {}, "true ": {}, "null": {},
	} {
		if value, ok := ParseBoolean(text); value != want[0] || ok != want[1] {
			t.Errorf("ParseBoolean(%q) = %v, %v, want %v", text, value, ok, want)
		}
	}
}
