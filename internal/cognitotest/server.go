package cognitotest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// accountID is the AWS account that everything here belongs to.
const accountID = "123456789012"

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

	// OnRequest is called before each request that is about to be answered by its operation, with the operation and how many
	// of that operation there have been, this one included. It may change pools: that is how a pool changes during a scan.
	OnRequest func(op string, n int)
}

// Pages says how far pages stay behind the limit that was asked for. It depends on the seed, the list and the place in it.
type Pages struct {
	Short      float64 // share of pages with fewer items than there is room for
	Empty      float64 // share of pages with no item and yet a token
	StuckAfter int     // from this page of a list on, the token given is the one received; 0: never
}

// Server is one Cognito endpoint of one AWS account, with any number of pools in any number of Regions.
// A request is served in the Region that it is signed for.
type Server struct {
	opts   Options
	serial atomic.Uint64 // of tokens

	mu      sync.Mutex
	pools   map[poolKey]*PoolHandle
	buckets map[string]*rate.Limiter // by Region and quota
	stats   Stats
}

type poolKey struct{ region, id string }

// New makes a server without pools.
func New(opts Options) *Server {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if len(opts.Credentials) == 0 {
		opts.Credentials = []Credential{DefaultCredential()}
	}
	return &Server{
		opts: opts, pools: map[poolKey]*PoolHandle{}, buckets: map[string]*rate.Limiter{},
		stats: Stats{Calls: map[string]int64{}},
	}
}

// Handler serves the API at POST /, and each pool's key set at GET /<pool>/.well-known/jwks.json.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Start serves on the loopback interface until the test ends, and returns the endpoint's URL.
func (s *Server) Start(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewServer(s.Handler())
	tb.Cleanup(server.Close)
	return server.URL
}

func (s *Server) pool(region, id string) *PoolHandle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pools[poolKey{region, id}]
}

// poolsOf lists the pools of a Region, in the order of their IDs; of every Region when that is empty.
func (s *Server) poolsOf(region string) []*PoolHandle {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pools []*PoolHandle
	for key, p := range s.pools {
		if region == "" || key.region == region {
			pools = append(pools, p)
		}
	}
	slices.SortFunc(pools, func(a, b *PoolHandle) int {
		return cmp.Or(cmp.Compare(a.pool.ID, b.pool.ID), cmp.Compare(a.pool.Region, b.pool.Region))
	})
	return pools
}

// allow takes a request out of its quota's bucket.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
func (s *Server) allow(region, op string) bool {
	quota, perSecond, burst := op, s.opts.Quotas[op], 0
	if isUserList(op) {
		quota, perSecond, burst = "UserList", s.opts.RequestsPerSecond, s.opts.Burst
	}
	if perSecond == 0 {
		return true
	}
	if burst == 0 {
		burst = max(int(perSecond), 1)
	}
	s.mu.Lock()
	bucket := s.buckets[region+" "+quota]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(perSecond), burst)
		s.buckets[region+" "+quota] = bucket
	}
	s.mu.Unlock()
	return bucket.AllowN(s.opts.Clock(), 1)
}

// isUserList says whether the operation is one of those that share the quota UserList.
func isUserList(op string) bool { return op == "ListUsers" || op == "ListUsersInGroup" }
