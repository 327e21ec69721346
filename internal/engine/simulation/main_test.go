package simulation

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

func TestMain(m *testing.M) {
	// A schedule leaves a few hundred kilobytes of garbage and nothing else: the collector may take its time.
	debug.SetGCPercent(400)
	// More random schedules than rapid's 100; who says -rapid.checks has their way.
	checks := min(1600/slower*howMuch(), 200_000)
	if err := flag.Set("rapid.checks", strconv.FormatUint(checks, 10)); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
