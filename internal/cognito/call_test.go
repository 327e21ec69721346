package cognito

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// describing is a server of DescribeUserPool that answers its first requests with these answers, and then well.
func describing(t *testing.T, first ...answer) (*Pool, func() int) {
	t.Helper()
	endpoint, requests := script{"DescribeUserPool": func(n int, in map[string]any) answer {
		if n <= len(first) {
			return first[n-1]
		}
		return poolAnswer(n, in)
	}}.start(t)
	return open(t, keys(endpoint)), func() int { return requests("DescribeUserPool") }
}

func repeat(a answer, times int) []answer {
	all := make([]answer, times)
	for i := range all {
		all[i] = a
	}
	return all
}

var (
	serverFailed = answer{http.StatusInternalServerError, object{"__type": "InternalErrorException", "message": "told"}}
	gateway      = answer{http.StatusBadGateway, "<html>bad gateway</html>"}
	cutOff       = answer{http.StatusOK, `{"UserPool": {"Name": "Exa`}
	dropped      = answer{}
	tooMany      = refusal("TooManyRequestsException", "Too many requests")
)

func TestCall_TriesAgainWhatFailedOnTheWayOrAtTheServer(t *testing.T) {
	for name, first := range map[string]answer{"500": serverFailed, "502": gateway, "cut off": cutOff, "dropped": dropped} {
		t.Run(name, func(t *testing.T) {
			p, requests := describing(t, repeat(first, 3)...)
			pool, err := p.describe(t.Context())
			if err != nil || *pool.Name != "Example" {
				t.Fatalf("the fourth answer was good, and yet: %v", err)
			}
			if requests() != 4 || p.Usage().Calls != 4 {
				t.Errorf("%d requests arrived and %d were counted, want 4", requests(), p.Usage().Calls)
			}
		})
	}
}

func TestCall_GivesUpAfterTwelveFailuresInARow(t *testing.T) {
	p, requests := describing(t, append([]answer{serverFailed}, repeat(gateway, 20)...)...)
	_, err := p.describe(t.Context())
	if !dataflow.IsCode(err, dataflow.CodeUnreachable) || requests() != 12 {
		t.Errorf("after %d requests: %v; want 12 and unreachable", requests(), err)
	}
}

func TestCall_GoesOnWhileThereAreTooManyRequests(t *testing.T) {
	p, requests := describing(t, append(repeat(tooMany, 40), serverFailed, refusal("LimitExceededException", "told"))...)
	if _, err := p.describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if usage := p.Usage(); requests() != 43 || usage.Throttles != 41 || usage.Calls != 43 {
		t.Errorf("%d requests, usage %+v; want 43 with 41 throttles", requests(), usage)
	}
	if ceiling := 15.0 / 30 * 1_000_000; p.leases[userPoolRead.name].Rate() >= ceiling {
		t.Errorf("the limiter still lets %v/s through", ceiling)
	}
}

func TestCall_AnswersAreNotTriedAgain(t *testing.T) {
	for code, want := range map[string]dataflow.Code{
		"UnrecognizedClientException": dataflow.CodeUnauthenticated,
		"AccessDeniedException":       dataflow.CodeAccessDenied,
		"ResourceNotFoundException":   dataflow.CodeNoSource,
		"InvalidParameterException":   dataflow.CodeInvalid,
		"NeverHeardOfException":       dataflow.CodeInternal,
	} {
		p, requests := describing(t, refusal(code, "told"))
		if _, err := p.describe(t.Context()); !dataflow.IsCode(err, want) || requests() != 1 {
			t.Errorf("%s: %v after %d requests, want %s after one", code, err, requests(), want)
		}
	}
}

func TestCall_SignsOnceMoreWhenTheClockWasOff(t *testing.T) {
	late := refusal("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z")
	p, _ := describing(t, late)
	if _, err := p.describe(t.Context()); err != nil {
		t.Errorf("after one answer about the clock: %v", err)
	}
	p, requests := describing(t, late, late)
	if _, err := p.describe(t.Context()); !dataflow.IsCode(err, dataflow.CodeUnauthenticated) || requests() != 2 {
		t.Errorf("after two: %v, %d requests", err, requests())
	}
}

func TestCall_AScanOutlivesTheSessionItBeganWith(t *testing.T) {
	p, requests := describing(t, refusal("ExpiredTokenException", "The security token included in the request is expired"))
	if _, err := p.describe(t.Context()); err != nil || requests() != 2 {
		t.Errorf("after %d requests: %v", requests(), err)
	}
}

func TestCall_EndsWithItsContext(t *testing.T) {
	reason := errors.New("interrupted")
	for name, first := range map[string]answer{"while it is throttled": tooMany, "while the server fails": serverFailed} {
		ctx, cancel := context.WithCancelCause(t.Context())
		endpoint, _ := script{"DescribeUserPool": func(n int, _ map[string]any) answer {
			if n == 3 {
				cancel(reason)
			}
			return first
		}}.start(t)
		if _, err := open(t, keys(endpoint)).describe(ctx); !errors.Is(err, reason) {
			t.Errorf("%s: %v, want the context's cause", name, err)
		}
	}
}

func TestCall_AnInterruptReachesARequestUnderWay(t *testing.T) {
	arrived, done := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer server.Close()
	defer close(done)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := open(t, keys(server.URL)).describe(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

func TestCall_NothingAtTheEndpointIsAnErrorAfterAFewAttempts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p := open(t, keys("http://"+address))
	_, err = p.Check(t.Context())
	if !dataflow.IsCode(err, dataflow.CodeUnreachable) || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), address) {
		t.Errorf("nothing listens: %v", err)
	}
	if calls := p.Usage().Calls; calls != firstAttempts {
		t.Errorf("%d attempts, want %d", calls, firstAttempts)
	}
}

func TestCall_AnEndpointThatIsNotCognitoIsAnError(t *testing.T) {
	p, requests := describing(t, repeat(answer{http.StatusNotFound, "<html>not found</html>"}, 5)...)
	_, err := p.describe(t.Context())
	if !dataflow.IsCode(err, dataflow.CodeUnreachable) || !strings.Contains(err.Error(), "Check endpoint: what answers there is not Cognito.") || requests() != 1 {
		t.Errorf("after %d requests: %v", requests(), err)
	}
}

func TestCall_ACertificateThatIsNotTrustedIsAnErrorAtOnce(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	server.Config.ErrorLog = discardLog()
	server.StartTLS()
	defer server.Close()
	p := open(t, keys(server.URL))
	_, err := p.describe(t.Context())
	if !dataflow.IsCode(err, dataflow.CodeUnreachable) || !strings.Contains(err.Error(), "can't be trusted") || p.Usage().Calls != 1 {
		t.Errorf("after %d calls: %v", p.Usage().Calls, err)
	}
}

func TestBackoff_GrowsToTwentySeconds(t *testing.T) {
	for n, longest := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond} {
		for range 100 {
			if d := backoff(n); d < longest/2 || d >= longest {
				t.Fatalf("backoff(%d) = %v, want from %v to %v", n, d, longest/2, longest)
			}
		}
	}
	for _, n := range []int{7, 12, 1000} {
		if d := backoff(n); d < 10*time.Second || d >= 20*time.Second {
			t.Errorf("backoff(%d) = %v, want from 10 to 20 s", n, d)
		}
	}
}
