package lakehouse

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

func TestPostgres_ReadingLeavesNoTrace(t *testing.T) {
	server := postgrestest.Start(t)
	uri := server.NewDatabase(t)
	l := openOver(t, CatalogConfig{Type: CatalogPostgres, URI: uri}, t.TempDir(), "workspace-1")
	if databases, err := l.Databases(t.Context()); err != nil || databases != nil {
		t.Errorf("databases: %v, %v", databases, err)
	}
	var tables int
	mustDo(t, server.Open(t, uri).QueryRowContext(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables))
	if tables != 0 {
		t.Errorf("reading has made %d tables", tables)
	}
}

func TestPostgres_ManyProcessesMakeItsTablesAtOnce(t *testing.T) {
	server := postgrestest.Start(t)
	open := postgresIn(t, server.NewDatabase(t))
	var group sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		c := open()
		group.Go(func() { errs[i] = c.PrepareToWrite(t.Context()) })
	}
	group.Wait()
	mustDo(t, errors.Join(errs...))
}

func TestPostgres_GoesOnWhenTheServerWasRestarted(t *testing.T) {
	server := postgrestest.Start(t)
	dir := t.TempDir()
	p := &place{Lakehouse: openOver(t, CatalogConfig{Type: CatalogPostgres, URI: server.NewDatabase(t)}, dir, "workspace-1"), t: t, dir: dir}
	p.load(1, user("a", "a@x", 1))
	change := p.stage(stageRequest(2, usersSchema()), user("a", "a@y", 2))
	server.Stop(t)
	if _, err := p.Publish(t.Context(), "Customers", 2, change); !dataflow.IsCode(err, dataflow.CodeCatalog) {
		t.Errorf("while it is down: %v", err)
	}
	server.Run(t)
	p.publishChange(2, change)
	p.wantRows(RowsRequest{}, user("a", "a@y", 2))
}

func TestPostgres_SaysWhatIsWrongWithoutThePassword(t *testing.T) {
	server := postgrestest.Start(t)
	good := server.NewDatabase(t)
	host, database, _ := strings.Cut(strings.SplitAfter(good, "@")[1], "/")
	down := strings.Replace(good, host+"/"+database, "127.0.0.1:1/"+database, 1)
	for name, test := range map[string]struct {
		uri, says string
		code      dataflow.Code
	}{
		"another password":      {strings.Replace(good, "correct", "wrong", 1), "Check the user of catalog.uri, and its password", dataflow.CodeCatalog},
		"a database not there":  {server.URI("nope"), "Make the database that catalog.uri names", dataflow.CodeCatalog},
		"nobody answers":        {down, "Check catalog.uri, that the database answers there, and sslmode.", dataflow.CodeCatalog},
		"no encryption offered": {strings.Replace(good, "sslmode=disable", "sslmode=require", 1), "and sslmode.", dataflow.CodeCatalog},
		"no address at all":     {"postgres://" + postgrestest.User + ":correct%20horse@host:port/db", "Give catalog.uri as postgres://USER@HOST:PORT/DATABASE", dataflow.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Open(Config{Catalog: CatalogConfig{Type: CatalogPostgres, URI: test.uri}, Warehouse: t.TempDir(), WorkspaceID: isWorkspace("w")})
			if err == nil {
				defer func() { mustDo(t, l.Close()) }()
				_, err = l.Databases(t.Context())
			}
			if !dataflow.IsCode(err, test.code) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says: %v", err)
			}
			if strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "battery") {
				t.Errorf("the password is in the message: %v", err)
			}
		})
	}
}
