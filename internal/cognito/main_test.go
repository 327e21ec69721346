package cognito

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// The machine's own AWS configuration has no say in these tests.
func TestMain(m *testing.M) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

const testPoolID = "us-east-1_Example1"

// noPause is the real time without its pauses: retries come at once.
type noPause struct{ systemClock }

func (noPause) Sleep(ctx context.Context, _ time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// keys is a Config that signs in with the test servers' key and is in no limiter's way.
func keys(endpoint string) Config {
	key := cognitotest.DefaultCredential()
	return Config{
		UserPoolID: testPoolID, Endpoint: endpoint, AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey,
		MaxRequestsPerSecond: 1_000_000,
	}
}

func open(tb testing.TB, c Config) *Pool {
	tb.Helper()
	p, err := Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	p.clock = noPause{}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Error(err)
		}
	})
	return p
}

// answer is what a scripted server says: a status and a body.
type answer struct {
	status int
	body   any // marshalled; a string is sent as it is
}

func refusal(code, message string) answer {
	return answer{http.StatusBadRequest, map[string]string{"__type": code, "message": message}}
}

// script is a server that answers each operation by a function of the request's number (from 1) and its parameters.
// cognitotest keeps Cognito's rules; this is for what Cognito never does.
type script map[string]func(n int, in map[string]any) answer

func (s script) start(tb testing.TB) (endpoint string, requests func(op string) int) {
	tb.Helper()
	var mu sync.Mutex
	counts := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has given the request up
		}
		in := map[string]any{}
		if err := json.Unmarshal(text, &in); err != nil {
			tb.Errorf("%s: %v", op, err)
		}
		mu.Lock()
		counts[op]++
		n := counts[op]
		mu.Unlock()
		say, ok := s[op]
		if !ok {
			tb.Errorf("nobody expected %s", op)
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		a := say(n, in)
		if a.status == 0 {
			panic(http.ErrAbortHandler) // drops the connection
		}
		body, ok := a.body.(string)
		if !ok {
			marshalled, err := json.Marshal(a.body)
			if err != nil {
				tb.Error(err)
			}
			body = string(marshalled)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(a.status)
		if _, err := io.WriteString(w, body); err != nil {
			tb.Error(err)
		}
	}))
	tb.Cleanup(server.Close)
	return server.URL, func(op string) int {
		mu.Lock()
		defer mu.Unlock()
		return counts[op]
	}
}

type object = map[string]any

// page is a page of ListUsers with users of these subs. No token: nil.
func page(token any, subs ...string) answer {
	users := []object{}
	for _, sub := range subs {
		users = append(users, object{"Username": sub, "Enabled": true, "Attributes": []object{{"Name": "sub", "Value": sub}}})
	}
	body := object{"Users": users}
	if token != nil {
		body["PaginationToken"] = token
		body["NextToken"] = token
	}
	return answer{http.StatusOK, body}
}

func poolAnswer(int, map[string]any) answer {
	return answer{http.StatusOK, object{"UserPool": object{"Name": "Example", "EstimatedNumberOfUsers": 7}}}
}

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func handlerServer(tb testing.TB, handle http.HandlerFunc) (endpoint string) {
	tb.Helper()
	server := httptest.NewServer(handle)
	tb.Cleanup(server.Close)
	return server.URL
}
