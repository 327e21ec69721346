package main

import (
	"slices"
	"testing"
)

func TestGrid_AlignsColumnsByWhatIsSeen(t *testing.T) {
	got := grid([]string{"A", "B"}, [][]string{{"é", "1"}, {"long", "2 "}})
	want := "  A     B\n  é     1\n  long  2\n"
	if got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestCell_KeepsALineReadable(t *testing.T) {
	text := func(s string) *string { return &s }
	for want, value := range map[string]*string{
		"·":                            nil,
		`""`:                           text(""),
		"plain":                        text("plain"),
		`"two\nlines"`:                 text("two\nlines"),
		`"\u202e"`:                     text("\u202e"),
		"abcdefghijklmnopqrstuvwxyza…": text("abcdefghijklmnopqrstuvwxyzabcdefgh"),
	} {
		if got := cell(value); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFold_BreaksBetweenWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                     {""},
		"one two three":        {"one two", "three"},
		"a muchlongerword é b": {"a", "muchlongerword", "é b"},
	} {
		if got := fold(text, 7); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
