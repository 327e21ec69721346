// Package process tells one process from every other one, now and later, so that somebody who finds
// what a process left can say whether that process still lives.
package process

import (
	"os"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Liveness is what can be said of a process from here.
type Liveness string

// The livenesses. Only Alive and Dead are certain.
const (
	Alive   Liveness = "alive"
	Dead    Liveness = "dead"
	Unknown Liveness = "unknown" // it runs, or ran, where it cannot be seen from here
)

// Current identifies this process, with a new random ID each time.
func Current() dataflow.Process {
	p := self
	p.ID = uuid.NewString()
	return p
}

// Probe says whether a process lives. It is certain only of a process on the same host, under the same boot and
// in the same PID namespace, and of the calling process itself.
func Probe(p dataflow.Process) Liveness {
	if p.PID < 1 || p.Host != self.Host || p.Boot != self.Boot {
		return Unknown
	}
	if p.PID == self.PID && p.StartTime == self.StartTime {
		return Alive
	}
	// Boot alone is not compared: virtual machines that were resumed from one snapshot share it.
	if self.Boot == "" {
		return Unknown
	}
	return probe(p.PID, p.StartTime)
}

// self never changes while the process lives, whatever becomes of the host's name.
var self = identify()

func identify() dataflow.Process {
	host, err := os.Hostname()
	if err != nil {
		host = "" // compared with nobody else's: see boot
	}
	boot, start := kernelIdentity()
	if host == "" {
		boot = ""
	}
	return dataflow.Process{Host: host, Boot: boot, PID: os.Getpid(), StartTime: start}
}
