package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// event is one line of `go test -json`: https://pkg.go.dev/cmd/test2json
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build event
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// test is what is known of a test so far.
type test struct {
	output   strings.Builder
	outcome  string // "pass", "fail", "skip"; empty while it runs
	children bool
	failed   bool // a child of it failed
}

// Read reads the events of one `go test -json`, prints to out the packages as they end and the whole output of what fails;
// with logs that of what passes, too.
func Read(events io.Reader, out io.Writer, run string, logs bool) (Result, error) {
	r := reader{run: run, logs: logs, out: out, packages: map[string]map[string]*test{}, builds: map[string]*strings.Builder{}}
	in := bufio.NewScanner(events)
	in.Buffer(nil, 64<<20) // a test may print a long line
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			// Not every line is an event: a -json run prints plain text when it fails before the first test.
			r.print(in.Text() + "\n")
			continue
		}
		r.take(e)
	}
	if err := in.Err(); err != nil {
		return r.result, fmt.Errorf("read test events: %w", err)
	}
	return r.result, nil
}

type reader struct {
	run      string
	logs     bool
	out      io.Writer
	result   Result
	packages map[string]map[string]*test
	builds   map[string]*strings.Builder
}

func (r *reader) print(s string) { _, _ = io.WriteString(r.out, s) } // a console that is gone can't be told

func (r *reader) take(e event) {
	switch e.Action {
	case "build-output":
		b := r.builds[e.ImportPath]
		if b == nil {
			b = new(strings.Builder)
			r.builds[e.ImportPath] = b
		}
		b.WriteString(e.Output)
	case "output":
		r.test(e).output.WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
	}
}

// test gives the test of the event; the package's own output is that of the test "".
func (r *reader) test(e event) *test {
	tests := r.packages[e.Package]
	if tests == nil {
		tests = map[string]*test{}
		r.packages[e.Package] = tests
	}
	t := tests[e.Test]
	if t == nil {
		t = new(test)
		tests[e.Test] = t
	}
	return t
}

// parent gives the test that the event's test is a subtest of, or nil.
func (r *reader) parent(e event) *test {
	i := strings.LastIndexByte(e.Test, '/')
	if i < 0 {
		return nil
	}
	e.Test = e.Test[:i]
	return r.test(e)
}

// endTest counts a test. One with subtests is counted through them, unless it failed on its own.
func (r *reader) endTest(e event) {
	t := r.test(e)
	t.outcome = e.Action
	if r.logs && e.Action != "fail" {
		r.print(t.output.String())
	}
	if p := r.parent(e); p != nil {
		p.children = true
		p.failed = p.failed || e.Action == "fail"
	}
	switch {
	case e.Action == "fail":
		r.print(t.output.String())
		if !t.children || !t.failed {
			r.result.Failed++
		}
	case t.children:
	case e.Action == "skip":
		r.result.Skips = append(r.result.Skips, Skip{Run: r.run, Test: e.Package + "." + e.Test, Reason: reason(t.output.String())})
	default:
		r.result.Passed++
	}
	t.output.Reset()
}

// endPackage shows a package's line. A package can fail without a test: it did not build, it panicked, it ran out of time.
func (r *reader) endPackage(e event) {
	own := r.test(e)
	counted := false
	for name, t := range r.packages[e.Package] {
		if name == "" {
			continue
		}
		if t.outcome == "fail" {
			counted = true
		}
		if t.outcome == "" && e.Action == "fail" { // it was running when the process ended
			r.print(t.output.String())
		}
	}
	delete(r.packages, e.Package)
	if e.Action != "fail" {
		if e.Action == "pass" {
			r.print(fmt.Sprintf("ok    %s (%.1f s)\n", e.Package, e.Elapsed))
		}
		return
	}
	if b := r.builds[e.FailedBuild]; b != nil {
		r.print(b.String())
		delete(r.builds, e.FailedBuild) // said once, though other packages may fail by it too
	}
	if !counted {
		r.print(own.output.String())
		r.result.Failed++
	}
	r.print(fmt.Sprintf("FAIL  %s (%.1f s)\n", e.Package, e.Elapsed))
}

// logLine is how testing begins what a test logs: four spaces a level, then file and line.
var logLine = regexp.MustCompile(`^\s+[\w.-]+\.go:\d+: `)

// reason gives what a test said last, which is why it skipped.
func reason(output string) string {
	var last []string
	for _, line := range strings.Split(strings.TrimRight(output, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "=== "), strings.HasPrefix(strings.TrimSpace(line), "--- "):
		case logLine.MatchString(line):
			last = []string{logLine.ReplaceAllString(line, "")}
		case last != nil:
			last = append(last, strings.TrimSpace(line))
		}
	}
	if last == nil {
		return "(no reason given)"
	}
	return strings.TrimSpace(strings.Join(last, " "))
}
