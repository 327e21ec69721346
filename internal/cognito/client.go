package cognito

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Pool is an open user pool. Every method but Close may be called concurrently.
type Pool struct {
	target  target
	session *session
	client  *cip.Client
	http    *http.Client
	clock   clock

	leases map[string]*lease // by quota, and by operation where each has a limit of its own
	closed sync.Once

	estimated atomic.Int64 // users, as the pool's description last said
	latency   average      // of ListUsers and ListUsersInGroup
	answered  atomic.Bool  // the endpoint has answered: what fails from now on worked before
	calls     atomic.Int64
	throttles atomic.Int64
	waited    atomic.Int64 // nanoseconds
}

// Open signs in to a user pool. It asks nothing of the pool: Check does. The caller closes the pool.
//
// Errors are *dataflow.Error: CodeInvalid for a Config that cannot work, CodeUnauthenticated and CodeAccessDenied
// for a sign-in that AWS refuses, CodeUnreachable when what signs in does not answer.
func Open(ctx context.Context, c Config) (*Pool, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	cfg, err := signIn(ctx, c)
	if err != nil {
		return nil, err
	}
	signedIn := &session{provider: cfg.Credentials}
	cfg.Credentials = signedIn
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, target{poolID: c.UserPoolID, region: c.Region}.classify(describeUserPool, err).err
	}

	p := &Pool{
		target:  target{poolID: c.UserPoolID, region: c.Region, host: c.Endpoint},
		session: signedIn,
		http:    httpClient(cfg),
		clock:   systemClock{},
		leases:  map[string]*lease{},
	}
	p.client = cip.NewFromConfig(cfg, func(o *cip.Options) {
		o.HTTPClient = p.http
		o.Retryer = aws.NopRetryer{} // call retries, so that the limiter sees every request
		o.RetryMaxAttempts = 0       // or AWS_MAX_ATTEMPTS would wrap the retryer
		o.ClientLogMode = 0
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		if c.UserAgent != "" {
			product, version, _ := strings.Cut(c.UserAgent, "/")
			o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKeyValue(product, version))
		}
	})
	whose := account(c, credentials)
	for _, q := range quotas {
		p.leases[q.name] = processLimiters.Lease(limiterKey{account: whose, quota: q.name}, share(q.perSecond, c.MaxRequestsPerSecond))
	}
	for _, op := range operations {
		if op.quota.eachPerPool > 0 {
			p.leases[op.name] = processLimiters.Lease(limiterKey{account: whose, quota: op.name, pool: c.UserPoolID}, share(op.quota.eachPerPool, c.MaxRequestsPerSecond))
		}
	}
	return p, nil
}

// Usage says what was asked of AWS since the pool was opened.
func (p *Pool) Usage() dataflow.Usage {
	return dataflow.Usage{
		Calls:         p.calls.Load(),
		Throttles:     p.throttles.Load(),
		WaitedSeconds: time.Duration(p.waited.Load()).Seconds(),
	}
}

// Close gives up what the pool holds. It may be called twice; no other method may be called after or during it.
func (p *Pool) Close() error {
	p.closed.Do(func() {
		for _, l := range p.leases {
			l.Release()
		}
		if p.http != sharedHTTPClient() {
			p.http.CloseIdleConnections()
		}
	})
	return nil
}

// String names the pool.
func (p *Pool) String() string { return fmt.Sprintf("user pool %s", p.target.poolID) }
