package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// below makes a place in a folder that does not exist yet, so that it can be moved.
func below(t *testing.T, name string) (p *place, parent string) {
	t.Helper()
	parent = t.TempDir()
	return reopen(t, filepath.Join(parent, name)), parent
}

// reopen is another process's look at the same folder.
func reopen(t *testing.T, dir string) *place {
	t.Helper()
	return &place{Lakehouse: openAt(t, dir, "workspace-1"), t: t, dir: dir}
}

func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files gives every file below a folder with its size.
func files(t *testing.T, folder string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	mustDo(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			found[path] = info.Size()
		}
		return err
	}))
	return found
}

// refuses expects this error of everything that looks at tables or changes them.
func (p *place) refuses(want string) {
	p.t.Helper()
	ctx := context.Background()
	_, staged := p.tryStage(stageRequest(9, usersSchema()), user("z", "z@x", 1))
	_, ticketed := p.Ticket(ctx, dataflow.TicketRequest{Dataflow: "Customers", Run: 9, ID: usersID, Change: dataflow.ChangeDrop})
	_, retained := p.Retain(ctx, "Customers", 1, []dataflow.TableID{usersID}, []int64{1})
	_, listed := p.List(ctx, "customers")
	_, described := p.Describe(ctx, usersID)
	_, _, read := p.Rows(ctx, usersID, RowsRequest{})
	_, owned := p.Owned(ctx, "Customers", []string{"customers"})
	_, published := p.Publish(ctx, "Customers", 1, dataflow.TableChange{TableID: usersID, Change: dataflow.ChangeDrop})
	for what, err := range map[string]error{
		"Stage": staged, "Ticket": ticketed, "List": listed, "Describe": described, "Rows": read, "Owned": owned, "Publish": published,
		"Sweep":  p.Sweep(ctx, "Customers", 1, []dataflow.TableID{usersID}),
		"Retain": retained,
	} {
		if err == nil || err.Error() != want || !dataflow.IsCode(err, dataflow.CodeCorrupt) {
			p.t.Errorf("%s: got  %v\nwant %s", what, err, want)
		}
	}
}

const anew = "To begin anew here instead, remove catalog.db and warehouse: the next apply then imports every dataflow's tables again."

func sayMoved(from, to string) string {
	return fmt.Sprintf("catalog %s: open: it was made in %s and has been moved, but Iceberg's metadata holds absolute paths, so its tables are looked for where they were. "+
		"Move it back to %s with everything that was beside it, or make that a symbolic link to %s. %s", filepath.Join(to, "catalog.db"), from, from, to, anew)
}

func sayCopied(from, to string) string {
	return fmt.Sprintf("catalog %s: open: it is a copy of the one in %s, which is still there, and Iceberg's metadata holds absolute paths, so its tables' files are that one's. "+
		"Use the one in %s. %s", filepath.Join(to, "catalog.db"), from, from, anew)
}

func TestMoved_IsRefusedWithBothPathsUntilItIsBack(t *testing.T) {
	p, parent := below(t, "first")
	p.load(1, user("a", "a@x", 1))
	mustDo(t, p.Close())
	moved := filepath.Join(parent, "second")
	mustDo(t, os.Rename(p.dir, moved))

	reopen(t, moved).refuses(sayMoved(p.dir, moved))
	if _, err := os.Stat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made where it was: %v", err)
	}

	mustDo(t, os.Rename(moved, p.dir))
	back := reopen(t, p.dir)
	back.wantRows(RowsRequest{}, user("a", "a@x", 1))
	back.load(2, user("a", "a@y", 2))
	back.wantRows(RowsRequest{}, user("a", "a@y", 2))
}

func TestMoved_IsAtHomeWhereALinkStandsInItsPlace(t *testing.T) {
	p, parent := below(t, "first")
	p.load(1, user("a", "a@x", 1))
	mustDo(t, p.Close())
	moved := filepath.Join(parent, "second")
	mustDo(t, os.Rename(p.dir, moved))
	mustDo(t, os.Symlink(moved, p.dir))

	q := reopen(t, moved)
	q.load(2, user("a", "a@y", 2))
	q.wantRows(RowsRequest{}, user("a", "a@y", 2))
	ticket, err := q.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 3, ID: usersID, Change: dataflow.ChangeDrop})
	mustDo(t, err)
	q.publishChange(3, ticket)
	if left := q.dataFiles(); len(left) > 0 {
		t.Errorf("the drop left %v", left)
	}
	q.load(4, user("b", "b@x", 1))
	mustDo(t, q.Close())
	reopen(t, p.dir).wantRows(RowsRequest{}, user("b", "b@x", 1)) // the old path is still the one that the tables know
}

func TestCopied_NeitherReadsNorTouchesTheOriginal(t *testing.T) {
	for name, duplicate := range map[string]func(from, to string) error{
		"a copy":          func(from, to string) error { return os.CopyFS(to, os.DirFS(from)) },
		"a copy of links": linkTree,
		"a copy and a link": func(from, to string) error {
			return errors.Join(os.CopyFS(to+".real", os.DirFS(from)), os.Symlink(to+".real", to))
		},
		"the catalog itself": func(from, to string) error {
			return copyFile(filepath.Join(from, "catalog.db"), filepath.Join(to, "catalog.db"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, parent := below(t, "original")
			p.load(1, user("a", "a@x", 1))
			mustDo(t, p.Close())
			copied := filepath.Join(parent, "copy")
			mustDo(t, duplicate(p.dir, copied))
			before := files(t, p.dir)

			q := reopen(t, copied)
			q.refuses(sayCopied(p.dir, copied))
			mustDo(t, q.Close())
			if diff := cmp.Diff(before, files(t, p.dir)); diff != "" {
				t.Errorf("the original changed (-before +after):\n%s", diff)
			}
			reopen(t, p.dir).wantRows(RowsRequest{}, user("a", "a@x", 1))

			// What the error says helps.
			mustDo(t, os.Remove(filepath.Join(copied, "catalog.db")))
			mustDo(t, os.RemoveAll(filepath.Join(copied, "warehouse")))
			own := reopen(t, copied)
			own.load(2, user("b", "b@x", 1))
			own.wantRows(RowsRequest{}, user("b", "b@x", 1))
			reopen(t, p.dir).wantRows(RowsRequest{}, user("a", "a@x", 1))
		})
	}
}

// linkTree copies a folder with hard links for its files, as `cp -al` does.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		}
		return os.Link(path, filepath.Join(to, relative))
	})
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	return err
}

func TestMoved_WithoutATableThatDependsOnItIsAtHomeAnywhere(t *testing.T) {
	open := func(t *testing.T, dir, warehouse string) *place {
		t.Helper()
		l, err := Open(Config{Catalog: CatalogConfig{URI: filepath.Join(dir, "catalog.db")}, Warehouse: warehouse, WorkspaceID: isWorkspace("workspace-1")})
		mustDo(t, err)
		t.Cleanup(func() { closing(t, l) })
		return &place{Lakehouse: l, t: t, dir: dir}
	}
	t.Run("its warehouse lies elsewhere", func(t *testing.T) {
		parent, warehouse := t.TempDir(), t.TempDir()
		first, second, third := filepath.Join(parent, "first"), filepath.Join(parent, "second"), filepath.Join(parent, "third")
		p := open(t, first, warehouse)
		p.load(1, user("a", "a@x", 1))
		mustDo(t, p.Close())
		mustDo(t, os.Rename(first, second))
		q := open(t, second, warehouse)
		q.wantRows(RowsRequest{}, user("a", "a@x", 1))
		q.load(2, user("b", "b@x", 2))
		q.wantRows(RowsRequest{}, user("b", "b@x", 2))
		mustDo(t, q.Close())
		mustDo(t, os.CopyFS(third, os.DirFS(second)))
		open(t, third, warehouse).refuses(sayCopied(second, third)) // there, it has made itself at home
	})
	t.Run("it has no table", func(t *testing.T) {
		p, parent := below(t, "first")
		_, err := p.Owned(t.Context(), "Customers", []string{"customers"})
		mustDo(t, err)
		change := p.load(1, user("a", "a@x", 1))
		ticket, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, ID: change.TableID, Change: dataflow.ChangeDrop})
		mustDo(t, err)
		p.publishChange(2, ticket)
		mustDo(t, p.Close())
		copied := filepath.Join(parent, "second")
		mustDo(t, os.CopyFS(copied, os.DirFS(p.dir)))
		q := reopen(t, copied)
		q.load(3, user("b", "b@x", 1))
		q.wantRows(RowsRequest{}, user("b", "b@x", 1))
	})
}

func TestCatalog_ThatDoesNotSayWhereItWasMade_LearnsItFromWhoWritesFirst(t *testing.T) {
	p, parent := below(t, "first")
	p.load(1, user("a", "a@x", 1))
	_, err := p.sqlite().db.ExecContext(t.Context(), "DROP TABLE skypoint_home")
	mustDo(t, err)
	mustDo(t, p.Close())

	q := reopen(t, p.dir)
	q.wantRows(RowsRequest{}, user("a", "a@x", 1))
	q.load(2, user("a", "a@y", 2))
	mustDo(t, q.Close())
	moved := filepath.Join(parent, "second")
	mustDo(t, os.Rename(p.dir, moved))
	reopen(t, moved).refuses(sayMoved(p.dir, moved))
}

func TestCatalog_ThatIsNoDatabaseIsNamedAndLeftAsItIs(t *testing.T) {
	for name, damage := range map[string]struct {
		do    func(path string) error
		cause string
		hint  string
	}{
		"text": {func(path string) error {
			return os.WriteFile(path, []byte("not a database, but long enough to be taken for the header of one: 0123456789\n"), 0o600)
		}, "file is not a database (26)", hintRestore},
		"cut off": {func(path string) error { return os.Truncate(path, 5000) }, "database disk image is malformed (11)", hintRestore},
		"a folder": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "unable to open database file (14)",
			"Let this user write to the catalog's file and its folder."},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := below(t, "workspace")
			p.load(1, user("a", "a@x", 1))
			mustDo(t, p.Close())
			catalog := filepath.Join(p.dir, "catalog.db")
			content, err := os.ReadFile(catalog)
			mustDo(t, err)
			mustDo(t, damage.do(catalog))
			before := files(t, p.dir)

			q := reopen(t, p.dir)
			_, err = q.List(t.Context(), "customers")
			if want := "catalog " + catalog + ": open: " + damage.cause + ". " + damage.hint; err == nil || err.Error() != want {
				t.Errorf("List: got  %v\nwant %s", err, want)
			}
			if _, err = q.tryStage(stageRequest(2, usersSchema()), user("z", "z@x", 1)); err == nil {
				t.Error("a run was staged")
			}
			if diff := cmp.Diff(before, files(t, p.dir)); diff != "" {
				t.Errorf("the workspace changed (-before +after):\n%s", diff)
			}

			mustDo(t, os.RemoveAll(catalog))
			mustDo(t, os.WriteFile(catalog, content, 0o600))
			reopen(t, p.dir).wantRows(RowsRequest{}, user("a", "a@x", 1))
		})
	}
}
