package lakehouse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// raw gives the table as any other program would open it.
func (p *place) raw() (Catalog, *table.Table) {
	p.t.Helper()
	c, err := p.reading(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	tbl, err := c.LoadTable(context.Background(), identifier(usersID))
	if err != nil {
		p.t.Fatal(err)
	}
	return c, tbl
}

func (p *place) refs() map[string]int64 {
	p.t.Helper()
	_, tbl := p.raw()
	refs := map[string]int64{}
	for name, ref := range tbl.Metadata().Refs() {
		refs[name] = ref.SnapshotID
	}
	return refs
}

// foreignDelete is another program that deletes rows of main.
func (p *place) foreignDelete(sub string) int64 {
	p.t.Helper()
	_, tbl := p.raw()
	after, err := tbl.Delete(context.Background(), iceberg.EqualTo(iceberg.Reference("sub"), sub), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return after.CurrentSnapshot().SnapshotID
}

func TestPublish_BySeveralAtOnce_HappensOnce(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	change := p.stage(stageRequest(2, usersSchema()), user("b", "b@x", 1))
	var group sync.WaitGroup
	for range 8 {
		l := openAt(t, p.dir, "workspace-1") // as another process would
		group.Go(func() {
			if result, err := l.Publish(context.Background(), "Customers", 2, change); err != nil || result.Replaced != nil {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
	group.Wait()
	p.wantRows(RowsRequest{}, user("b", "b@x", 1))
	_, tbl := p.raw()
	moved := 0
	for entry := range tbl.Metadata().SnapshotLogs() {
		if entry.SnapshotID == *change.After {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("main was moved %d times", moved)
	}
}

func TestStage_WhileAnotherWriterCommits_ComparesAgain(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1), user("b", "b@x", 1))
	ctx := context.Background()
	s, err := p.newStaging(ctx, stageRequest(2, usersSchema()))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	if err := s.Put(ctx, user("b", "b@x", 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.rows.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, tbl := p.raw()
	theirs := p.foreignDelete("b")
	to, err := tableLayout(tbl.Metadata(), usersSchema())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.commitSnapshot(ctx, tbl, tbl, nil, to, &current{snapshot: tbl.CurrentSnapshot()}, fileChanges{}, newDistinctCounter(to, usersSchema(), nil), nil); !errors.Is(err, errMoved) {
		t.Fatalf("a commit on a table that moved: %v", err)
	}
	change, err := s.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !same(change.Before, &theirs) || change.Counts != (dataflow.Counts{Read: 1, Added: 1, Removed: 1}) {
		t.Errorf("change is %+v", change)
	}
}

func TestForeign_IsRefused(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	change := p.stage(stageRequest(2, usersSchema()), user("b", "b@x", 1))
	ctx := context.Background()

	other := stageRequest(1, usersSchema())
	other.Dataflow = "Other"
	elsewhere := &place{Lakehouse: openAt(t, p.dir, "workspace-2"), t: t, dir: p.dir}
	tests := map[string]struct {
		call func() error
		want string
	}{
		"stage into another's database": {func() error { _, err := p.tryStage(other); return err },
			`database customers belongs to dataflow "Customers". A database belongs to one dataflow: choose another one.`},
		"stage in another workspace's": {func() error { _, err := elsewhere.tryStage(stageRequest(2, usersSchema())); return err },
			`database customers belongs to dataflow "Customers" of another workspace. A database belongs to one dataflow: choose another one.`},
		"publish": {func() error { _, err := p.Publish(ctx, "Other", 2, change); return err },
			`table customers.users belongs to dataflow "Customers". Choose another table_name or database.`},
		"ticket": {func() error {
			_, err := p.Ticket(ctx, dataflow.TicketRequest{Dataflow: "Other", Run: 2, ID: usersID, Change: dataflow.ChangeDrop})
			return err
		}, `table customers.users belongs to dataflow "Customers". Choose another table_name or database.`},
		"sweep": {func() error { return p.Sweep(ctx, "Other", 2, []dataflow.TableID{usersID}) },
			`sweep run 2: table customers.users belongs to dataflow "Customers". Choose another table_name or database.`},
	}
	refs := p.refs()
	for name, test := range tests {
		err := test.call()
		if !dataflow.IsCode(err, dataflow.CodeForeign) || err.Error() != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(refs, p.refs()); diff != "" {
		t.Errorf("refs changed (-before +after):\n%s", diff)
	}
	if owned, err := p.Owned(ctx, "Other", []string{"customers"}); err != nil || len(owned) != 0 {
		t.Errorf("owned by the other: %v, %v", owned, err)
	}
	if owned, err := p.Owned(ctx, "CUSTOMERS", []string{"customers", "nope"}); err != nil || len(owned) != 1 || owned[0].ID != usersID || owned[0].Key != "users" || owned[0].Hidden {
		t.Errorf("owned: %v, %v", owned, err)
	}
}

func TestForeign_TableWithoutAMark_IsRefused_ItsDatabaseIsNot(t *testing.T) {
	p := newPlace(t)
	ctx := context.Background()
	c, err := p.writing(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateNamespace(ctx, table.Identifier{"customers"}, nil); err != nil {
		t.Fatal(err)
	}
	schema := iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.String})
	if _, err := c.NewTable(ctx, usersID, schema, p.warehouse+"/theirs", nil); err != nil {
		t.Fatal(err)
	}
	_, err = p.tryStage(stageRequest(1, usersSchema()))
	if !dataflow.IsCode(err, dataflow.CodeForeign) || !strings.Contains(err.Error(), "table customers.users was not made by this workspace") {
		t.Errorf("stage: %v", err)
	}
	req := stageRequest(1, usersSchema())
	req.ID.Name = "ours"
	p.stage(req, user("a", "a@x", 1))
}

func (p *place) dropTicket(run int64) dataflow.TableChange {
	p.t.Helper()
	return p.ticketOf(run, dataflow.ChangeDrop)
}

func (p *place) ticketOf(run int64, change dataflow.Change) dataflow.TableChange {
	p.t.Helper()
	ticket, err := p.Ticket(context.Background(), dataflow.TicketRequest{
		Dataflow: "Customers", Run: run, Key: "users", FileName: "Users", ID: usersID, Change: change,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return ticket
}

func (p *place) wantNothing() {
	p.t.Helper()
	ctx := context.Background()
	if _, err := p.Describe(ctx, usersID); !dataflow.IsCode(err, dataflow.CodeNotFound) {
		p.t.Errorf("describe: %v", err)
	}
	if databases, err := p.Databases(ctx); err != nil || len(databases) != 0 {
		p.t.Errorf("databases are %v, %v", databases, err)
	}
	if entries, err := os.ReadDir(filepath.Join(p.dir, "warehouse")); err != nil || len(entries) != 0 {
		p.t.Errorf("the warehouse holds %v, %v", entries, err)
	}
}

func TestDrop_RemovesEntryFilesAndDatabase_HoweverOften(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("b", "b@x", 1))
	drop := p.dropTicket(3)
	for range 2 {
		p.publishChange(3, drop)
		p.wantNothing()
	}
}

func TestDrop_KilledAfterItsCommit_IsFinishedByTheNext(t *testing.T) {
	kills := map[string]func(*place, dataflow.TableChange){
		"before the entry": func(p *place, drop dataflow.TableChange) {
			c, _ := p.raw()
			if _, _, err := p.hide(context.Background(), c, "Customers", 2, drop, &dataflow.TableResult{}); err != nil {
				p.t.Fatal(err)
			}
		},
		"before the files": func(p *place, drop dataflow.TableChange) {
			c, _ := p.raw()
			if _, _, err := p.hide(context.Background(), c, "Customers", 2, drop, &dataflow.TableResult{}); err != nil {
				p.t.Fatal(err)
			}
			_, tbl := p.raw()
			if dropped, err := c.DropEntry(context.Background(), usersID, tbl.MetadataLocation()); err != nil || !dropped {
				p.t.Fatal(dropped, err)
			}
		},
	}
	for name, kill := range kills {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.load(1, user("a", "a@x", 1))
			drop := p.dropTicket(2)
			kill(p, drop)
			p.publishChange(2, drop)
			p.wantNothing()
		})
	}
}

func TestDropEntry_OnlyWhileTheMetadataIsTheOneRead(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	c, tbl := p.raw()
	p.foreignDelete("a")
	if dropped, err := c.DropEntry(context.Background(), usersID, tbl.MetadataLocation()); err != nil || dropped {
		t.Errorf("a table that moved was dropped: %t, %v", dropped, err)
	}
	p.wantRows(RowsRequest{})
}

func TestKeep_TakesANewPurposeToTheTable(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	req := stageRequest(2, usersSchema())
	req.Definition.Purpose = dataflow.PurposeCustomer360
	change := p.stage(req, user("a", "a@x", 1))
	p.publishChange(2, change)
	if d := p.describe(); change.Change != dataflow.ChangeKeep || d.Purpose != dataflow.PurposeCustomer360 {
		t.Errorf("after a %s the purpose is %q", change.Change, d.Purpose)
	}
}

func TestHide_SaysInTheTablesCommentWhyItLooksEmpty(t *testing.T) {
	for name, tc := range map[string]struct{ description, hidden string }{
		"a comment":  {"One row per user.", "Hidden by run 2: it looks empty, and the rows of its kept runs are at their tags. One row per user."},
		"no comment": {"", "Hidden by run 2: it looks empty, and the rows of its kept runs are at their tags."},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			comment := func() string {
				_, tbl := p.raw()
				return tbl.Properties()["comment"]
			}
			load := func(run int64) {
				req := stageRequest(run, usersSchema())
				req.Table.Description = tc.description
				p.publishChange(run, p.stage(req, user("a", "a@x", 1)))
			}
			load(1)
			if got := comment(); got != tc.description {
				t.Errorf("the comment is %q at first", got)
			}
			p.publishChange(2, p.ticketOf(2, dataflow.ChangeHide))
			if got := comment(); got != tc.hidden {
				t.Errorf("the comment is %q while it is hidden, want %q", got, tc.hidden)
			}
			load(3)
			if got := comment(); got != tc.description {
				t.Errorf("the comment is %q when it is back", got)
			}
		})
	}
}

func TestMetadataFiles_DoNotGrowForEver(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	c, tbl := p.raw()
	if _, _, err := commitTable(context.Background(), c, tbl, nil, []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{table.MetadataPreviousVersionsMaxKey: "3"})}); err != nil {
		t.Fatal(err)
	}
	for run := int64(2); run <= 9; run++ {
		p.load(run, user("a", "a@x", 1))
	}
	found, err := filepath.Glob(filepath.Join(p.dir, "warehouse", "customers", "*", "metadata", "*.metadata.json"))
	if err != nil || len(found) != 4 {
		t.Errorf("%d metadata files are left, want the newest and three before it: %v", len(found), err)
	}
}

func TestStage_RefusesATableThatWasMadeForAnotherKey(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	people := stageRequest(2, usersSchema())
	people.Table.Key = "groups"
	_, err := p.tryStage(people, user("b", "b@x", 1))
	const want = `table customers.users: it was made for "users" and keeps the rows of earlier runs, also while it is hidden. Give "groups" another table_name.`
	if !dataflow.IsCode(err, dataflow.CodeInvalid) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	p.wantRows(RowsRequest{}, user("a", "a@x", 1))
}

func TestOwned_NeverTripsOverATableThatSomebodyDropsMeanwhile(t *testing.T) {
	p := newPlace(t)
	stop, failures := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(failures)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := p.Owned(context.Background(), "Other", []string{"customers"}); err != nil {
				failures <- err
				return
			}
		}
	}()
	for run := int64(1); run < 60; run += 2 {
		p.load(run, user("a", "a@x", 1))
		p.publishChange(run+1, p.dropTicket(run+1))
	}
	close(stop)
	if err := <-failures; err != nil {
		t.Error(err)
	}
}
