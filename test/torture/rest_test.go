//go:build torture && linux

package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/resttest"
)

// restCatalog is a REST catalog: the one of the tests (`make torture OVER=rest`), or Iceberg's own server (OVER=iceberg-rest). The provider reaches it through a proxy that loses
// requests and answers. Somebody looks at all its tables at once, again and again.
type restCatalog struct {
	direct string // its address, for readers
	lossy  string // the proxy's
	atomic bool   // its transactions are
	looker sync.WaitGroup
	done   chan struct{}
	found  error // what the looker saw that must not be
}

// overREST says whether the worlds have a REST catalog.
func overREST() bool { return os.Getenv("OVER") == "rest" || overIceberg() }

// overIceberg says whether it is Iceberg's own server, which commits the tables of a transaction one after the other:
// https://github.com/apache/iceberg/blob/apache-iceberg-1.10.0/core/src/test/java/org/apache/iceberg/rest/RESTCatalogAdapter.java (commitTransaction)
func overIceberg() bool { return os.Getenv("OVER") == "iceberg-rest" }

func newRESTCatalog(t *testing.T, total *tally) *restCatalog {
	t.Helper()
	c := &restCatalog{done: make(chan struct{}), atomic: !overIceberg()}
	if overIceberg() {
		c.direct = resttest.StartIceberg(t)
	} else {
		server := httptest.NewServer(resttest.New(nil))
		t.Cleanup(server.Close)
		c.direct = server.URL
	}
	at, err := url.Parse(c.direct)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(losing(httputil.NewSingleHostReverseProxy(at), func() { total.count(func(c *tally) { c.unheard++ }) }))
	t.Cleanup(proxy.Close)
	c.lossy = proxy.URL
	c.looker.Go(func() { c.found = c.look(total) })
	return c
}

// losing loses one change in seven: half of them after they were made. And one question in thirty.
func losing(next http.Handler, lost func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one := 7
		if r.Method == http.MethodGet {
			one = 30
		}
		if rand.IntN(one) > 0 {
			next.ServeHTTP(w, r)
			return
		}
		lost()
		switch rand.IntN(4) {
		case 0:
			http.Error(w, "try later", http.StatusServiceUnavailable)
		case 1:
			panic(http.ErrAbortHandler) // the connection ends
		case 2:
			next.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "no answer", http.StatusGatewayTimeout)
		case 3:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
	})
}

// block gives the provider's block.
func (c *restCatalog) block() string {
	return fmt.Sprintf("\nprovider \"skypoint\" {\n  catalog = { type = \"rest\", uri = %q }\n}\n", c.lossy)
}

// close ends the looking.
func (c *restCatalog) close(t *testing.T) {
	t.Helper()
	close(c.done)
	c.looker.Wait()
	if c.found != nil {
		t.Error(c.found)
	}
}

// look reads all tables twice, one after the other, until close is called. A table that is the same both times was so at the moment between the two passes: these must be of one run.
func (c *restCatalog) look(total *tally) (found error) {
	for {
		select {
		case <-c.done:
			return found
		case <-time.After(20 * time.Millisecond):
		}
		first, err := c.tables()
		if err != nil {
			return errors.Join(found, err)
		}
		second, err := c.tables()
		if err != nil {
			return errors.Join(found, err)
		}
		runs := map[int64][]string{}
		seen := 0
		for name, table := range first {
			if second[name].location == table.location && table.shown {
				runs[table.run] = append(runs[table.run], name)
				seen++
			}
		}
		if seen < 2 {
			continue
		}
		total.count(func(c *tally) {
			c.looks++
			if len(runs) > 1 {
				c.atTwo++
			}
		})
		if len(runs) > 1 && c.atomic {
			found = fmt.Errorf("a reader has seen tables of two runs at once: %v", runs)
		}
	}
}

// seenTable is a table as a reader sees it.
type seenTable struct {
	location string
	shown    bool  // it has a main
	run      int64 // the newest that it has a tag of
}

func (c *restCatalog) tables() (map[string]seenTable, error) {
	const database = "/v1/namespaces/customers/tables"
	var listed struct {
		Identifiers []struct {
			Name string `json:"name"`
		} `json:"identifiers"`
	}
	if err := c.get(database, &listed); err != nil {
		return nil, err
	}
	all := map[string]seenTable{}
	for _, id := range listed.Identifiers {
		var table struct {
			At       string `json:"metadata-location"`
			Metadata struct {
				Refs map[string]json.RawMessage `json:"refs"`
			} `json:"metadata"`
		}
		if err := c.get(database+"/"+id.Name, &table); err != nil {
			return nil, err
		}
		seen := seenTable{location: table.At}
		for ref := range table.Metadata.Refs {
			seen.shown = seen.shown || ref == "main"
			if run, err := strconv.ParseInt(strings.TrimPrefix(ref, "run_"), 10, 64); err == nil {
				seen.run = max(seen.run, run)
			}
		}
		all[id.Name] = seen
	}
	return all, nil
}

// get reads an answer; one that something is not there leaves it empty.
func (c *restCatalog) get(path string, into any) error {
	answer, err := http.Get(c.direct + path)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
