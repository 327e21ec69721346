package process

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestCurrent_NamesTheBootAndThePIDNamespace(t *testing.T) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Current().Boot, strings.TrimSpace(string(id))+" "+namespace; got != want {
		t.Errorf("boot %q, want %q", got, want)
	}
}

func TestProbe_FollowsAProcessThroughItsLife(t *testing.T) {
	p, kill, reap := child(t)
	if got := Probe(p); got != dataflow.LivenessAlive {
		t.Fatalf("while it runs: %v, want Alive", got)
	}

	reused := p
	reused.StartTime += "0"
	if got := Probe(reused); got != dataflow.LivenessDead {
		t.Errorf("a process whose PID went to another one: %v, want Dead", got)
	}

	kill()
	// Its parent has not asked for its exit status: it stays a zombie, as orphans do in a container whose init reaps nothing.
	waitForZombie(t, p.PID)
	if got := Probe(p); got != dataflow.LivenessDead {
		t.Errorf("as a zombie: %v, want Dead", got)
	}

	reap()
	if got := Probe(p); got != dataflow.LivenessDead {
		t.Errorf("when it is gone: %v, want Dead", got)
	}
}

// waitForZombie waits for a child to end, and leaves its exit status to be asked for again.
func waitForZombie(t *testing.T, pid int) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func TestParseStat(t *testing.T) {
	const tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"
	tests := map[string]struct {
		content string
		want    processStat
		wantErr string
	}{
		"plain":                          {"7 (terraform)" + tail, processStat{"S", "4711"}, ""},
		"a name with spaces":             {"7 (a b c)" + tail, processStat{"S", "4711"}, ""},
		"a name with parentheses":        {"7 (x) Z 1 (y))" + tail, processStat{"S", "4711"}, ""},
		"a name with a line break":       {"7 (x\ny)" + tail, processStat{"S", "4711"}, ""},
		"exactly up to the start":        {"7 (x) R" + strings.Repeat(" 0", 18) + " 99", processStat{"R", "99"}, ""},
		"one field short":                {"7 (x) R" + strings.Repeat(" 0", 18), processStat{}, "21 fields in /proc/<pid>/stat"},
		"empty":                          {"", processStat{}, "no program name in /proc/<pid>/stat"},
		"cut off in the program's name":  {"7 (terra", processStat{}, "no program name in /proc/<pid>/stat"},
		"cut off after the program name": {"7 (terraform)", processStat{}, "2 fields in /proc/<pid>/stat"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(test.content))
			message := ""
			if err != nil {
				message = err.Error()
			}
			if got != test.want || message != test.wantErr {
				t.Errorf("got %+v, %q; want %+v, %q", got, message, test.want, test.wantErr)
			}
		})
	}
}
