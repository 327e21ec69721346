package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Result is what came of a run. A test with subtests is counted through them.
type Result struct {
	Passed int    `json:"passed"`
	Failed int    `json:"failed"` // a package that does not build or ends before its tests do is one
	Skips  []Skip `json:"skips"`
}

// Add adds the result of another run.
func (r *Result) Add(other Result) {
	r.Passed += other.Passed
	r.Failed += other.Failed
	r.Skips = append(r.Skips, other.Skips...)
}

// OK says whether the run counts as passed. One that ran no test does not; in a strict one every skip needs an allowed reason.
func (r Result) OK(strict bool) bool {
	if r.Failed > 0 || r.Passed == 0 {
		return false
	}
	return !strict || len(r.forbidden()) == 0
}

// atLeast is an error when the run passed fewer tests than it must, and none of it failed: that says more.
func (r Result) atLeast(name string, least int) error {
	if r.Failed > 0 || r.Passed >= least {
		return nil
	}
	return fmt.Errorf("%s: %d tests passed, and at least %d must: was one renamed, or is a package not listed?", name, r.Passed, least)
}

func (r Result) forbidden() []Skip {
	var out []Skip
	for _, s := range r.Skips {
		if !s.Allowed() {
			out = append(out, s)
		}
	}
	return out
}

// Print lists the skips with their reasons, and closes with the counts.
func (r Result) Print(out io.Writer, strict bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // a console that is gone can't be told
	for _, s := range r.Skips {
		label := "skipped"
		if strict && !s.Allowed() {
			label = "SKIPPED, which CI does not allow"
		}
		run := ""
		if s.Run != "" {
			run = " (" + s.Run + ")"
		}
		say("%s%s: %s: %s\n", label, run, s.Test, s.Reason)
	}
	if n := len(r.forbidden()); strict && n > 0 {
		say("%d of the skips fail this build: a test that does not run in CI guards nothing.\n", n)
	}
	if r.Passed == 0 && r.Failed == 0 {
		say("No test ran.\n")
	}
	say("%d passed, %d failed, %d skipped\n", r.Passed, r.Failed, len(r.Skips))
}

// AddTotals adds a result to the file, one JSON object a line. Runs side by side may share the file.
func AddTotals(path string, r Result) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return err
}

// ReadTotals gives the sum of the results in the file.
func ReadTotals(path string) (sum Result, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	dec := json.NewDecoder(f)
	for {
		var r Result
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return sum, nil
		} else if err != nil {
			return sum, fmt.Errorf("%s: %w", path, err)
		}
		sum.Add(r)
	}
}
