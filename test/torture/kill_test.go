//go:build torture && linux

package torture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"time"
)

// victim is who is killed.
type victim string

const (
	theProvider victim = "the provider"
	theGroup    victim = "the CLI's process group"
)

// aim is when to kill: so long after a record of the next run appears, or after the command was started.
type aim struct {
	record string // of the next run; empty: from the start of the command
	within time.Duration
}

// durations are what a run and a command took lately, so that a moment drawn from them lies inside. They follow the machine's load.
type durations struct {
	command, run, publish time.Duration
}

// after is how long after the end of a run the CLI still has to hear of it and to write its state.
const after = 30 * time.Millisecond

func (d *durations) learn(of *time.Duration, took time.Duration) {
	*of += (took - *of) / 4
}

// take draws an aim: most of them inside of a run, and more than half of those after its decision, which is the shorter part.
func (d *durations) take(rng *rand.Rand) aim {
	part := func(of time.Duration) time.Duration { return time.Duration(rng.Float64() * float64(of)) }
	switch n := rng.IntN(100); {
	case n < 10:
		return aim{"", part(d.command)}
	case n < 40:
		return aim{"started.json", part(d.run)}
	case n < 95:
		return aim{"decision.json", part(part(d.publish))} // sooner rather than later: what a kill takes comes on top
	default:
		return aim{"finished.json", part(after)}
	}
}

// kill waits for the moment and kills. It says whether there still was somebody to kill; of the CLI itself its exit code tells for sure.
func (p *process) kill(a aim, who victim, h *history) bool {
	var targets []int
	if a.record != "" {
		if !p.await(h.record(h.next(), "started.json")) {
			return false
		}
		targets = children(p.Process.Pid) // looked up before the moment: it takes longer than what is to be hit
		if !p.await(h.record(h.next(), a.record)) {
			return false
		}
	}
	timer := time.NewTimer(a.within)
	defer timer.Stop()
	select {
	case <-p.ended:
		return false
	case <-timer.C:
	}
	if who == theGroup {
		return !p.hasEnded() && syscall.Kill(-p.Process.Pid, syscall.SIGKILL) == nil
	}
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		killed := false
		for _, pid := range targets {
			killed = syscall.Kill(pid, syscall.SIGKILL) == nil || killed
		}
		if killed {
			return true
		}
		select { // the CLI is between two providers: the next one is as good
		case <-p.ended:
			return false
		case <-again.C:
			targets = children(p.Process.Pid)
		}
	}
}

// await waits for a file to appear, while the command runs.
func (p *process) await(path string) bool {
	look := time.NewTicker(500 * time.Microsecond)
	defer look.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return true
		}
		select {
		case <-p.ended:
			return false
		case <-look.C:
		}
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// children gives the processes of a group, without the one that leads it, which still run.
// Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func children(group int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == group {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent group …; a name may hold spaces and brackets.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && string(fields[0]) != "Z" {
			found = append(found, pid)
		}
	}
	return found
}

// where says how far the newest run, this one or a later, had come when everybody was killed: from its records and the tables' refs.
func where(h *history, this int64, refs map[string]map[string]int64) string {
	last := h.last()
	switch {
	case last == nil || last.number < this:
		return "before the run"
	case last.finished:
		return "after the run"
	case !last.decided:
		return "staging"
	}
	done := 0
	for _, c := range last.published {
		table, there := refs[c.Name]
		_, tagged := table[fmt.Sprintf("run_%d", last.number)]
		_, staged := table[fmt.Sprintf("run_%d_staging", last.number)]
		if c.Change == "drop" && !there || c.Change == "hide" && !staged || tagged {
			done++
		}
	}
	switch {
	case done == 0:
		return "decided"
	case done < len(last.published):
		return "publishing"
	default:
		return "finishing"
	}
}

// places are the answers of where, in the order in which a run comes by them.
var places = []string{"before the run", "staging", "decided", "publishing", "finishing", "after the run"}
