package simulation

import (
	"os"
	"runtime/debug"
	"testing"
)

// A schedule leaves a few hundred kilobytes of garbage and nothing else: the collector may take its time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
