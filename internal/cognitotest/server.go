package cognitotest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Options say how a Server behaves. The zero value is a fast server that never fails and knows DefaultCredential.
type Options struct {
	Clock       func() time.Time // nil: time.Now. Tokens and quotas go by it; signatures go by the real time
	Credentials []Credential     // none: DefaultCredential

	RequestsPerSecond float64            // the quota that ListUsers and ListUsersInGroup share, per Region; 0: none
	Burst             int                // requests that may come at once; 0: one second's worth, at least one
	Quotas            map[string]float64 // requests per second and Region of other operations, by operation

	Latency time.Duration // waited for in every request, unless the client leaves
	Faults  Faults
	Pages   Pages
	Seed    uint64 // decides which requests meet a fault and which pages are short or empty

	// OnRequest is called before each request that passed the signature, with the operation and how many of that
	// operation there have been, this one included. It may change pools: that is how a test lets a pool change during a scan.
	OnRequest func(op string, n int)
}

// Faults gives the share of requests, from 0 to 1, that meet each kind of failure. Which ones do depends on the
// seed and the request's number alone.
type Faults struct {
	InternalError float64 // HTTP 500 InternalErrorException
	Unavailable   float64 // HTTP 503 ServiceUnavailable, with no JSON in the answer
	Throttled     float64 // TooManyRequestsException although the quota allows it
	Dropped       float64 // the connection is closed without an answer
	Truncated     float64 // the connection is closed in the middle of the answer
}

// Pages says how far pages stay behind the limit that was asked for.
type Pages struct {
	Short      float64 // share of pages with fewer items than there is room for
	Empty      float64 // share of pages with no item and yet a token
	StuckAfter int     // from this page of a list on, the token given is the one received; 0: never
}

// Server is one Cognito endpoint of one AWS account, with any number of pools in any number of Regions.
type Server struct {
	opts Options
}

// New makes a server without pools.
func New(opts Options) *Server { return &Server{opts: opts} }

// Handler serves the API at POST /.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotImplemented) })
}

// Start serves on the loopback interface until the test ends, and returns the endpoint's URL.
func (s *Server) Start(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewServer(s.Handler())
	tb.Cleanup(server.Close)
	return server.URL
}

// Stats counts what a Server did since it was made.
type Stats struct {
	Calls     map[string]int64 `json:"calls"`     // requests that passed the signature and the quota and met no fault, by operation
	Throttled int64            `json:"throttled"` // requests refused with TooManyRequestsException, for the quota or as a fault
	Faults    int64            `json:"faults"`    // requests that met a fault
	Refused   int64            `json:"refused"`   // requests refused for their signature or for want of permission
	Users     int64            `json:"users"`     // users handed out, by ListUsers and ListUsersInGroup
}

// Stats gives the counts so far. They are exact once every request has been answered.
func (s *Server) Stats() Stats { return Stats{} }
