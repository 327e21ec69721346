package cognito

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// How long and how often a request is tried.
const (
	attemptTimeout      = time.Minute      // an answer takes well under a second; a connection that says nothing for so long is dead
	firstAttemptTimeout = 10 * time.Second // as long as nothing has answered at the endpoint
	attempts            = 12               // in a row that may fail at an endpoint that worked: about a minute and a half
	firstAttempts       = 4                // in a row while nothing has answered yet: under two seconds of waiting
	shortestBackoff     = 200 * time.Millisecond
	longestBackoff      = 20 * time.Second
)

// call sends one request until it is answered: it waits for the quota, tries again what failed on the way or at the
// server, and goes on for as long as ctx lasts when AWS says that there are too many requests.
// The error is a *dataflow.Error, or wraps the cause for which ctx ended.
func call[In, Out any](ctx context.Context, p *Pool, op operation, in *In,
	send func(context.Context, *In, ...func(*cip.Options)) (*Out, error),
) (*Out, error) {
	limits := p.limits(op)
	var failed, throttled int
	var resigned bool
	for {
		for _, limit := range limits {
			waited, err := limit.Wait(ctx)
			p.waited.Add(int64(waited))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", op.name, err)
			}
		}
		sent := p.clock.Now()
		out, err := attempt(ctx, p, in, send)
		if err == nil {
			p.answered.Store(true)
			if op.quota == userList {
				p.latency.add(p.clock.Now().Sub(sent))
			}
			return out, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", op.name, context.Cause(ctx))
		}
		f := p.target.classify(op, err)
		if _, ok := errors.AsType[*serviceError](f.err); ok {
			p.answered.Store(true)
		}

		var pause time.Duration
		switch f.remedy {
		case remedyNone:
			return nil, f.err
		case remedyResign:
			if resigned {
				return nil, f.err
			}
			resigned = true
			if p.session != nil {
				p.session.refused()
			}
		case remedySlower:
			p.throttles.Add(1)
			for _, limit := range limits { // AWS does not say which it was
				limit.Throttled()
			}
			pause = backoff(throttled)
			throttled++
			failed = 0
		case remedyAgain:
			failed++
			if failed >= p.attempts(ctx) {
				return nil, f.err
			}
			pause = backoff(failed - 1)
		}
		if err := p.clock.Sleep(ctx, pause); err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
	}
}

func attempt[In, Out any](ctx context.Context, p *Pool, in *In,
	send func(context.Context, *In, ...func(*cip.Options)) (*Out, error),
) (*Out, error) {
	timeout := firstAttemptTimeout
	if p.answered.Load() {
		timeout = attemptTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p.calls.Add(1)
	return send(ctx, in)
}

// limits gives what a request of the operation waits for: the narrower limit first, so that nobody holds a
// place in the category's that it can't use yet.
func (p *Pool) limits(op operation) []*lease {
	if own := p.leases[op.name]; own != nil {
		return []*lease{own, p.leases[op.quota.name]}
	}
	return []*lease{p.leases[op.quota.name]}
}

func (p *Pool) attempts(ctx context.Context) int {
	if !p.answered.Load() {
		return firstAttempts
	}
	if n, ok := ctx.Value(attemptsKey{}).(int); ok {
		return n
	}
	return attempts
}

// attemptsKey is under what a context has the number of attempts in a row that may fail.
type attemptsKey struct{}

func withAttempts(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, attemptsKey{}, n)
}

// backoff gives the pause after the n-th failure in a row, counted from 0: twice as long each time,
// and somewhere between half of that and all of it, so that requests that failed together do not come back together.
func backoff(n int) time.Duration {
	d := longestBackoff
	if n < 10 {
		d = min(d, shortestBackoff<<n)
	}
	return d/2 + time.Duration(rand.Int64N(int64(d/2))) //nolint:gosec // jitter is no secret
}
