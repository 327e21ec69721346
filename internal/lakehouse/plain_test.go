package lakehouse

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// strangeFolder is a name with all that a folder's name may hold.
const strangeFolder = `My Läke [1] (zwei) {x} 'é' "部署" + & = ,;!@$`

// locations gives every location that the catalog and a table's files hold, of its data files, delete files, manifests and metadata.
func (p *place) locations(id dataflow.TableID) []string {
	p.t.Helper()
	c, err := p.reading(p.t.Context())
	mustDo(p.t, err)
	tbl, err := load(p.t.Context(), c, id)
	mustDo(p.t, err)
	found := []string{tbl.MetadataLocation(), tbl.Location()}
	files, err := tbl.FS(p.t.Context())
	mustDo(p.t, err)
	for _, snapshot := range tbl.Metadata().Snapshots() {
		found = append(found, snapshot.ManifestList)
		manifests, err := snapshot.Manifests(files)
		mustDo(p.t, err)
		for _, m := range manifests {
			found = append(found, m.FilePath())
			for entry, err := range m.Entries(files, true) {
				mustDo(p.t, err)
				found = append(found, entry.DataFile().FilePath())
				if of := entry.DataFile().ReferencedDataFile(); of != nil {
					found = append(found, *of)
				}
			}
		}
	}
	return found
}

// isPlain expects that every location is the path of a file that is there, with file:// before it.
func (p *place) isPlain(id dataflow.TableID) {
	p.t.Helper()
	for _, location := range p.locations(id) {
		if _, err := os.Stat(strings.TrimPrefix(location, "file://")); err != nil {
			p.t.Errorf("a reader that takes %s as it is finds nothing: %v", location, err)
		}
	}
}

func TestLocations_ArePlainInCatalogMetadataAndManifests(t *testing.T) {
	p := reopen(t, filepath.Join(t.TempDir(), strangeFolder))
	many := func(run int) []dataflow.Row {
		var rows []dataflow.Row
		for i := range 400 {
			logins := 1
			if i == run {
				logins = run // one row changes: it is named in a delete file
			}
			rows = append(rows, user(strings.Repeat("x", i+1), "a@x", logins))
		}
		return rows
	}
	p.load(1, many(1)...)
	p.load(2, many(2)...)
	p.isPlain(usersID)
	if n := len(p.locations(usersID)); n < 8 {
		t.Errorf("%d locations only: there is no delete file among them", n)
	}
	p.wantRows(RowsRequest{}, many(2)...)
	c, err := p.reading(t.Context())
	mustDo(t, err)
	p.retain(2, 1)
	p.isPlain(usersID)
	tbl, err := load(t.Context(), c, usersID)
	mustDo(t, err)
	if n := len(tbl.Metadata().Snapshots()); n != 1 {
		t.Errorf("%d snapshots stay", n)
	}
}

// TestLibrary_PercentEncodesLocations tells when the workaround in plain.go has become superfluous.
func TestLibrary_PercentEncodesLocations(t *testing.T) {
	p := reopen(t, filepath.Join(t.TempDir(), "My Lake"))
	p.load(1, user("a", "a@x", 1))
	made, err := newLayout(usersSchema())
	mustDo(t, err)
	tbl, err := p.sqlite().CreateTable(t.Context(), identifier(dataflow.TableID{Database: "customers", Name: "other"}), made.schema, catalog.WithLocation(p.warehouse+"/other"))
	mustDo(t, err)
	if !strings.Contains(tbl.MetadataLocation(), "/My%20Lake/") {
		t.Errorf("the library names %s: plain.go can go", tbl.MetadataLocation())
	}
}

// TestTableWithEncodedLocations begins with what earlier versions of this package wrote: all locations of the newest snapshot as the library makes them.
func TestTableWithEncodedLocations_IsReadAndPutRightByItsNextRun(t *testing.T) {
	p := reopen(t, filepath.Join(t.TempDir(), "My Lake"))
	rows := []dataflow.Row{user("a", "a@x", 1), user("b", "b@x", 1)}
	p.load(1, append(rows, user("c", "c@x", 1))...)
	_, tbl := p.raw()
	_, err := tbl.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("sub"), "c"), nil) // the library writes a data file without it
	mustDo(t, err)
	_, tbl = p.raw()
	meta, _, err := p.sqlite().Catalog.CommitTable(t.Context(), tbl.Identifier(), nil, []table.Update{table.NewSetLocationUpdate(strings.ReplaceAll(tbl.Location(), " ", "%20"))})
	mustDo(t, err)
	if !isEncoded(meta.Location()) || !isEncoded(meta.CurrentSnapshot().ManifestList) || len(slices.DeleteFunc(p.locations(usersID), isEncoded)) == len(p.locations(usersID)) {
		t.Fatal("no location is encoded: the test has lost its subject")
	}
	p.wantRows(RowsRequest{}, rows...)

	p.load(2, rows...)
	p.wantRows(RowsRequest{}, rows...)
	p.retain(2, 1)
	p.isPlain(usersID)
	if change := p.load(3, rows...); change.Change != dataflow.ChangeKeep {
		t.Errorf("a table that was put right is written again: %s", change.Change)
	}
	p.publishChange(4, p.dropTicket(4))
	if left := files(t, filepath.Join(p.dir, "warehouse")); len(left) > 0 {
		t.Errorf("files stay: %v", left)
	}
}

func TestCheckWarehouse_RefusesWhatReadersDoNotAgreeOn(t *testing.T) {
	for _, folder := range []string{"/a/100%", "/a#b", "/what?", "/~/lake", "/a~1", "/a\nb", "/a\x00"} {
		if err := CheckWarehouse(folder); !dataflow.IsCode(err, dataflow.CodeInvalid) {
			t.Errorf("%q: %v", folder, err)
		}
	}
	if err := CheckWarehouse("/srv/" + strangeFolder); err != nil {
		t.Error(err)
	}
	err := CheckWarehouse("/a/100%")
	if want := `the path of the tables' files is "/a/100%", and readers of Iceberg tables do not agree on what '%' means in one. Set warehouse to a path without it: spaces and letters of any script are fine.`; err.Error() != want {
		t.Errorf("error is %v", err)
	}
}
