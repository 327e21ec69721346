package process

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// orphanEnv makes the test binary watch for the end of its parent, and then ring at this address.
const orphanEnv = "PROCESS_TEST_ORPHAN"

func init() {
	if address := os.Getenv(orphanEnv); address != "" {
		ringWhenOrphaned(address)
		os.Exit(0)
	}
}

func ringWhenOrphaned(address string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if Orphaned(ctx) {
		if bell, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			_ = bell.Close() // that it rang is all
		}
	}
}

func TestOrphaned_SaysThatTheParentIsGone(t *testing.T) {
	bell, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bell.Close() }()                                                       // the test's own
	parent := exec.CommandContext(t.Context(), "/bin/sh", "-c", `"$0" & sleep 2`, os.Args[0]) // the shell starts the process, and ends before it
	parent.Env = append(os.Environ(), orphanEnv+"="+bell.Addr().String())
	if err := parent.Run(); err != nil {
		t.Fatal(err)
	}
	if err := bell.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := bell.Accept(); err != nil {
		t.Errorf("a process whose parent is gone did not see it: %v", err)
	}
}

func TestOrphaned_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Orphaned(ctx) {
		t.Error("its parent is there")
	}
}
