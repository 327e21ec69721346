package simulation

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scheduleEnv names a schedule to play again, as a failure has printed it.
const scheduleEnv = "SKYPOINT_SCHEDULE"

func TestSimulation_PlaysAScheduleAgain(t *testing.T) {
	text := os.Getenv(scheduleEnv)
	if text == "" {
		text = directed[0]
	}
	s := parsed(t, text)
	p := play(t, s)
	for _, who := range slices.Sorted(maps.Keys(p.stops)) {
		for i, stop := range p.stops[who] {
			t.Logf("%s @%d %s: %s", who, i+1, stopName(stop), stop.Object)
		}
	}
	t.Logf("reached: %v", p.reached)
	if p.violation != nil {
		t.Errorf("%s=%q\n%s", scheduleEnv, s, p.violation)
	}
}

func TestSchedule_ReadsWhatItSays(t *testing.T) {
	const text = "two imports; A import @7 sleeps; B back @before-publish-users crashes; foreign users; A wakes @9 vanishes; C make reads @reading-latest; C"
	if got := parsed(t, text).String(); got != text {
		t.Errorf("the schedule says %q; want %q", got, text)
	}
	for _, wrong := range []string{"two imports; A import @x", "two imports; A import quickly"} {
		if _, err := ParseSchedule(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

func TestSchedule_PlaysTheSameStepsEveryTime(t *testing.T) {
	s := parsed(t, "two imports; A renamed @11 sleeps; B back-keep-1 @9; A wakes @20 sleeps; foreign groups; B; A wakes; C again")
	first, again := play(t, s), play(t, s)
	if diff := cmp.Diff(first.stops, again.stops); diff != "" {
		t.Errorf("the second time it went another way:\n%s", diff)
	}
}

// parsed reads a schedule that must be one.
func parsed(t *testing.T, text string) Schedule {
	t.Helper()
	s, err := ParseSchedule(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
