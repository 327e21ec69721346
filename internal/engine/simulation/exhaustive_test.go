package simulation

import (
	"hash/fnv"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// tortureEnv asks for all schedules; else every test plays a part of them.
const tortureEnv = "SKYPOINT_TORTURE"

// seedEnv chooses another part.
const seedEnv = "SKYPOINT_SEED"

// explorer plays schedules, or a part of them.
type explorer struct {
	t         *testing.T
	one       uint64 // one of how many is played
	seed      string
	schedules int
	steps     int
	broken    int
}

// maxBroken is how many violations a test shows.
const maxBroken = 5

func explore(t *testing.T, one uint64) *explorer {
	t.Helper()
	e := &explorer{t: t, one: one * slower, seed: os.Getenv(seedEnv)}
	if os.Getenv(tortureEnv) != "" {
		e.one = 1
	}
	if e.seed == "" {
		e.seed = strconv.FormatInt(time.Now().UnixNano()%1_000_000, 10)
	}
	began := time.Now()
	t.Cleanup(func() {
		took := time.Since(began)
		t.Logf("%d schedules (1 of %d, %s=%s), %d steps with every property held after each, in %s",
			e.schedules, e.one, seedEnv, e.seed, e.steps, took.Round(time.Millisecond))
	})
	return e
}

// play plays a schedule, whichever part this is.
func (e *explorer) play(setup string, actions ...Action) played {
	e.t.Helper()
	s := Schedule{setup, actions}
	p := play(e.t, s)
	e.schedules++
	e.steps += p.steps
	if p.violation != nil {
		e.t.Errorf("%s=%q\n%s", scheduleEnv, s, p.violation)
		if e.broken++; e.broken == maxBroken || os.Getenv(mutantEnv) != "" {
			e.t.FailNow()
		}
	}
	return p
}

// try plays a schedule that belongs to this part.
func (e *explorer) try(setup string, actions ...Action) {
	e.t.Helper()
	if e.chosen(Schedule{setup, actions}.String(), e.one) {
		e.play(setup, actions...)
	}
}

// chosen says whether what this text says is in the part of one in n.
func (e *explorer) chosen(text string, n uint64) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(e.seed + text))
	return h.Sum64()%n == 0
}

// runs are the operations that a process stops in, or that go on meanwhile.
var runs = []string{
	"import", "same", "wider", "without", "renamed", "guarded", "back", "to-1", "forward", "remove", "again",
	"import-keep-1", "same-keep-1", "without-keep-1", "back-keep-1", "to-1-keep-1", "pin-1-keep-1", "import-keep-2",
}

// stop is a place where a process stops, and what becomes of it there.
type stop struct {
	to   int
	then Fate
}

// stopsOf lists where a process that came to these stops may sleep, and where it may crash:
// a crash after a write leaves what a crash before the next one leaves.
func stopsOf(steps []enginetest.Step, from int) []stop {
	var stops []stop
	for i, step := range steps {
		if i+1 < from {
			continue
		}
		stops = append(stops, stop{i + 1, Sleeps})
		if step.When == enginetest.Writing {
			stops = append(stops, stop{i + 1, Crashes})
		}
	}
	return stops
}

// Two processes stop anywhere, each crashes or sleeps, and sleepers wake before or after others have gone on.
func TestSimulation_TwoProcessesStopAnywhere(t *testing.T) {
	e := explore(t, 160)
	for _, setup := range []string{"one import", "two imports"} {
		for _, x := range runs {
			first := e.play(setup, Action{Who: "A", Op: x})
			for _, i := range stopsOf(first.stops["A"], 1) {
				a := Action{Who: "A", Op: x, To: i.to, Then: i.then}
				for _, y := range runs {
					if e.chosen(Schedule{setup, []Action{a}}.String()+y, max(1, e.one/8)) {
						e.second(setup, a, y)
					}
				}
			}
		}
	}
}

// second lets B stop anywhere, while A has stopped.
func (e *explorer) second(setup string, a Action, y string) {
	e.t.Helper()
	aWakes, bWakes := Action{Who: "A", Wakes: true}, Action{Who: "B", Wakes: true}
	b, c := Action{Who: "B", Op: y}, Action{Who: "C", Op: "import"}
	alone := e.play(setup, a, b, aWakes)
	if a.Then == Sleeps {
		e.try(setup, a, b, c, aWakes)
	}
	for _, j := range stopsOf(alone.stops["B"], 1) {
		b.To, b.Then = j.to, j.then
		switch {
		case a.Then == Crashes && b.Then == Crashes:
			e.try(setup, a, b)
		case a.Then == Crashes:
			e.try(setup, a, b, c, bWakes)
		case b.Then == Crashes:
			e.try(setup, a, b, aWakes, c)
			e.try(setup, a, b, c, aWakes)
		default:
			e.try(setup, a, b, c, aWakes, bWakes)
			e.try(setup, a, b, c, bWakes, aWakes)
			e.try(setup, a, b, aWakes, bWakes, c)
			b.Then = Stays
			e.try(setup, a, b, aWakes, Action{Who: "B"}, c)
		}
	}
}

// A process sleeps anywhere, two others run anything, and it wakes: its time has passed.
func TestSimulation_AProcessSleepsThroughTwoRuns(t *testing.T) {
	e := explore(t, 200)
	for _, setup := range []string{"one import", "two imports", "a hidden table", "three runs, two kept"} {
		for _, x := range runs {
			first := e.play(setup, Action{Who: "A", Op: x})
			for i := range first.stops["A"] {
				for _, y := range runs {
					for _, z := range runs {
						e.try(setup, Action{Who: "A", Op: x, To: i + 1, Then: Sleeps}, Action{Who: "B", Op: y}, Action{Who: "C", Op: z}, Action{Who: "A", Wakes: true})
					}
				}
			}
		}
	}
}

// A process that wakes late crashes on its way.
func TestSimulation_AProcessWakesLateAndCrashes(t *testing.T) {
	e := explore(t, 30)
	for _, setup := range []string{"one import", "two imports"} {
		for _, x := range runs {
			first := e.play(setup, Action{Who: "A", Op: x})
			for i := range first.stops["A"] {
				a := Action{Who: "A", Op: x, To: i + 1, Then: Sleeps}
				for _, y := range runs {
					if !e.chosen(Schedule{setup, []Action{a}}.String()+y, max(1, e.one/3)) {
						continue
					}
					b := Action{Who: "B", Op: y}
					late := e.play(setup, a, b, Action{Who: "A", Wakes: true})
					for _, k := range stopsOf(late.stops["A"], i+2) {
						if k.then == Crashes {
							e.try(setup, a, b, Action{Who: "A", Wakes: true, To: k.to, Then: Crashes})
						}
					}
				}
			}
		}
	}
}

// Somebody else writes to a table while a process has stopped, which goes on, crashes later, or is followed by another.
func TestSimulation_AForeignWriterComesBetween(t *testing.T) {
	e := explore(t, 60)
	for _, setup := range []string{"one import", "two imports", "a hidden table"} {
		for _, x := range runs {
			first := e.play(setup, Action{Who: "A", Op: x})
			for _, table := range []string{"users", "groups", "teams"} {
				foreign := Action{Other: "foreign " + table}
				for i := range first.stops["A"] {
					a := Action{Who: "A", Op: x, To: i + 1}
					e.try(setup, a, foreign, Action{Who: "A"})
					for _, k := range stopsOf(first.stops["A"], i+1) {
						e.try(setup, a, foreign, Action{Who: "A", To: k.to, Then: k.then}, Action{Who: "B", Op: "import"}, Action{Who: "A", Wakes: true})
						e.try(setup, a, foreign, Action{Who: "A", To: k.to, Then: k.then}, foreign, Action{Who: "B", Op: "back"}, Action{Who: "A", Wakes: true})
					}
				}
			}
		}
	}
}
