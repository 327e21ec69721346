package process

import (
	"context"
	"os"
	"time"
)

// Orphaned waits until this process's parent is gone, or ctx ends, and says which it was. A provider is started by a CLI, which ends it; one
// whose CLI was killed would stay for ever, as an idle process that holds a customer's rows in memory.
//
// Where a process keeps the number of a parent that is gone (Windows) it waits for ctx.
func Orphaned(ctx context.Context) bool {
	parent := os.Getppid()
	look := time.NewTicker(lookForParent)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
			if os.Getppid() != parent {
				return true
			}
		}
	}
}

const lookForParent = time.Second
