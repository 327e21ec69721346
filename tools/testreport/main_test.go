package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test's own program be the command: with this variable set it prints it and ends, as a `go test -json` of its own.
func TestMain(m *testing.M) {
	if events, ok := os.LookupEnv("TESTREPORT_EVENTS"); ok {
		_, _ = os.Stdout.WriteString(events)
		return
	}
	if os.Getenv("TESTREPORT_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// report runs the command with these arguments, each {} of which is a run that prints those events.
func report(t *testing.T, args ...string) (output string, ok bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, arg := range args {
		if events, found := strings.CutPrefix(arg, "events "); found {
			all = append(all, "env", "TESTREPORT_EVENTS="+events, self)
		} else {
			all = append(all, arg)
		}
	}
	cmd := exec.CommandContext(t.Context(), self, all...)
	cmd.Env = append(os.Environ(), "TESTREPORT_MAIN=1", "CI=true")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

const (
	twoPass = `events {"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestB"}` + "\n"
	none    = `events {"Action":"pass","Package":"q"}` + "\n"
)

func TestReport_EveryRunMustHaveItsTests(t *testing.T) {
	totals := filepath.Join(t.TempDir(), "totals")
	for name, c := range map[string]struct {
		args []string
		ok   bool
		says string
	}{
		"all there":                         {[]string{"a", twoPass, "--", "b:2", twoPass}, true, "4 passed, 0 failed, 0 skipped"},
		"none beside a good one":            {[]string{"a", twoPass, "--", "b", none}, false, "b: 0 tests passed, and at least 1 must"},
		"none before a good one":            {[]string{"b", none, "--", "a", twoPass}, false, "b: 0 tests passed, and at least 1 must"},
		"fewer than it says":                {[]string{"a:3", twoPass}, false, "a: 2 tests passed, and at least 3 must"},
		"a number that is none":             {[]string{"a:many", twoPass}, false, `run "a:many"`},
		"a command that fails by its words": {[]string{"a", twoPass, "--", "b", "false"}, false, "exit status 1"},
		"a run without a command":           {[]string{"a", twoPass, "--", "b"}, false, `run "b" has no command`},
		"no command":                        {[]string{"-totals", totals, "a"}, false, "Usage"},
	} {
		t.Run(name, func(t *testing.T) {
			output, ok := report(t, c.args...)
			if ok != c.ok || !strings.Contains(output, c.says) {
				t.Errorf("ok is %t, want %t with %q:\n%s", ok, c.ok, c.says, output)
			}
		})
	}
}
