package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// kernelIdentity gives the boot id with the PID namespace, and this process's start time.
// The boot is empty when /proc does not tell of the processes that this one's PIDs name: nobody is judged by it then.
func kernelIdentity() (boot, start string) {
	start = randomStart()
	stat, err := readStat("self")
	if err != nil {
		return "", start
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", start
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", start
	}
	// A /proc that was mounted for another PID namespace shows this process under another number.
	if shown, err := os.Readlink("/proc/self"); err != nil || shown != strconv.Itoa(os.Getpid()) {
		return "", start
	}
	return strings.TrimSpace(string(id)) + " " + namespace, stat.start
}

// probe judges a process of this boot and PID namespace.
func probe(pid int, start string) dataflow.Liveness {
	stat, err := readStat(strconv.Itoa(pid))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
		// /proc may hide the processes of other users (hidepid); kill(2) with signal 0 does not.
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return dataflow.LivenessDead
		}
		return dataflow.LivenessUnknown
	case err != nil:
		return dataflow.LivenessUnknown
	case stat.start != start:
		return dataflow.LivenessDead // its number went to another process
	case stat.state == "Z" || stat.state == "X":
		return dataflow.LivenessDead // only its parent has not asked for its exit status yet
	default:
		return dataflow.LivenessAlive
	}
}

type processStat struct {
	state string // field 3
	start string // field 22, in clock ticks since boot
}

// readStat reads /proc/<pid>/stat. Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func readStat(pid string) (processStat, error) {
	content, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return processStat{}, err
	}
	return parseStat(content)
}

func parseStat(content []byte) (processStat, error) {
	// Field 2 is the program's name in parentheses, which may hold anything, parentheses and spaces too.
	end := bytes.LastIndexByte(content, ')')
	if end < 0 {
		return processStat{}, errors.New("no program name in /proc/<pid>/stat")
	}
	const first, start = 3, 22 // the fields' numbers in the manual
	fields := strings.Fields(string(content[end+1:]))
	if len(fields) <= start-first {
		return processStat{}, fmt.Errorf("%d fields in /proc/<pid>/stat", len(fields)+first-1)
	}
	return processStat{state: fields[0], start: fields[start-first]}, nil
}
