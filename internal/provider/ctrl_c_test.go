package provider_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// promptly is how long an interrupted apply may take to end.
const promptly = 5 * time.Second

// stall puts something between the provider and Cognito that holds back the second page of users, and every later one, until released.
func (w *world) stall() (reached <-chan struct{}, release func()) {
	target, err := url.Parse(w.endpoint)
	w.must(err)
	pages, blocked, released := 0, make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListUsers") {
			mu.Lock()
			pages++
			page := pages
			mu.Unlock()
			if page == 3 { // the first is the connection check's, the second the first page of the scan
				close(blocked)
			}
			if page >= 3 {
				select {
				case <-released:
				case <-r.Context().Done():
					return
				}
			}
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(front.Close)
	w.endpoint = front.URL
	return blocked, sync.OnceFunc(func() { close(released) })
}

func TestInterrupt_ReturnsPromptlyAndTheNextApplyGoesOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal that interrupts another process")
	}
	w := newWorld(t, 300)
	reached, release := w.stall()
	defer release()
	r := newRoot(t, `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
`+w.dataflow(allTables))
	delete(r.env, "TF_LOG")

	apply := r.command("apply", "-auto-approve")
	var out bytes.Buffer
	apply.Stdout, apply.Stderr = &out, &out
	r.must(apply.Start())
	select {
	case <-reached:
	case <-time.After(time.Minute):
		t.Fatalf("the scan never came to its second page:\n%s", out.String())
	}
	begun := time.Now()
	r.must(apply.Process.Signal(os.Interrupt))
	err := apply.Wait()
	if took := time.Since(begun); took > promptly {
		t.Errorf("the interrupted apply took %s to end", took)
	}
	if err == nil {
		t.Errorf("the interrupted apply succeeded:\n%s", out.String())
	}
	if state := r.succeed("state", "list"); strings.Contains(state, customers) {
		t.Errorf("the state has a dataflow that has published nothing: %s", state)
	}
	run, err := w.ledger().Finished(t.Context(), "Customers", 1)
	w.must(err)
	if want := "interrupted: the run was cancelled. Nothing was published; there are no tables yet."; run.Status != dataflow.StatusFailed || run.Description != want {
		t.Errorf("the run is %s: %s", run.Status, run.Description)
	}

	release()
	r.succeed("apply", "-auto-approve")
	w.equalTables("group_memberships", "groups", "users")
	if code, plan := r.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the plan after it is not empty:\n%s", plan)
	}
}
