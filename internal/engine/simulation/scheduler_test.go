package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

const (
	waits = 500 * time.Millisecond // as long as the engine waits before it looks again
	lease = 61 * time.Second       // more than a heart may be silent
)

// played is what came of a schedule.
type played struct {
	violation *violation
	stops     map[string][]enginetest.Step // of each process
	reached   []bool                       // per action: the process came to its stop
	steps     int                          // after each of which every property was held
	resumed   int                          // tables of which imports took parts over from failed ones
}

// play plays the schedule, then lets a fresh process alone bring everything to a good state.
func play(t *testing.T, s Schedule) played {
	t.Helper()
	w := setUp(t, s.Setup)
	var p played
	synctest.Test(t, func(*testing.T) {
		sched := &scheduler{world: w, byName: map[string]*process{}}
		defer sched.end()
		p.violation = sched.play(s)
		p.stops = map[string][]enginetest.Step{}
		for name, process := range sched.byName {
			p.stops[name] = process.trace
		}
		p.reached, p.steps = sched.reached, sched.steps
		for _, tables := range w.oracle.resumed {
			p.resumed += tables
		}
	})
	return p
}

// scheduler takes the processes of a world from stop to stop, one at a time.
type scheduler struct {
	*world
	byName  map[string]*process
	reached []bool
	steps   int
}

// forever is a stop that nobody comes to.
const forever = 1 << 30

func (s *scheduler) play(schedule Schedule) *violation {
	for _, action := range schedule.Actions {
		if v := s.act(action); v != nil {
			return v
		}
	}
	// Everybody else is dead now: a fresh process alone must do.
	for _, p := range s.processes {
		s.kill(p)
	}
	if v := s.act(Action{Who: "Fresh", Op: "make"}); v != nil {
		return v
	}
	fresh := s.byName["Fresh"]
	switch {
	case !fresh.ended.Load():
		return &violation{"recovers alone", "a fresh process waits for ever"}
	case fresh.err != nil:
		return &violation{"recovers alone", "a fresh process fails: " + fresh.err.Error()}
	}
	return s.oracle.clean(s.world)
}

// act does one action. A process that there is none of, or that is dead, does nothing.
func (s *scheduler) act(a Action) *violation {
	s.reached = append(s.reached, false)
	if table, ok := strings.CutPrefix(a.Other, "foreign "); ok {
		return s.foreign(table)
	}
	p := s.byName[a.Who]
	if a.Op != "" {
		if p != nil {
			return &violation{"schedule", "there is a process " + a.Who + " already"}
		}
		p = s.process(a.Who)
		p.reads = a.Reads
		s.byName[a.Who] = p
	}
	if p == nil || p.isDead() || p.ended.Load() {
		return nil
	}
	if a.Wakes {
		p.wake()
		p.mute.Store(false)
		s.looks(p.id, dataflow.LivenessAlive)
	}
	p.until, p.at, p.from = forever, a.At, p.stops()
	if a.To > 0 {
		p.until = a.To
	}
	if a.Op != "" {
		go p.begin(a.Op)
	}
	if v := s.settle(p); v != nil {
		return v
	}
	if v := s.drive(); v != nil {
		return v
	}
	s.reached[len(s.reached)-1] = !p.ended.Load() && p.isThere()
	if p.ended.Load() {
		return nil
	}
	switch a.Then {
	case Stays:
		return nil
	case Loses:
		p.loses.Store(true)
		return nil
	case Mutes:
		p.mute.Store(true)
	case Sleeps, Dozes, Fades:
		p.sleep()
	case Crashes, Vanishes:
		s.kill(p)
	}
	s.looks(p.id, map[Fate]dataflow.Liveness{
		Sleeps: dataflow.LivenessDead, Crashes: dataflow.LivenessDead, Dozes: dataflow.LivenessAlive,
		Mutes: dataflow.LivenessUnknown, Fades: dataflow.LivenessUnknown, Vanishes: dataflow.LivenessUnknown,
	}[a.Then])
	return nil
}

// drive lets every process go on to its stop. It returns when nobody can: they are there, sleep, or wait for one who does.
func (s *scheduler) drive() *violation {
	for idle := 0; ; {
		if p := s.next(); p != nil {
			idle = 0
			p.gate <- struct{}{}
			if v := s.settle(p); v != nil {
				return v
			}
			continue
		}
		if idle == 2 || !s.anyoneWaits() {
			return nil
		}
		pause := waits
		if idle == 1 {
			pause = lease
		}
		time.Sleep(pause) //nolint:forbidigo // in a bubble: it is the fake clock that goes on
		idle++
		if v := s.settle(nil); v != nil {
			return v
		}
	}
}

// next gives the process whose turn it is: the one that was started last of those that can go on.
func (s *scheduler) next() *process {
	for _, p := range slices.Backward(s.processes) {
		if p.stopped.Load() && !p.isThere() && !p.asleep() && !p.isDead() {
			return p
		}
	}
	return nil
}

// anyoneWaits says whether time must pass before a process goes on.
func (s *scheduler) anyoneWaits() bool {
	for _, p := range s.processes {
		if !p.stopped.Load() && !p.ended.Load() && !p.asleep() && !p.isDead() {
			return true
		}
	}
	return false
}

// settle waits until nobody moves, and holds every property. It is p who has moved; nil: time has passed.
func (s *scheduler) settle(p *process) *violation {
	synctest.Wait()
	s.steps++
	if v := s.oracle.see(s.world, p); v != nil {
		return v
	}
	if p == nil || !p.ended.Load() {
		return nil
	}
	return s.oracle.ended(s.world, p)
}

func (s *scheduler) foreign(table string) *violation {
	m, err := s.catalog.Load(tableID(table))
	if err != nil {
		return nil // there is no such table: nobody can write to it
	}
	snapshot, err := s.catalog.Overwrite(m.ID)
	if err != nil {
		return &violation{"schedule", fmt.Sprintf("a foreign writer fails: %v", err)}
	}
	s.steps++
	return s.oracle.seeForeign(s.world, m.UUID, snapshot)
}

func (s *scheduler) kill(p *process) {
	s.looks(p.id, dataflow.LivenessDead)
	if !p.ended.Load() {
		p.kill()
		synctest.Wait()
	}
}

// end lets no process outlive the schedule.
func (s *scheduler) end() {
	for _, p := range s.processes {
		p.kill()
	}
	synctest.Wait()
}
