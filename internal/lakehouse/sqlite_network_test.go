package lakehouse

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCatalog_OnANetworkFileSystemHasARollbackJournal(t *testing.T) {
	for onNetwork, want := range map[bool]string{false: "wal", true: "delete"} {
		p := newPlace(t)
		p.isOnNetwork = func(string) bool { return onNetwork }
		p.load(1, user("a", "a@x", 1))
		p.load(2, user("a", "a@x", 2))
		p.wantRows(RowsRequest{}, user("a", "a@x", 2))
		var mode string
		mustDo(t, p.sqlite().db.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
		if mode != want {
			t.Errorf("on a network %t: the journal is %s, want %s", onNetwork, mode, want)
		}
		_, err := os.Stat(filepath.Join(p.dir, "catalog.db-wal"))
		if there := err == nil; there == onNetwork {
			t.Errorf("on a network %t: there is a catalog.db-wal: %t", onNetwork, there)
		}
	}
}

func TestCatalog_ThatComesToANetworkFileSystemLosesItsWAL(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	mustDo(t, p.Close())
	again := reopen(t, p.dir)
	again.isOnNetwork = func(string) bool { return true }
	again.load(2, user("a", "a@x", 2))
	again.wantRows(RowsRequest{}, user("a", "a@x", 2))
	if _, err := os.Stat(filepath.Join(p.dir, "catalog.db-wal")); err == nil {
		t.Error("catalog.db-wal stays")
	}
}
