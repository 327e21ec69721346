// Command testreport runs `go test -json` and says what a person and a CI want to know of it: the whole output of what
// failed, every skip with its reason, and a closing line "N passed, N failed, N skipped".
//
//	testreport [-totals FILE] [-logs] NAME[:LEAST] go test -json ./... [-- NAME[:LEAST] go test -json ...]...
//	testreport -sum FILE
//
// Each run must pass LEAST tests (1): one that was renamed, a pattern or a build tag that fits none, a package that is not listed any more
// would else pass by running nothing.
//
// A skip hides a test. In CI (CI=true) a skip therefore fails the build, unless its reason is one of those in allowed.go.
//
// With -totals the run's result is added to FILE; -sum prints the skips and the closing line of all runs in FILE together.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

func main() {
	totals := flag.String("totals", "", "add the result to this `file`")
	logs := flag.Bool("logs", false, "print what passing tests log, too")
	sum := flag.String("sum", "", "print the sum of the results in this `file`, and run nothing")
	flag.Parse()
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	strict := err == nil && ci
	err = nil

	var result Result
	switch {
	case *sum != "":
		result, err = ReadTotals(*sum)
	case flag.NArg() > 1:
		for _, args := range split(flag.Args()) {
			if len(args) < 2 {
				err = errors.Join(err, fmt.Errorf("run %q has no command", strings.Join(args, " ")))
				continue
			}
			name, least, nameErr := nameOf(args[0])
			one, runErr := run(name, args[1:], *logs)
			result.Add(one)
			fmt.Printf("%s: %d passed, at least %d must\n", name, one.Passed, least)
			err = errors.Join(err, nameErr, runErr, one.atLeast(name, least))
		}
		if *totals != "" {
			err = errors.Join(err, AddTotals(*totals, result))
		}
	default:
		flag.Usage()
		os.Exit(2)
	}
	result.Print(os.Stdout, strict)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !result.OK(strict) {
		os.Exit(1)
	}
}

// split gives the runs, each a name and a command, that "--" stands between.
func split(args []string) [][]string {
	runs := [][]string{nil}
	for _, arg := range args {
		if arg == "--" {
			runs = append(runs, nil)
			continue
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], arg)
	}
	return runs
}

// nameOf gives a run's name and how many tests it must pass.
func nameOf(arg string) (name string, least int, err error) {
	name, number, given := strings.Cut(arg, ":")
	if !given {
		return name, 1, nil
	}
	least, err = strconv.Atoi(number)
	if err == nil && least < 1 {
		err = errors.New("a run passes one test at least")
	}
	if err != nil {
		return name, 1, fmt.Errorf("run %q: %w", arg, err)
	}
	return name, least, nil
}

// run runs the command, whose standard output is test events, and shows what fails as it fails.
func run(name string, args []string, logs bool) (Result, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // the make target says what to run
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return Result{}, err
	}
	if err := cmd.Start(); err != nil {
		return Result{}, err
	}
	result, readErr := Read(events, os.Stdout, name, logs)
	if readErr != nil {
		_ = cmd.Process.Kill() // its output is not what we understand; the reading error says so
	}
	waitErr := cmd.Wait()
	if result.Failed > 0 {
		waitErr = nil // "exit status 1" says nothing that the failures did not
	}
	return result, errors.Join(readErr, waitErr)
}
