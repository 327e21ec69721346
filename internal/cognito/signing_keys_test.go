package cognito

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestSigningKeys_FailWithWhatIsWrongAndWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		code   dataflow.Code
		says   string
	}{
		"no such pool":       {http.StatusNotFound, `{"message":"planted"}`, dataflow.CodeNoSource, "has no key set there (HTTP status 404). Check user_pool_id and region"},
		"not Cognito":        {http.StatusOK, "<html>planted</html>", dataflow.CodeUnreachable, "gave something that is no key set. Check endpoint"},
		"no keys":            {http.StatusOK, `{"message":"planted"}`, dataflow.CodeUnreachable, "gave something that is no key set. Check endpoint"},
		"too large":          {http.StatusOK, `{"keys":[]}` + strings.Repeat(" ", 2<<20), dataflow.CodeUnreachable, "gave something that is no key set"},
		"a key without name": {http.StatusOK, `{"keys":[{"kty":"RSA"}]}`, dataflow.CodeUnreachable, "a signing key came without its key ID"},
		"somewhere else":     {http.StatusFound, "", dataflow.CodeUnreachable, "answered with HTTP status 302. Check endpoint"},
		"out of order":       {http.StatusServiceUnavailable, "planted", dataflow.CodeUnreachable, "answered with HTTP status 503. Check region and endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			endpoint := handlerServer(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if r.Method != http.MethodGet || r.URL.Path != "/us-east-1_Example1/.well-known/jwks.json" || r.Header.Get("Authorization") != "" {
					t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
				}
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			p := open(t, keys(endpoint))
			_, err := p.Scan(t.Context(), "signing_keys", described(t, p, "signing_keys").Schema, rowSink(func(dataflow.Row) error { return nil }))
			if !dataflow.IsCode(err, c.code) || !strings.HasPrefix(err.Error(), "user pool us-east-1_Example1: jwks.json: ") || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "planted") {
				t.Errorf("%s: %v", dataflow.CodeOf(err), err)
			}
			want := 1
			if c.status == http.StatusServiceUnavailable {
				want = firstAttempts
			}
			if requests != want || p.Usage().Calls != int64(want) {
				t.Errorf("%d requests, %d calls, want %d", requests, p.Usage().Calls, want)
			}
		})
	}
}

func TestSigningKeys_AreReadAgainWhenAnAnswerIsCutOff(t *testing.T) {
	const set = `{"keys":[{"kid":"one","kty":"RSA","alg":"RS256","use":"sig","n":"sXch","e":"AQAB"}]}`
	requests := 0
	endpoint := handlerServer(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		if requests == 1 {
			w.Header().Set("Content-Length", "1000")
		}
		_, _ = io.WriteString(w, set)
	})
	p := open(t, keys(endpoint))
	rows, _ := scanAll(t, p, described(t, p, "signing_keys"))
	if len(rows) != 1 || rows["one"] == nil || requests != 2 {
		t.Errorf("%v after %d requests", rows, requests)
	}
}

func TestSigningKeys_EndWithTheirContext(t *testing.T) {
	over := errors.New("it is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	endpoint := handlerServer(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel(over)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	p := open(t, keys(endpoint))
	began := time.Now()
	if _, err := p.signingKeys(ctx); !errors.Is(err, over) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestSigningKeys_AreAtThePoolsAddress(t *testing.T) {
	for _, c := range []struct {
		target target
		want   string
	}{
		{target{poolID: "us-east-1_A", region: "us-east-1"}, "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A/.well-known/jwks.json"},
		{target{poolID: "cn-north-1_A", region: "cn-north-1"}, "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A/.well-known/jwks.json"},
		{target{poolID: "us-east-1_A", region: "eu-west-1", host: "http://127.0.0.1:5000/"}, "http://127.0.0.1:5000/us-east-1_A/.well-known/jwks.json"},
	} {
		if got := c.target.keySetURL(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
