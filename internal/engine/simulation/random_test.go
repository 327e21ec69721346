package simulation

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// maxProcesses is how many processes a random schedule has.
const maxProcesses = 6

// Whatever up to six processes do, wherever each of them sleeps, wakes and dies, and whoever looks on how: every property holds
// after every step, and a fresh process alone brings it to a good end.
//
// Run more with -rapid.checks=N, and the same again with the -rapid.seed that a failure prints.
func TestSimulation_HoldsForAnySchedule(t *testing.T) {
	schedules, steps := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		s := anySchedule(r)
		p := play(t, s)
		schedules++
		steps += p.steps
		if p.violation != nil {
			r.Fatalf("%s=%q\n%s", scheduleEnv, s, p.violation)
		}
	})
	t.Logf("%d schedules, %d steps with every property held after each", schedules, steps)
}

// anySchedule draws a schedule.
func anySchedule(r *rapid.T) Schedule {
	s := Schedule{Setup: rapid.SampledFrom([]string{"nothing", "one import", "two imports", "a rollback", "a hidden table", "three runs, two kept", withTransactions + "one import", withTransactions + "a hidden table"}).Draw(r, "setup")}
	var started []string
	stops := map[string]int{} // that a process was sent to
	for range rapid.IntRange(2, 14).Draw(r, "actions") {
		kinds := []string{"foreign"}
		if len(started) < maxProcesses {
			kinds = append(kinds, "start", "start")
		}
		if len(started) > 0 {
			kinds = append(kinds, "go", "go", "wake", "wake")
		}
		var a Action
		switch rapid.SampledFrom(kinds).Draw(r, "kind") {
		case "foreign":
			s.Actions = append(s.Actions, Action{Other: "foreign " + rapid.SampledFrom([]string{"users", "groups", "teams"}).Draw(r, "table")})
			continue
		case "start":
			a.Who = string(rune('A' + len(started)))
			a.Op = rapid.SampledFrom(slices.Concat(runs, []string{"make", "make"})).Draw(r, "operation")
			a.Reads = rapid.IntRange(0, 3).Draw(r, "reads") == 0
			started = append(started, a.Who)
		case "go":
			a.Who = rapid.SampledFrom(started).Draw(r, "who")
		case "wake":
			a.Who, a.Wakes = rapid.SampledFrom(started).Draw(r, "who"), true
		}
		if rapid.IntRange(0, 3).Draw(r, "stops") > 0 {
			stops[a.Who] += rapid.IntRange(1, 40).Draw(r, "steps")
			a.To = stops[a.Who]
			a.Then = rapid.SampledFrom(fates).Draw(r, "then")
		}
		s.Actions = append(s.Actions, a)
	}
	return s
}

// A schedule's text is all there is to it.
func TestSchedule_AnyCanBeReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := anySchedule(r)
		back, err := ParseSchedule(s.String())
		if err != nil {
			r.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", back), fmt.Sprintf("%+v", s); got != want {
			r.Fatalf("read back: %s\nwant: %s", got, want)
		}
	})
}
