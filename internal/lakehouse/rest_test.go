package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// restServer serves a catalog until the test ends, and gives its address.
func restServer(t testing.TB, handler http.Handler) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// restIn opens the catalog at an address, with tables in a folder.
func restIn(t *testing.T, uri, dir string) func() Catalog {
	warehouse := fileLocation(filepath.Join(dir, "my lake", "warehouse"))
	return func() Catalog {
		t.Helper()
		c, err := openREST(t.Context(), CatalogConfig{Type: CatalogREST, URI: uri}, warehouse)
		mustDo(t, err)
		t.Cleanup(func() { mustDo(t, c.Close()) })
		return c
	}
}

func TestLakehouse_OverRESTConforms(t *testing.T) {
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject {
		catalog, dir := CatalogConfig{Type: CatalogREST, URI: restServer(t, resttest.New(nil))}, t.TempDir()
		return subject{&place{Lakehouse: openOver(t, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}
	})
}

// tap stands before a catalog and notes what is asked of it. A fault takes the place of the answer.
type tap struct {
	next http.Handler

	mu       sync.Mutex
	requests []string
	fault    func(w http.ResponseWriter, r *http.Request) (answered bool)
}

func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r.Method+" "+r.URL.Path)
	fault := p.fault
	p.mu.Unlock()
	if fault == nil || !fault(w, r) {
		p.next.ServeHTTP(w, r)
	}
}

// count says how often something was asked.
func (p *tap) count(request string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(p.requests), func(asked string) bool { return asked != request }))
}

// setFault sets what becomes of the next requests; nil: they are answered.
func (p *tap) setFault(fault func(w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// losing loses the answers to the first n of these requests, after they were carried out.
func losing(n int, next http.Handler, is func(*http.Request) bool) func(w http.ResponseWriter, r *http.Request) bool {
	var mu sync.Mutex
	return func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 || !is(r) {
			return false
		}
		n--
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // the connection ends
	}
}

func isPost(r *http.Request) bool   { return r.Method == http.MethodPost }
func isChange(r *http.Request) bool { return r.Method != http.MethodGet }

// restWorld is a lakehouse over a REST catalog with a tap before it.
func restWorld(t *testing.T) (*place, *tap, *resttest.Server) {
	t.Helper()
	server := resttest.New(nil)
	p := &tap{next: server}
	dir := t.TempDir()
	return &place{Lakehouse: openOver(t, CatalogConfig{Type: CatalogREST, URI: restServer(t, p)}, dir, "workspace-1"), t: t, dir: dir}, p, server
}

var groupsID = dataflow.TableID{Database: "customers", Name: "groups"}

func groupsRequest(run int64) dataflow.StageRequest {
	request := stageRequest(run, usersSchema())
	request.ID, request.Table.Key, request.Definition.TableName = groupsID, "groups", "groups"
	return request
}

func TestREST_ChangesAllTablesOfARunInOneTransaction(t *testing.T) {
	p, asked, _ := restWorld(t)
	users, groups := p.stage(stageRequest(1, usersSchema()), user("a", "a@x", 1)), p.stage(groupsRequest(1), user("g", "g@x", 1))
	before := asked.count("POST /v1/transactions/commit")
	mustDo(t, p.PublishTogether(t.Context(), "Customers", 1, []dataflow.TableChange{users, groups}))
	if got := asked.count("POST /v1/transactions/commit") - before; got != 1 {
		t.Errorf("%d transactions", got)
	}
	for _, id := range []dataflow.TableID{usersID, groupsID} {
		state, err := p.Find(t.Context(), id)
		mustDo(t, err)
		if !slices.Equal(state.Runs, []int64{1}) {
			t.Errorf("table %s has the runs %v", id, state.Runs)
		}
	}
}

// Whichever change's answer is lost, and however often: the table holds what was put, once.
func TestREST_FindsWhatItHasDoneWhenTheAnswerIsLost(t *testing.T) {
	for _, times := range []int{1, 3} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			p, asked, server := restWorld(t)
			asked.setFault(losing(times, server, isPost)) // making the database
			p.load(1, user("a", "a@x", 1))
			for run := int64(2); run < 6; run++ {
				asked.setFault(losing(times, server, isChange))
				change := p.stage(stageRequest(run, usersSchema()), user("a", "a@x", 1), user("b", fmt.Sprint("b", run), int(run)))
				asked.setFault(losing(times, server, isChange))
				p.publishChange(run, change)
				p.wantRows(RowsRequest{}, user("a", "a@x", 1), user("b", fmt.Sprint("b", run), int(run)))
			}
			asked.setFault(losing(times, server, isChange))
			drop, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 6, Key: "users", ID: usersID, Change: dataflow.ChangeDrop})
			mustDo(t, err)
			asked.setFault(losing(times, server, isChange))
			p.publishChange(6, drop)
			if left := server.Tables(); len(left) > 0 {
				t.Errorf("tables are left: %v", left)
			}
		})
	}
}

// Whatever is asked, the server is in trouble the first time.
func TestREST_AsksAgainWhenTheServerIsInTrouble(t *testing.T) {
	p, asked, server := restWorld(t)
	seen := map[string]bool{}
	var mu sync.Mutex
	asked.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		request := r.Method + " " + r.URL.Path
		if seen[request] {
			return false
		}
		seen[request] = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	users, groups := p.stage(stageRequest(1, usersSchema()), user("a", "a@x", 1)), p.stage(groupsRequest(1), user("g", "g@x", 1))
	mustDo(t, p.PublishTogether(t.Context(), "Customers", 1, []dataflow.TableChange{users, groups}))
	p.publishChange(1, users)
	p.publishChange(1, groups)
	owned, err := p.Owned(t.Context(), "Customers", []string{"customers"})
	mustDo(t, err)
	if len(owned) != 2 {
		t.Errorf("it owns %v", owned)
	}
	databases, err := p.Databases(t.Context())
	mustDo(t, err)
	if !slices.Equal(databases, []string{"customers"}) {
		t.Errorf("databases: %v", databases)
	}
	drop, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, Key: "users", ID: usersID, Change: dataflow.ChangeDrop})
	mustDo(t, err)
	other, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, Key: "groups", ID: groupsID, Change: dataflow.ChangeDrop})
	mustDo(t, err)
	p.publishChange(2, drop)
	p.publishChange(2, other)
	if left := server.Tables(); len(left) > 0 {
		t.Errorf("tables are left: %v", left)
	}
	for _, request := range []string{
		"GET /v1/config", "GET /v1/namespaces", "POST /v1/namespaces", "GET /v1/namespaces/customers", "DELETE /v1/namespaces/customers", "GET /v1/namespaces/customers/tables",
		"POST /v1/namespaces/customers/tables", "GET /v1/namespaces/customers/tables/users", "POST /v1/namespaces/customers/tables/users", "DELETE /v1/namespaces/customers/tables/users",
		"POST /v1/transactions/commit",
	} {
		if !seen[request] {
			t.Errorf("nobody has asked %s", request)
		}
	}
}

// A commit that nobody answers may happen yet: what it would point at stays.
func TestREST_RemovesNothingWhenItIsNotKnownWhatACommitDid(t *testing.T) {
	p, asked, server := restWorld(t)
	p.load(1, user("a", "a@x", 1))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var late *http.Request
	var body strings.Builder
	asked.setFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if !isPost(r) || !strings.HasSuffix(r.URL.Path, "/tables/users") {
			return false
		}
		if late == nil { // the network delivers it later
			late = r.Clone(context.Background())
			_, err := io.Copy(&body, r.Body)
			mustDo(t, err)
			cancel()
		}
		panic(http.ErrAbortHandler)
	})
	staging, err := p.Stage(ctx, stageRequest(2, usersSchema()))
	mustDo(t, err)
	mustDo(t, staging.Put(ctx, user("b", "b@x", 2)))
	if _, err := staging.Commit(ctx); err == nil {
		t.Fatal("it is said to have happened")
	}
	mustDo(t, staging.Close())
	asked.setFault(nil)
	late.Body = io.NopCloser(strings.NewReader(body.String()))
	server.ServeHTTP(httptest.NewRecorder(), late)
	c, err := p.reading(t.Context())
	mustDo(t, err)
	tbl, err := load(t.Context(), c, usersID)
	mustDo(t, err)
	staged := refOf(tbl.Metadata(), stagingBranch(2))
	if staged == nil {
		t.Fatal("the late commit did not come")
	}
	rows, err := rowsAt(t.Context(), tbl, *staged)
	mustDo(t, err)
	if len(rows) != 1 || rows["b"] == nil {
		t.Errorf("the staged snapshot reads %v", rows)
	}
}

func TestREST_TellsATableThatIsNotThereFromAnAnswerThatIsNoCatalogs(t *testing.T) {
	answers := map[string]struct {
		status   int
		body     string
		notFound bool
		hint     string
	}{
		"no such table":  {http.StatusNotFound, `{"error":{"message":"no","type":"NoSuchTableException","code":404}}`, true, ""},
		"a proxy":        {http.StatusNotFound, `<html>not here</html>`, false, "Check catalog.uri (without /v1 at its end)"},
		"nothing":        {http.StatusNotFound, ``, false, "Check catalog.uri (without /v1 at its end)"},
		"a missing file": {http.StatusNotFound, `{"error":{"message":"no","type":"NotFoundException","code":404}}`, false, "the next run of its dataflow makes the table anew"},
		"a missing file, as Iceberg's own server says it": {http.StatusInternalServerError, `{"error":{"message":"no","type":"NotFoundException","code":500}}`, false, "the next run of its dataflow makes the table anew"},
		"not authorized":  {http.StatusUnauthorized, `{"error":{"message":"no","type":"NotAuthorizedException","code":401}}`, false, "SKYPOINT_CATALOG_TOKEN"},
		"forbidden":       {http.StatusForbidden, `{"error":{"message":"no","type":"ForbiddenException","code":403}}`, false, "Let who signs in"},
		"not implemented": {http.StatusNotImplemented, `{"error":{"message":"no","type":"UnsupportedOperationException","code":501}}`, false, "lacks what an import needs"},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			p, asked, _ := restWorld(t)
			p.load(1, user("a", "a@x", 1))
			asked.setFault(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(answer.status)
				_, _ = w.Write([]byte(answer.body))
				return true
			})
			_, err := p.Find(t.Context(), usersID)
			if dataflow.IsCode(err, dataflow.CodeNotFound) != answer.notFound {
				t.Errorf("not found: %v", err)
			}
			if e, ok := errors.AsType[*dataflow.Error](err); !ok || !strings.Contains(e.Hint, answer.hint) {
				t.Errorf("its hint is not %q: %v", answer.hint, err)
			}
		})
	}
}

// A catalog does not say where the metadata of a table is that it can't read: the records do.
func TestREST_DiscardsATableWhoseMetadataIsGone(t *testing.T) {
	p, _, server := restWorld(t)
	p.load(1, user("a", "a@x", 1))
	at := p.describe().MetadataLocation
	path, _ := localPath(at)
	elsewhere := filepath.Join(filepath.Dir(path), "00099-00000000-0000-4000-8000-000000000000.metadata.json")
	mustDo(t, os.Rename(path, elsewhere))
	broken, err := p.Broken(t.Context(), []string{"customers"})
	mustDo(t, err)
	if !slices.Equal(broken, []dataflow.TableID{usersID}) {
		t.Errorf("broken are %v", broken)
	}
	if err := p.Discard(t.Context(), usersID, fileLocation(elsewhere)); !dataflow.IsCode(err, dataflow.CodeForeign) {
		t.Errorf("a table of which the records have a file that is there: %v", err)
	}
	mustDo(t, p.Discard(t.Context(), usersID, at))
	if left := server.Tables(); len(left) > 0 {
		t.Errorf("tables are left: %v", left)
	}
	p.load(1, user("a", "a@x", 1))
	p.wantRows(RowsRequest{}, user("a", "a@x", 1))
}

// Where the whole warehouse is away, as one that is not mounted, no table is taken for lost.
func TestREST_TakesNoTableForLostWhileTheWarehouseIsAway(t *testing.T) {
	p, _, server := restWorld(t)
	p.load(1, user("a", "a@x", 1))
	at, warehouse := p.describe().MetadataLocation, filepath.Join(p.dir, "warehouse")
	mustDo(t, os.Rename(warehouse, warehouse+"-away"))
	_, err := p.Find(t.Context(), usersID)
	if e, ok := errors.AsType[*dataflow.Error](err); !ok || e.Code != dataflow.CodeCatalog || !strings.HasPrefix(e.Hint, "Check that the warehouse is where the catalog looks for it") {
		t.Errorf("it says %v", err)
	}
	if err := p.Discard(t.Context(), usersID, at); err == nil {
		t.Error("it was discarded")
	}
	if left := server.Tables(); len(left) != 1 {
		t.Errorf("the catalog has %v", left)
	}
}

func TestREST_SignsIn(t *testing.T) {
	server := resttest.New(nil)
	server.Token, server.Credential = "the-token", "me:my-secret"
	uri := restServer(t, server)
	for name, try := range map[string]struct {
		properties map[string]string
		works      bool
	}{
		"with a token":            {map[string]string{"token": "the-token"}, true},
		"with a credential":       {map[string]string{"credential": "me:my-secret", "oauth2-server-uri": uri + "/v1/oauth/tokens"}, true},
		"with another token":      {map[string]string{"token": "other-token"}, false},
		"with another credential": {map[string]string{"credential": "me:other-secret"}, false}, // and does not ask again and again
		"as nobody":               {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := openREST(t.Context(), CatalogConfig{Type: CatalogREST, URI: uri, Properties: try.properties}, "file:///tmp/lake")
			if try.works {
				mustDo(t, err)
				mustDo(t, c.Close())
				return
			}
			if !dataflow.IsCode(err, dataflow.CodeCatalog) || !strings.Contains(err.Error(), "Check who signs in to the catalog") {
				t.Errorf("it says %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "other-") {
				t.Errorf("it says the secret: %v", err)
			}
		})
	}
}

// A process that wakes late drops a table by its name: by then it may be another's, or that of a newer run.
func TestREST_PutsATableBackThatALateDropTook(t *testing.T) {
	takeEntry := func(t *testing.T, p *place) {
		t.Helper()
		c, err := p.writing(t.Context())
		mustDo(t, err)
		mustDo(t, c.(*restCatalog).DropTable(t.Context(), identifier(usersID)))
		mustDo(t, c.DropNamespace(t.Context(), table.Identifier{usersID.Database}))
	}
	t.Run("before its publish", func(t *testing.T) {
		p, _, _ := restWorld(t)
		p.load(1, user("a", "a@x", 1))
		change := p.stage(stageRequest(2, usersSchema()), user("b", "b@x", 2))
		takeEntry(t, p)
		p.publishChange(2, change)
		p.wantRows(RowsRequest{}, user("b", "b@x", 2))
		p.wantRows(RowsRequest{Run: new(int64(1))}, user("a", "a@x", 1))
	})
	t.Run("before the next run stages it", func(t *testing.T) {
		p, _, _ := restWorld(t)
		result := p.publishChange(1, p.stage(stageRequest(1, usersSchema()), user("a", "a@x", 1)))
		takeEntry(t, p)
		request := stageRequest(2, usersSchema())
		request.MetadataLocation = result.PublishedMetadataLocation
		staging, err := p.Stage(t.Context(), request)
		mustDo(t, err)
		mustDo(t, staging.Put(t.Context(), user("b", "b@x", 2)))
		change, err := staging.Commit(t.Context())
		mustDo(t, err)
		mustDo(t, staging.Close())
		if change.Counts.Added != 1 || change.Counts.Removed != 1 {
			t.Errorf("counts %+v: it was made anew", change.Counts)
		}
		p.publishChange(2, change)
		p.wantRows(RowsRequest{Run: new(int64(1))}, user("a", "a@x", 1))
	})
	t.Run("and not one that was dropped for good", func(t *testing.T) {
		p, _, server := restWorld(t)
		first := p.load(1, user("a", "a@x", 1))
		drop, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, Key: "users", ID: usersID, Change: dataflow.ChangeDrop})
		mustDo(t, err)
		p.publishChange(2, drop)
		if _, err := p.Publish(t.Context(), "Customers", 1, first); !dataflow.IsCode(err, dataflow.CodeNotFound) {
			t.Errorf("a late publish: %v", err)
		}
		if left := server.Tables(); len(left) > 0 {
			t.Errorf("tables are left: %v", left)
		}
	})
}

// An entry that a late process puts back while a drop removes the files goes with them.
func TestREST_DropsAgainWhatALateProcessPutBack(t *testing.T) {
	p, asked, server := restWorld(t)
	first := p.load(1, user("a", "a@x", 1))
	drop, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, Key: "users", ID: usersID, Change: dataflow.ChangeDrop})
	mustDo(t, err)
	c, err := p.writing(t.Context())
	mustDo(t, err)
	var once sync.Once
	asked.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete || !strings.HasSuffix(r.URL.Path, "/tables/users") {
			return false
		}
		server.ServeHTTP(w, r)
		once.Do(func() { mustDo(t, c.(*restCatalog).Register(context.Background(), usersID, first.MetadataLocation)) })
		return true
	})
	p.publishChange(2, drop)
	if left := server.Tables(); len(left) > 0 {
		t.Errorf("tables are left: %v", left)
	}
	if _, err := c.LoadTable(t.Context(), identifier(usersID)); !errors.Is(err, catalog.ErrNoSuchTable) {
		t.Errorf("after the drop: %v", err)
	}
}

func TestCatalogConfig_RefusesWhatARESTCatalogCantHave(t *testing.T) {
	const uri = "https://catalog.example.com/api"
	for name, bad := range map[string]struct {
		uri        string
		properties map[string]string
		want       string
	}{
		"no scheme":              {"catalog.example.com", nil, "not the address of an Iceberg REST catalog"},
		"another scheme":         {"s3://catalog", nil, "not the address of an Iceberg REST catalog"},
		"a user in the address":  {"https://me:a-secret@catalog.example.com", nil, "not the address of an Iceberg REST catalog"},
		"a query in the address": {uri + "?token=a-secret", nil, "not the address of an Iceberg REST catalog"},
		"token and credential":   {uri, map[string]string{"token": "a-secret", "credential": "a-secret"}, "a token and a credential"},
		"signed and a token":     {uri, map[string]string{"token": "a-secret", "rest.sigv4-enabled": "true", "rest.signing-region": "eu-west-1"}, "signed with AWS credentials and bear a token"},
		"signed for no region":   {uri, map[string]string{"rest.sigv4-enabled": "true"}, "need rest.signing-region"},
		"signed, perhaps":        {uri, map[string]string{"rest.sigv4-enabled": "maybe"}, "neither true nor false"},
		"a token server":         {uri, map[string]string{"credential": "a-secret", "oauth2-server-uri": "tokens"}, "oauth2-server-uri is not an address"},
		"an unknown property":    {uri, map[string]string{"tokn": "a-secret"}, `a rest catalog has no property "tokn"`},
		"half a key":             {uri, map[string]string{"s3.access-key-id": "a-secret"}, "go together"},
	} {
		t.Run(name, func(t *testing.T) {
			config := CatalogConfig{Type: CatalogREST, URI: bad.uri, Properties: bad.properties}
			err := errors.Join(config.Check(), config.CheckProperties())
			if !dataflow.IsCode(err, dataflow.CodeInvalid) || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "a-secret") {
				t.Errorf("it says %v", err)
			}
		})
	}
	if completed, err := (CatalogConfig{Type: CatalogREST, URI: uri + "/v1/"}).complete(); err != nil || completed.URI != uri {
		t.Errorf("an address with what the protocol adds is taken for %q, %v", completed.URI, err)
	}
	fine := CatalogConfig{Type: CatalogREST, URI: uri + "/", Properties: map[string]string{"token": "x", "warehouse": "lake", "header.Polaris-Realm": "here", "s3.region": "eu-west-1"}}
	if err := errors.Join(fine.Check(), fine.CheckProperties()); err != nil {
		t.Error(err)
	}
	if got := fine.place(); got != uri+"/ (lake)" {
		t.Errorf("it is named %q", got)
	}
}
