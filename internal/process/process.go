// Package process tells one process from every other one, now and later, so that somebody who finds
// what a process left can say whether that process still lives.
package process

import (
	"crypto/rand"
	"os"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Current identifies this process, with a new random ID each time.
func Current() dataflow.Process {
	p := self
	p.ID = rand.Text()
	return p
}

// Probe says whether a process lives. It is certain only of a process on the same host, under the same boot and
// in the same PID namespace, and of the calling process itself.
func Probe(p dataflow.Process) dataflow.Liveness {
	// The boot alone is not enough: virtual machines that were resumed from one snapshot share it.
	if p.PID < 1 || p.Host != self.Host || p.Boot != self.Boot {
		return dataflow.LivenessUnknown
	}
	if p.PID == self.PID && p.StartTime == self.StartTime {
		return dataflow.LivenessAlive
	}
	if self.Boot == "" {
		return dataflow.LivenessUnknown
	}
	return probe(p.PID, p.StartTime)
}

// self never changes while the process lives, whatever becomes of the host's name.
var self = identify()

func identify() dataflow.Process {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	boot, start := kernelIdentity()
	if host == "" {
		boot = "" // two hosts without a name are not one
	}
	return dataflow.Process{Host: host, Boot: boot, PID: os.Getpid(), StartTime: start}
}

// randomStart stands in for a start time where the kernel's can't be had. It is this process's alone,
// which is enough to know oneself by.
func randomStart() string { return rand.Text() }
