package process

import (
	"bufio"
	"os"
	"os/exec"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// TestMain lets the test binary be another process: it says its own identity's parts and waits for its input to end.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_CHILD") == "" {
		m.Run()
		return
	}
	p := Current()
	_, _ = os.Stdout.WriteString(p.StartTime + "\n")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// child starts another process and gives its identity, and what ends it and reaps it.
func child(t *testing.T) (p dataflow.Process, kill, reap func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROCESS_TEST_CHILD=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reaped := false
	kill = func() { _ = cmd.Process.Kill() }
	reap = func() {
		if !reaped {
			_ = stdin.Close()
			_ = cmd.Wait() // a killed process has no other status than that
			reaped = true
		}
	}
	t.Cleanup(func() { kill(); reap() })
	start, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p = Current()
	p.PID, p.StartTime = cmd.Process.Pid, start[:len(start)-1]
	return p, kill, reap
}

func TestCurrent_GivesEachEngineAnIDOfItsOwn(t *testing.T) {
	a, b := Current(), Current()
	if a.ID == "" || a.ID == b.ID {
		t.Errorf("IDs %q and %q", a.ID, b.ID)
	}
	a.ID, b.ID = "", ""
	if a != b {
		t.Errorf("the rest differs: %+v, %+v", a, b)
	}
	if a.PID != os.Getpid() || a.Host == "" || a.StartTime == "" {
		t.Errorf("not this process: %+v", a)
	}
}

func TestProbe_SaysNothingOfWhatItCannotSee(t *testing.T) {
	tests := map[string]func(*dataflow.Process){
		"another host":                      func(p *dataflow.Process) { p.Host += "2" },
		"another boot":                      func(p *dataflow.Process) { p.Boot = "another boot" },
		"a boot that could not be told":     func(p *dataflow.Process) { p.Boot = "" },
		"no process ID":                     func(p *dataflow.Process) { p.PID = 0 },
		"a process group":                   func(p *dataflow.Process) { p.PID = -1 },
		"this PID, but on another host":     func(p *dataflow.Process) { p.Host = "" },
		"nothing at all, as in an old file": func(p *dataflow.Process) { *p = dataflow.Process{} },
	}
	if self.Boot == "" {
		delete(tests, "a boot that could not be told") // here that is this process itself
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := Current()
			change(&p)
			if got := Probe(p); got != dataflow.LivenessUnknown {
				t.Errorf("Probe(%+v) = %v, want Unknown", p, got)
			}
		})
	}
}

func TestProbe_KnowsItsOwnProcessOnEverySystem(t *testing.T) {
	if got := Probe(Current()); got != dataflow.LivenessAlive {
		t.Errorf("got %v, want Alive", got)
	}
}
