package lakehouse

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func (p *place) retain(run int64, letGo ...int64) {
	p.t.Helper()
	if _, err := p.Retain(p.t.Context(), "Customers", run, []dataflow.TableID{usersID, {Database: "customers", Name: "nope"}}, letGo); err != nil {
		p.t.Fatal(err)
	}
}

// metadataFiles counts the files of the table's metadata folder, by ending.
func (p *place) metadataFiles() map[string]int {
	p.t.Helper()
	count := map[string]int{}
	err := filepath.WalkDir(filepath.Join(p.dir, "warehouse"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(path)) == "metadata" {
			count[strings.TrimPrefix(filepath.Ext(path), ".")]++
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return count
}

func TestRetain_LetsRunsGoWithWhatOnlyTheyHad(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@x", 2))
	third := p.load(3, user("a", "a@x", 3))
	fourth := p.load(4, user("a", "a@x", 3)) // unchanged: it has the third's snapshot
	if !same(third.After, fourth.After) || len(p.dataFiles()) != 3 {
		t.Fatalf("the fourth run made %+v, and there are %d data files", fourth, len(p.dataFiles()))
	}
	for range 2 { // called twice it does the same
		p.retain(4, 1, 3)
		if diff := cmp.Diff([]string{"main", "run_2", "run_4"}, keys(p.refs())); diff != "" {
			t.Errorf("refs differ (-want +got):\n%s", diff)
		}
		p.wantRows(RowsRequest{}, user("a", "a@x", 3))
		p.wantRows(RowsRequest{Run: new(int64(2))}, user("a", "a@x", 2))
		if _, tbl := p.raw(); len(tbl.Metadata().Snapshots()) != 2 {
			t.Errorf("%d snapshots are left", len(tbl.Metadata().Snapshots()))
		}
		if files := p.dataFiles(); len(files) != 2 {
			t.Errorf("data files are %v", files)
		}
	}
	if got := p.metadataFiles()["avro"]; got > 6 { // two snapshots: a list each, and the manifests that they have
		t.Errorf("%d manifests and lists are left", got)
	}
	if owned, err := p.Owned(t.Context(), "Customers", []string{"customers"}); err != nil || !cmp.Equal(owned[0].Runs, []int64{2, 4}) {
		t.Errorf("owned is %+v, %v", owned, err)
	}
}

func TestRetain_KilledAfterItsCommit_IsFinishedByTheNext(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@x", 2))
	p.load(3, user("a", "a@x", 3))
	whole := newPlace(t)
	for run := range int64(3) {
		whole.load(run+1, user("a", "a@x", int(run)+1))
	}
	whole.retain(3, 1, 2)

	c, tbl := p.raw()
	requirements, updates := expire(tbl.Metadata(), []int64{1, 2})
	if _, _, err := commitTable(t.Context(), c, tbl, requirements, updates); err != nil {
		t.Fatal(err)
	}
	if got := p.metadataFiles()["avro"]; got <= whole.metadataFiles()["avro"] {
		t.Fatalf("%d manifests and lists are left, nothing to clean up", got)
	}
	p.retain(3, 1, 2)
	if got, want := p.metadataFiles()["avro"], whole.metadataFiles()["avro"]; got != want {
		t.Errorf("%d manifests and lists are left, want %d", got, want)
	}
	if files := p.dataFiles(); len(files) != 1 {
		t.Errorf("data files are %v", files)
	}
	p.wantRows(RowsRequest{}, user("a", "a@x", 3))
}

func exists(t *testing.T, location string) bool {
	t.Helper()
	path, local := localPath(location)
	if !local {
		t.Fatal(location)
	}
	_, err := os.Stat(path)
	return err == nil
}

// pointBack is a process that was killed when it had written what a commit consists of, and the catalog did not point at it yet.
func (p *place) pointBack(to string) {
	p.t.Helper()
	_, tbl := p.raw()
	if moved, _, err := p.sqlite().repoint(p.t.Context(), usersID, tbl.MetadataLocation(), to); err != nil || !moved {
		p.t.Fatal(moved, err)
	}
}

func TestKilledBeforeACommit_TheNextRunsRemoveWhatItWrote(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@x", 2))
	before, files, metadata := p.describe().MetadataLocation, len(p.dataFiles()), p.metadataFiles()

	p.stage(stageRequest(3, usersSchema()), user("a", "a@x", 3))
	staged := p.describe().MetadataLocation
	p.pointBack(before)
	if left := p.metadataFiles(); len(p.dataFiles()) <= files || left["avro"] <= metadata["avro"] || left["json"] != metadata["json"]+1 {
		t.Fatalf("the killed run left %v after %v", left, metadata)
	}
	if err := p.Sweep(t.Context(), "Customers", 3, []dataflow.TableID{usersID}); err != nil {
		t.Fatal(err)
	}
	// The metadata file is newer than the table's: it could be another writer's, who is about to commit it.
	if left := p.metadataFiles(); len(p.dataFiles()) != files || left["avro"] != metadata["avro"] || left["json"] != metadata["json"]+1 {
		t.Errorf("%d data files and %v are left, want %d and %v", len(p.dataFiles()), left, files, metadata)
	}
	p.load(4, user("a", "a@x", 4))
	p.retain(4)
	if exists(t, staged) {
		t.Errorf("the metadata file %s is left", staged)
	}
	_, tbl := p.raw()
	logged := 1
	for range tbl.Metadata().PreviousFiles() {
		logged++
	}
	if left := p.metadataFiles()["json"]; left != logged {
		t.Errorf("%d metadata files are left, and %d lead somewhere", left, logged)
	}
	p.wantRows(RowsRequest{}, user("a", "a@x", 4))
	p.wantRows(RowsRequest{Run: new(int64(2))}, user("a", "a@x", 2))
}

// Somebody who has turned off that a commit removes metadata files may have written them down.
func TestKilledBeforeACommit_MetadataFilesStayWhereSomebodyWantsThemAll(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	c, tbl := p.raw()
	updates := []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{table.MetadataDeleteAfterCommitEnabledKey: "false"})}
	if _, _, err := commitTable(t.Context(), c, tbl, nil, updates); err != nil {
		t.Fatal(err)
	}
	before := p.describe().MetadataLocation
	p.stage(stageRequest(2, usersSchema()), user("a", "a@x", 2))
	staged := p.describe().MetadataLocation
	p.pointBack(before)
	p.load(3, user("a", "a@x", 3))
	p.retain(3)
	if !exists(t, staged) {
		t.Errorf("the metadata file %s is gone", staged)
	}
}

func TestRetain_AThousandUnchangedRunsLeaveTheDataAsItWasAndBoundedMetadata(t *testing.T) {
	t.Parallel() // beside the other long one
	const kept, runs = 3, int64(1000)
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	files := p.dataFiles()
	for run := int64(2); run <= runs; run++ {
		p.load(run, user("a", "a@x", 1))
		if run > kept {
			p.retain(run, run-kept)
		}
	}
	if diff := cmp.Diff(files, p.dataFiles()); diff != "" {
		t.Errorf("data files differ (-want +got):\n%s", diff)
	}
	if got := p.metadataFiles(); got["json"] > 101 || got["avro"] > 3 {
		t.Errorf("metadata files are %v", got)
	}
	refs := []string{"main", RunTag(runs - 2), RunTag(runs - 1), RunTag(runs)}
	slices.Sort(refs)
	if diff := cmp.Diff(refs, keys(p.refs())); diff != "" {
		t.Errorf("refs differ (-want +got):\n%s", diff)
	}
}

func keys(refs map[string]int64) []string { return slices.Sorted(maps.Keys(refs)) }
