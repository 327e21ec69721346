package lakehouse

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
)

// bounded gives the columns that have bounds in a data file of the run.
func (p *place) bounded(run int64) []string {
	p.t.Helper()
	_, tbl := p.raw()
	files, err := tbl.FS(p.t.Context())
	mustDo(p.t, err)
	snapshot := tbl.SnapshotByName(RunTag(run))
	manifests, err := snapshot.Manifests(files)
	mustDo(p.t, err)
	found := map[string]bool{}
	seen := 0
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(files, true) {
			mustDo(p.t, err)
			file := entry.DataFile()
			if by, _ := runOfFile(file.FilePath()); by != run || file.ContentType() != iceberg.EntryContentData {
				continue
			}
			seen++
			for _, bounds := range []map[int][]byte{file.LowerBoundValues(), file.UpperBoundValues()} {
				for id := range bounds {
					name, _ := tbl.Schema().FindColumnName(id)
					found[name] = true
				}
			}
		}
	}
	if seen == 0 {
		p.t.Fatalf("run %d has written no data file", run)
	}
	return slices.Sorted(maps.Keys(found))
}

// setProperties is another program that changes a table's properties; an empty value takes one away.
func (p *place) setProperties(properties iceberg.Properties, remove ...string) {
	p.t.Helper()
	c, tbl := p.raw()
	var updates []table.Update
	if len(properties) > 0 {
		updates = append(updates, table.NewSetPropertiesUpdate(properties))
	}
	if len(remove) > 0 {
		updates = append(updates, table.NewRemovePropertiesUpdate(remove))
	}
	_, _, err := c.CommitTable(p.t.Context(), tbl.Identifier(), nil, updates)
	mustDo(p.t, err)
}

func TestBounds_OfTextThatIsNotTheKeyAreNowhereInTheMetadata(t *testing.T) {
	const email = table.MetricsModeColumnConfPrefix + ".email"
	p := newPlace(t)
	p.load(1, user("a", "marker-one@example.com", 1), user("b", "marker-two@example.com", 2))
	want := []string{"custom_score", "enabled", "logins", "sub", "updated_at"}
	if diff := cmp.Diff(want, p.bounded(1)); diff != "" {
		t.Errorf("columns with bounds (-want +got):\n%s", diff)
	}
	mustDo(t, filepath.WalkDir(filepath.Join(p.dir, "warehouse"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(filepath.Dir(path)) != "metadata" {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("marker-")) {
			t.Errorf("%s holds an e-mail address", filepath.Base(path))
		}
		return err
	}))

	p.setProperties(nil, email) // a table of a version before
	p.load(2, user("a", "other@example.com", 3), user("b", "marker-two@example.com", 2))
	if diff := cmp.Diff(want, p.bounded(2)); diff != "" {
		t.Errorf("columns with bounds of an older table (-want +got):\n%s", diff)
	}
	if _, tbl := p.raw(); tbl.Properties()[email] != countsAlone {
		t.Errorf("the property is %q", tbl.Properties()[email])
	}

	p.setProperties(iceberg.Properties{email: "full"}) // somebody wants them
	p.load(3, user("a", "third@example.com", 4), user("b", "marker-two@example.com", 2))
	if diff := cmp.Diff([]string{"custom_score", "email", "enabled", "logins", "sub", "updated_at"}, p.bounded(3)); diff != "" {
		t.Errorf("columns with bounds where somebody wants them (-want +got):\n%s", diff)
	}
}

func TestDictionary_IsSparedForHashesUnlessSomebodyWantsIt(t *testing.T) {
	p := newPlace(t)
	schema := usersSchema()
	schema.Columns[1].IsHash = true // email
	const email = "write.parquet.dict-encoding-enabled.column.email"
	p.loadAs(1, schema, user("a", "one@x", 1))
	if _, tbl := p.raw(); tbl.Properties()[email] != "false" {
		t.Errorf("the property is %q", tbl.Properties()[email])
	}
	p.setProperties(iceberg.Properties{email: "true"})
	p.loadAs(2, schema, user("a", "two@x", 2))
	if _, tbl := p.raw(); tbl.Properties()[email] != "true" {
		t.Errorf("the property is %q", tbl.Properties()[email])
	}
}
