package simulation

import (
	"hash/fnv"
	"math"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// tortureEnv says how many times as much is played as usual, or "all"; else every test plays a small part of its schedules.
const tortureEnv = "SKYPOINT_TORTURE"

// allSchedules is how many times as much as usual is all there is.
const allSchedules = math.MaxUint32

// howMuch reads tortureEnv.
func howMuch() (times uint64) {
	switch given := os.Getenv(tortureEnv); given {
	case "":
		return 1
	case "all":
		return allSchedules
	default:
		times, err := strconv.ParseUint(given, 10, 32)
		if err != nil || times == 0 {
			panic(tortureEnv + ` is neither a number nor "all"`)
		}
		return times
	}
}

// seedEnv chooses another part.
const seedEnv = "SKYPOINT_SEED"

// mutantEnv says that this is a mutant: one violation is enough.
const mutantEnv = "SKYPOINT_MUTANT"

// explorer plays schedules, or a part of them.
type explorer struct {
	t     *testing.T
	one   uint64 // one of how many is played
	seed  string
	count *count
}

// count is what was played.
type count struct{ schedules, steps, broken atomic.Int64 }

// maxBroken is how many violations a test shows.
const maxBroken = 5

// explore calls each, for every setup and every operation that a process A performs, with the stops that A comes to.
func explore(t *testing.T, one uint64, setups []string, each func(e *explorer, setup, op string, stops []enginetest.Step)) {
	t.Helper()
	e := explorer{t: t, one: max(1, one*slower/howMuch()), seed: os.Getenv(seedEnv), count: &count{}}
	if e.seed == "" {
		e.seed = strconv.FormatInt(time.Now().UnixNano()%1_000_000, 10)
	}
	began := time.Now()
	t.Cleanup(func() {
		t.Logf("%d schedules (1 of %d, %s=%s), %d steps with every property held after each, in %s",
			e.count.schedules.Load(), e.one, seedEnv, e.seed, e.count.steps.Load(), time.Since(began).Round(time.Millisecond))
	})
	for _, setup := range setups {
		for _, op := range runs {
			t.Run(setup+", "+op, func(t *testing.T) {
				t.Parallel()
				e := e
				e.t = t
				each(&e, setup, op, e.play(setup, Action{Who: "A", Op: op}).stops["A"])
			})
		}
	}
}

// play plays a schedule, whichever part this is.
func (e *explorer) play(setup string, actions ...Action) played {
	e.t.Helper()
	s := Schedule{setup, actions}
	p := play(e.t, s)
	e.count.schedules.Add(1)
	e.count.steps.Add(int64(p.steps))
	if p.violation != nil {
		e.t.Errorf("%s=%q\n%s", scheduleEnv, s, p.violation)
		if e.count.broken.Add(1) >= maxBroken || os.Getenv(mutantEnv) != "" {
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
	explore(t, 160, []string{"one import", "two imports", withTransactions + "one import"}, func(e *explorer, setup, x string, stops []enginetest.Step) {
		for _, i := range stopsOf(stops, 1) {
			a := Action{Who: "A", Op: x, To: i.to, Then: i.then}
			for _, y := range runs {
				if e.chosen(Schedule{setup, []Action{a}}.String()+y, max(1, e.one/8)) {
					e.second(setup, a, y)
				}
			}
		}
	})
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
	explore(t, 400, []string{"one import", "two imports", "a hidden table", "three runs, two kept"}, func(e *explorer, setup, x string, stops []enginetest.Step) {
		for i := range stops {
			for _, y := range runs {
				for _, z := range runs {
					e.try(setup, Action{Who: "A", Op: x, To: i + 1, Then: Sleeps}, Action{Who: "B", Op: y}, Action{Who: "C", Op: z}, Action{Who: "A", Wakes: true})
				}
			}
		}
	})
}

// A process sleeps between two reads: what it read first is old when it reads on.
func TestSimulation_AProcessSleepsBetweenReads(t *testing.T) {
	explore(t, 15, []string{"one import", "two imports"}, func(e *explorer, setup, x string, _ []enginetest.Step) {
		a := Action{Who: "A", Op: x, Reads: true}
		for i, step := range e.play(setup, a).stops["A"] {
			if step.When != enginetest.Reading {
				continue
			}
			a.To, a.Then = i+1, Sleeps
			for _, y := range runs {
				e.try(setup, a, Action{Who: "B", Op: y}, Action{Who: "A", Wakes: true})
				e.try(setup, a, Action{Who: "B", Op: y}, Action{Who: "C", Op: "import-keep-1"}, Action{Who: "A", Wakes: true})
			}
		}
	})
}

// A process that wakes late crashes on its way.
func TestSimulation_AProcessWakesLateAndCrashes(t *testing.T) {
	explore(t, 30, []string{"one import", "two imports"}, func(e *explorer, setup, x string, stops []enginetest.Step) {
		for i := range stops {
			a, wakes := Action{Who: "A", Op: x, To: i + 1, Then: Sleeps}, Action{Who: "A", Wakes: true}
			for _, y := range runs {
				if !e.chosen(Schedule{setup, []Action{a}}.String()+y, max(1, e.one/3)) {
					continue
				}
				b := Action{Who: "B", Op: y}
				late := e.play(setup, a, b, wakes)
				for _, k := range stopsOf(late.stops["A"], i+2) {
					if k.then == Crashes {
						e.try(setup, a, b, Action{Who: "A", Wakes: true, To: k.to, Then: Crashes})
					}
				}
			}
		}
	})
}

// Any answer is lost, or any call refused, of a process that goes on: as over a bucket and a database, where a connection is cut while the process lives.
func TestSimulation_AnAnswerIsLostAnywhere(t *testing.T) {
	t.Parallel()
	explore(t, 6, []string{"one import", "a hidden table", "three runs, two kept", withTransactions + "one import", withTransactions + "a hidden table"}, func(e *explorer, setup, op string, stops []enginetest.Step) {
		for n := range stops {
			a := Action{Who: "A", Op: op, To: n + 1, Then: Loses}
			for _, after := range []string{"import", "same-keep-1", "to-1", "without"} {
				e.try(setup, a, Action{Who: "A"}, Action{Who: "B", Op: after})
				e.try(setup, a, Action{Who: "A"}, Action{Who: "B", Op: after, To: n + 1, Then: Loses}, Action{Who: "B"})
			}
		}
	})
}

// Somebody else writes to a table while a process has stopped, which goes on, crashes later, or is followed by another.
func TestSimulation_AForeignWriterComesBetween(t *testing.T) {
	explore(t, 60, []string{"one import", "two imports", "a hidden table"}, func(e *explorer, setup, x string, stops []enginetest.Step) {
		for _, table := range []string{"users", "groups", "teams"} {
			foreign, wakes := Action{Other: "foreign " + table}, Action{Who: "A", Wakes: true}
			for i := range stops {
				a := Action{Who: "A", Op: x, To: i + 1}
				e.try(setup, a, foreign, Action{Who: "A"})
				for _, k := range stopsOf(stops, i+1) {
					goesOn := Action{Who: "A", To: k.to, Then: k.then}
					e.try(setup, a, foreign, goesOn, Action{Who: "B", Op: "import"}, wakes)
					e.try(setup, a, foreign, goesOn, foreign, Action{Who: "B", Op: "back"}, wakes)
				}
			}
		}
	})
}
