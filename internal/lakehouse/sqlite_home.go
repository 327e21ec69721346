package lakehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// A SQLite catalog remembers its home: the path at which it was made. Iceberg's metadata holds absolute paths
// (https://iceberg.apache.org/spec/#table-metadata-fields), so a catalog that was moved looks for its tables where it was before,
// and a copied one finds the original's and would change and remove their files. Either is refused.
//
// The path is in a table of its own, which readers of the catalog do not look at. Rejected: a file beside the catalog, which
// can be lost or copied without it; and comparing the tables' locations with the warehouse, which may lie anywhere and may be changed.
const createHome = `CREATE TABLE IF NOT EXISTS skypoint_home (id INTEGER PRIMARY KEY CHECK (id = 1), path TEXT NOT NULL)`

// madeAt gives the path at which the catalog was made; empty when it does not say.
func madeAt(ctx context.Context, db *sql.DB) (string, error) {
	var known int
	var path string
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'skypoint_home'`).Scan(&known)
	if err == nil && known > 0 {
		err = db.QueryRowContext(ctx, `SELECT path FROM skypoint_home`).Scan(&path)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read where the catalog was made: %w", err)
	}
	return path, nil
}

// settleHome makes path the catalog's home.
func settleHome(ctx context.Context, db *sql.DB, path string) error {
	_, err := db.ExecContext(ctx, createHome)
	if err == nil {
		_, err = db.ExecContext(ctx, `INSERT INTO skypoint_home (id, path) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET path = excluded.path`, path)
	}
	if err != nil {
		return fmt.Errorf("write where the catalog was made: %w", err)
	}
	return nil
}

// findHome says whether a catalog that was opened at path is where it was made, and gives the path that its tables know it by:
// another one when a symbolic link or another mount point leads to the same folder. A catalog that no table depends on is at home anywhere:
// its home is empty, until whoever writes first settles it.
func findHome(ctx context.Context, db *sql.DB, path string) (known, home string, err error) {
	home, err = madeAt(ctx, db)
	if err != nil || home == "" || home == path {
		return path, home, err
	}
	here, there := filepath.Dir(path), filepath.Dir(home)
	// The folders are compared and not the files: a copy made of hard links has the same files.
	if sameFolder(here, there) && filepath.Base(path) == filepath.Base(home) {
		return home, home, nil
	}
	_, err = os.Stat(home)
	moved := errors.Is(err, fs.ErrNotExist)
	bound, err := countTables(ctx, db, there, moved)
	if err != nil || bound == 0 {
		return path, "", err
	}
	anew := "To begin anew here instead, remove catalog.db and warehouse: the next apply then imports every dataflow's tables again."
	if moved {
		return "", "", &dataflow.Error{
			Code: dataflow.CodeCorrupt, Op: "open", Object: "catalog " + path,
			Cause: fmt.Errorf("it was made in %s and has been moved, but Iceberg's metadata holds absolute paths, so its tables are looked for where they were", there),
			Hint:  fmt.Sprintf("Move it back to %s with everything that was beside it, or make that a symbolic link to %s. %s", there, here, anew),
		}
	}
	return "", "", &dataflow.Error{
		Code: dataflow.CodeCorrupt, Op: "open", Object: "catalog " + path,
		Cause: fmt.Errorf("it is a copy of the one in %s, which is still there, and Iceberg's metadata holds absolute paths, so its tables' files are that one's", there),
		Hint:  fmt.Sprintf("Use the one in %s. %s", there, anew),
	}
}

// countTables counts the tables of the catalog whose metadata lies in a folder, or, without inFolder, all of them.
func countTables(ctx context.Context, db *sql.DB, folder string, inFolder bool) (int, error) {
	count := 0
	err := eachRow(ctx, db, func(scan func(...any) error) error {
		var location string
		err := scan(&location)
		if path, local := localPath(location); !inFolder || local && isBelow(path, folder) {
			count++
		}
		return err
	}, `SELECT metadata_location FROM iceberg_tables WHERE metadata_location IS NOT NULL`)
	if err != nil {
		return 0, fmt.Errorf("read where the tables are: %w", err)
	}
	return count, nil
}

func isBelow(path, folder string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func sameFolder(a, b string) bool {
	aInfo, err := os.Stat(a)
	if err != nil {
		return false
	}
	bInfo, err := os.Stat(b)
	return err == nil && os.SameFile(aInfo, bInfo)
}

// knownAs gives the location under which the tables know the warehouse, when their catalog is at home under another path than the one it was opened at.
func knownAs(warehouse, path, home string) string {
	local, ok := localPath(warehouse)
	here := filepath.Dir(path)
	if !ok || home == path || !isBelow(local, here) {
		return warehouse
	}
	relative, err := filepath.Rel(here, local)
	if err != nil {
		return warehouse
	}
	return fileLocation(filepath.Join(filepath.Dir(home), relative))
}
