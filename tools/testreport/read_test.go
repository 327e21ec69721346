package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// events joins lines of a -json run.
func events(lines ...string) io.Reader { return strings.NewReader(strings.Join(lines, "\n") + "\n") }

func TestRead_CountsTestsThroughTheirSubtests(t *testing.T) {
	got, err := Read(events(
		`{"Action":"run","Package":"p","Test":"TestA"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/one"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/two"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"fail","Package":"p","Test":"TestB/one"}`,
		`{"Action":"fail","Package":"p","Test":"TestB"}`,
		`{"Action":"pass","Package":"p","Test":"TestC/one"}`,
		`{"Action":"fail","Package":"p","Test":"TestC"}`,
		`{"Action":"fail","Package":"p"}`,
	), io.Discard, "", false)
	if err != nil || got.Passed != 3 || got.Failed != 2 {
		t.Fatalf("got %+v, %v; want 3 passed, 2 failed (TestB's subtest, and TestC on its own)", got, err)
	}
}

func TestRead_GivesTheReasonOfASkip(t *testing.T) {
	got, err := Read(events(
		`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: looked for a CLI\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:2: OpenTofu has no\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"        actions\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestA"}`,
		`{"Action":"skip","Package":"p","Test":"TestB"}`,
		`{"Action":"pass","Package":"p"}`,
	), io.Discard, "unit", false)
	want := []Skip{
		{Run: "unit", Test: "p.TestA", Reason: "OpenTofu has no actions"},
		{Run: "unit", Test: "p.TestB", Reason: "(no reason given)"},
	}
	if err != nil || !slices.Equal(got.Skips, want) {
		t.Fatalf("got %+v, %v; want %+v", got.Skips, err, want)
	}
}

func TestRead_APackageThatEndsBeforeItsTestsFails(t *testing.T) {
	for name, lines := range map[string][]string{
		"build": {
			`{"Action":"build-output","ImportPath":"p [p.test]","Output":"p.go:1: undefined: x\n"}`,
			`{"Action":"build-fail","ImportPath":"p [p.test]"}`,
			`{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
		},
		"panic": {
			`{"Action":"run","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: undefined: x\n"}`,
			`{"Action":"fail","Package":"p"}`,
		},
	} {
		var out strings.Builder
		got, err := Read(events(lines...), &out, "", false)
		if err != nil || got.Failed != 1 || got.Passed != 0 {
			t.Errorf("%s: got %+v, %v; want 1 failed", name, got, err)
		}
		if !strings.Contains(out.String(), "undefined: x") || !strings.Contains(out.String(), "FAIL  p") {
			t.Errorf("%s: printed %q", name, out.String())
		}
	}
}

func TestRead_PrintsTheOutputOfWhatFailsAndOfNothingElse(t *testing.T) {
	var out strings.Builder
	_, err := Read(events(
		`{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"b_test.go:7: got 1, want 2\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestB"}`,
		`{"Action":"fail","Package":"p","Elapsed":1.25}`,
	), &out, "", false)
	if want := "b_test.go:7: got 1, want 2\nFAIL  p (1.2 s)\n"; err != nil || out.String() != want {
		t.Fatalf("printed %q, %v; want %q", out.String(), err, want)
	}
}

func TestRead_WithLogsPrintsWhatPassesToo(t *testing.T) {
	var out strings.Builder
	_, err := Read(events(
		`{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:1: 100 values compared\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"pass","Package":"p","Elapsed":0.5}`,
	), &out, "", true)
	if want := "a_test.go:1: 100 values compared\nok    p (0.5 s)\n"; err != nil || out.String() != want {
		t.Fatalf("printed %q, %v; want %q", out.String(), err, want)
	}
}
