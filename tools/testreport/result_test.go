package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestResult_ASkipFailsAStrictRunUnlessItsReasonIsAllowed(t *testing.T) {
	tests := map[string]struct {
		reason string
		strict bool
		want   bool
	}{
		"no reason, in CI":          {"(no reason given)", true, false},
		"another reason, in CI":     {"needs Python", true, false},
		"TF_ACC left out, in CI":    {"Acceptance tests skipped unless env 'TF_ACC' set", true, false},
		"a CLI that is older":       {"Terraform CLI version 1.11.4 is below minimum version 1.12.0: skipping test", true, true},
		"a feature of Terraform's":  {"OpenTofu has no actions", true, true},
		"another reason, elsewhere": {"needs Python", false, true},
	}
	for name, tt := range tests {
		r := Result{Passed: 1, Skips: []Skip{{Test: "p.TestA", Reason: tt.reason}}}
		if got := r.OK(tt.strict); got != tt.want {
			t.Errorf("%s: OK is %v, want %v", name, got, tt.want)
		}
	}
}

func TestResult_ARunOfNoTestIsNotOK(t *testing.T) {
	if (Result{}).OK(false) {
		t.Fatal("a run of no test is OK")
	}
}

func TestResult_ClosesWithTheCounts(t *testing.T) {
	var out strings.Builder
	Result{Passed: 12, Failed: 1, Skips: []Skip{{Run: "unit", Test: "p.TestA", Reason: "needs Python"}}}.Print(&out, true)
	want := "SKIPPED, which CI does not allow (unit): p.TestA: needs Python\n" +
		"1 of the skips fail this build: a test that does not run in CI guards nothing.\n" +
		"12 passed, 1 failed, 1 skipped\n"
	if out.String() != want {
		t.Fatalf("got %q\nwant %q", out.String(), want)
	}
}

func TestTotals_SumTheRunsThatWereAdded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "totals")
	for _, r := range []Result{{Passed: 3}, {Passed: 4, Failed: 1, Skips: []Skip{{Test: "p.TestA", Reason: "OpenTofu has no actions"}}}} {
		if err := AddTotals(path, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadTotals(path)
	if err != nil || got.Passed != 7 || got.Failed != 1 || len(got.Skips) != 1 {
		t.Fatalf("got %+v, %v; want 7 passed, 1 failed, 1 skip", got, err)
	}
}
