package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// fileSizeEnv holds the size in bytes beyond which this process can't write a file. It stands for a disk that is full: what fits the
// size is written, and the write that goes beyond it fails, in records, spool, tables and catalog alike.
// So it is from the beginning, or "<size> after <duration>".
const fileSizeEnv = "SKYPOINT_TEST_FILE_SIZE"

func init() {
	text, after, later := strings.Cut(os.Getenv(fileSizeEnv), " after ")
	size, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(unix.SIGXFSZ) // the write fails with EFBIG then: https://man7.org/linux/man-pages/man2/setrlimit.2.html
	fill := func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: size}); err != nil {
			panic(err)
		}
	}
	if !later {
		fill()
		return
	}
	wait, err := time.ParseDuration(after)
	if err != nil {
		panic(err)
	}
	time.AfterFunc(wait, fill)
}

// importWithin imports in a process of its own that can't write beyond this size; "": it can. It gives the error.
func (w *world) importWithin(size string) string {
	w.t.Helper()
	self, err := os.Executable()
	w.must(err)
	cmd := exec.CommandContext(w.t.Context(), self)
	cmd.Env = append(os.Environ(), importerEnv+"="+w.folder())
	if size != "" {
		cmd.Env = append(cmd.Env, fileSizeEnv+"="+size)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil {
		return ""
	}
	return strings.TrimSpace(said.String())
}

// records reads every record of the workspace: none may be torn.
func (w *world) records() {
	w.t.Helper()
	w.must(filepath.WalkDir(w.folder(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") || strings.Contains(path, "/warehouse/") {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && !json.Valid(content) {
			w.t.Errorf("%s is torn:\n%s", path, content)
		}
		return err
	}))
}

// full is what the system and SQLite say of a write for which there is no room.
var full = regexp.MustCompile(`file too large|database or disk is full|disk I/O error`)

func TestFullDisk_FailsTheRunAndTearsNothing(t *testing.T) {
	w := newWorld(t, 2000)
	c := newCore(t, w, allTables)
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	const small = 4 // of these sizes: below them no import ends
	sizes := []string{"1", "700", "1500", "4000", "8000", "12000"}
	began := time.Now()
	if said := w.importWithin(""); said != "" {
		t.Fatal(said)
	}
	took := time.Since(began)
	seed := rand.Uint64()
	t.Logf("seed %d; an import takes %s", seed, took)
	for random := rand.New(rand.NewPCG(seed, 0)); len(sizes) < 14; {
		sizes = append(sizes, fmt.Sprintf("0 after %s", time.Duration(random.Int64N(int64(took)))))
	}
	late := 0 // runs in which a write failed that was not one of the first
	for i, size := range sizes {
		w.evolve(1, 1, 0)()
		before := w.users()
		said := w.importWithin(size)
		t.Logf("%s: %s", size, said)
		w.records()
		after := w.users()
		decided := strings.Contains(said, "is decided (publish) and not finished; the next apply finishes it")
		switch {
		case said != "" && !decided && !slices.Equal(before, after):
			t.Errorf("%s: the run failed and the rows changed: %s", size, said)
		case said == "" && len(after) != len(before)+1:
			t.Errorf("%s: the run succeeded with %d users", size, len(after))
		}
		if said == "" && i < small {
			t.Errorf("%s: no write failed", size)
		}
		if said != "" && i >= small {
			late++
		}
		if said != "" && !full.MatchString(said) {
			t.Errorf("%s: the error does not say that there is no room: %s", size, said)
		}

		w.evolve(0, 1, 0)()
		if said := w.importWithin(""); said != "" {
			t.Fatalf("%s: with room again: %s", size, said)
		}
		w.countUsers(len(before) + 2)
		if t.Failed() {
			return
		}
	}
	if late == 0 {
		t.Error("no write failed later than the first ones: the test has lost its subject")
	}
	runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0) // without a gap
	w.must(err)
	for _, run := range runs {
		if run.EndedAt == nil || run.Status == dataflow.StatusProcessing {
			t.Errorf("run %d is %s", run.Run, run.Status)
		}
	}
}
