package lakehouse

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyRuns is how many small runs the next test makes, or those that manyRunsEnv says: a thousand is what BENCHMARKS.md has.
const (
	manyRuns    = 100
	manyRunsEnv = "SKYPOINT_RUNS"
)

// filesByKind counts the files of the warehouse by their kinds.
func (p *place) filesByKind() map[string]int {
	p.t.Helper()
	counts := map[string]int{}
	for path := range p.onDisk() {
		switch name := filepath.Base(path); {
		case strings.HasSuffix(name, ".metadata.json"):
			counts["metadata files"]++
		case strings.HasPrefix(name, "snap-"):
			counts["manifest lists"]++
		case strings.HasSuffix(name, ".puffin"):
			counts["statistics files"]++
		case strings.HasSuffix(name, ".avro"):
			counts["manifests"]++
		default:
			counts["data and delete files"]++
		}
	}
	return counts
}

// However many small runs there were, a table that keeps 30 of them has so many files and no more.
func TestRuns_ByTheThousandLeaveABoundedNumberOfFiles(t *testing.T) {
	runs := manyRuns
	if given := os.Getenv(manyRunsEnv); given != "" {
		if _, err := fmt.Sscan(given, &runs); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlace(t)
	const users, kept = 400, 30
	emails := map[string]string{}
	var atHalf map[string]int
	for run := 1; run <= runs; run++ {
		for i := range 3 {
			emails[fmt.Sprintf("user-%03d", (run*7+i*131)%users)] = fmt.Sprint("run-", run, "@example.com")
		}
		s, err := p.Stage(t.Context(), stageRequest(int64(run), usersSchema()))
		mustDo(t, err)
		for n := range users {
			sub := fmt.Sprintf("user-%03d", n)
			mustDo(t, s.Put(t.Context(), user(sub, emails[sub], 1)))
		}
		change, err := s.Commit(t.Context())
		mustDo(t, err)
		mustDo(t, s.Close())
		p.publishChange(int64(run), change)
		if run > kept {
			p.retain(int64(run), int64(run-kept))
		}
		if run == runs/2 {
			atHalf = p.filesByKind()
		}
	}
	atEnd := p.filesByKind()
	t.Logf("after %d runs: %v; after %d: %v", runs/2, atHalf, runs, atEnd)
	for kind, most := range map[string]int{
		"metadata files":        101,  // the table's and the hundred of its log (write.metadata.previous-versions-max)
		"manifest lists":        kept, // one a kept run
		"statistics files":      kept,
		"manifests":             3 * kept,  // two or three that a run writes
		"data and delete files": 10 * kept, // what a run writes, until it is merged
	} {
		if atEnd[kind] > most || atEnd[kind] == 0 {
			t.Errorf("there are %d %s, and at most %d may be", atEnd[kind], kind, most)
		}
	}
	if len(p.rows(RowsRequest{})) != users {
		t.Error("rows are missing")
	}
}
