package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// orphanEnv makes the test binary watch for the end of its parent and then write this file.
const orphanEnv = "PROCESS_TEST_ORPHAN"

func init() {
	if path := os.Getenv(orphanEnv); path != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if Orphaned(ctx) {
			_ = os.WriteFile(path, nil, 0o600)
		}
		os.Exit(0)
	}
}

func TestOrphaned_SaysThatTheParentIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orphaned")
	parent := exec.Command("/bin/sh", "-c", `"$0" & sleep 2`, os.Args[0]) // the shell starts the process, and ends before it
	parent.Env = append(os.Environ(), orphanEnv+"="+path)
	if err := parent.Run(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("a process whose parent is gone did not see it")
}

func TestOrphaned_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Orphaned(ctx) {
		t.Error("its parent is there")
	}
}
