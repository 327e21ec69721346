package cognito

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Recovery and backing off of a limiter.
const (
	burstTime     = 50 * time.Millisecond // how much of the rate may come at once: at 20/s one request, at 2,000/s a hundred
	halvingPause  = time.Second           // throttles of one moment are one message, however many requests were under way
	recoverySteps = 20                    // seconds without a throttle after which nothing is left of any number of halvings
	slowestRate   = 0.5                   // requests per second that are tried however often AWS says "too many"
)

// limiter keeps the requests of this process under one quota of one account and Region.
//
// Contract:
//   - Wait returns when the caller may send one request. Leases take turns, so that of two dataflows neither has more of the quota because
//     it asks with more requests side by side; callers of one lease are let through in the order in which they came.
//   - The ceiling is the lowest rate among the open leases, so the most careful of the connectors that share a quota holds.
//   - Throttled halves the rate, at most once a second; every second after that adds a twentieth of the ceiling, up to it.
//     What else uses the account is so left its share, without anybody knowing how large it is.
//   - Every method may be called concurrently.
type limiter struct {
	clock clock

	mu      sync.Mutex
	bucket  *rate.Limiter
	leases  map[*lease]float64
	ceiling float64
	current float64
	halved  time.Time // the last halving
	raised  time.Time // the last halving or step back up
}

func newLimiter(clock clock) *limiter {
	return &limiter{clock: clock, bucket: rate.NewLimiter(0, 1), leases: map[*lease]float64{}}
}

// wait takes the next request that the quota allows.
func (l *limiter) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	now := l.clock.Now()
	l.rise(now)
	reservation := l.bucket.ReserveN(now, 1)
	l.mu.Unlock()

	delay := reservation.DelayFrom(now)
	if delay == 0 {
		return nil
	}
	if err := l.clock.Sleep(ctx, delay); err != nil {
		reservation.CancelAt(l.clock.Now())
		return err
	}
	return nil
}

// Throttled tells the limiter that the service refused a request because there were too many.
func (l *limiter) Throttled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if !l.halved.IsZero() && now.Sub(l.halved) < halvingPause {
		return
	}
	l.rise(now)
	l.halved, l.raised = now, now
	l.set(now, max(l.current/2, min(slowestRate, l.ceiling)))
}

// Rate gives the requests per second that are let through now.
func (l *limiter) Rate() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rise(l.clock.Now())
	return l.current
}

// rise takes the steps back up that are due.
func (l *limiter) rise(now time.Time) {
	if l.current >= l.ceiling {
		return
	}
	steps := int(now.Sub(l.raised) / time.Second)
	if steps <= 0 {
		return
	}
	l.raised = l.raised.Add(time.Duration(steps) * time.Second)
	l.set(now, min(l.ceiling, l.current+float64(steps)*l.ceiling/recoverySteps))
}

func (l *limiter) set(now time.Time, perSecond float64) {
	l.current = perSecond
	l.bucket.SetLimitAt(now, rate.Limit(perSecond))
	l.bucket.SetBurstAt(now, max(1, int(perSecond*burstTime.Seconds())))
}

func (l *limiter) admit(lease *lease, perSecond float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leases[lease] = perSecond
	l.adjust()
}

func (l *limiter) dismiss(lease *lease) (left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.leases, lease)
	if len(l.leases) > 0 {
		l.adjust()
	}
	return len(l.leases)
}

// adjust sets the ceiling after leases came or went. A limiter that was at its ceiling stays there.
func (l *limiter) adjust() {
	now := l.clock.Now()
	l.rise(now)
	atCeiling := l.current >= l.ceiling
	first := true
	for _, r := range l.leases {
		if first || r < l.ceiling {
			l.ceiling, first = r, false
		}
	}
	if atCeiling || l.current > l.ceiling {
		l.set(now, l.ceiling)
	}
}

// limiters hands out one limiter per key to everybody in the process who names that key.
type limiters struct {
	clock clock

	mu    sync.Mutex
	byKey map[limiterKey]*limiter
}

// limiterKey says whose quota it is.
type limiterKey struct {
	account string // what the quota belongs to, as far as it can be told without asking AWS: see Pool.account
	quota   string // a category's, or an operation's where the quota is one of each on each pool
	pool    string // of an operation's
}

// processLimiters are the limiters of this process: every dataflow that runs in it shares them.
var processLimiters = newLimiters(systemClock{})

func newLimiters(clock clock) *limiters {
	return &limiters{clock: clock, byKey: map[limiterKey]*limiter{}}
}

// lease is one open connector's share in a limiter.
type lease struct {
	*limiter
	from *limiters
	key  limiterKey
	turn chan struct{} // whoever has put something in waits for the quota on behalf of the lease
}

// Wait blocks until one request may be sent, and says for how long it did. It fails with the cause for which ctx ended.
func (le *lease) Wait(ctx context.Context) (time.Duration, error) {
	began := le.clock.Now()
	select {
	case le.turn <- struct{}{}:
		err := le.wait(ctx)
		<-le.turn
		return le.clock.Now().Sub(began), err
	case <-ctx.Done():
		return le.clock.Now().Sub(began), context.Cause(ctx)
	}
}

// Lease joins the limiter of this key, which lets through at most perSecond until the lease is released.
func (ls *limiters) Lease(key limiterKey, perSecond float64) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.byKey[key]
	if l == nil {
		l = newLimiter(ls.clock)
		ls.byKey[key] = l
	}
	le := &lease{limiter: l, from: ls, key: key, turn: make(chan struct{}, 1)}
	l.admit(le, perSecond)
	return le
}

// Release gives the lease up. With its last lease a limiter is forgotten.
func (le *lease) Release() {
	le.from.mu.Lock()
	defer le.from.mu.Unlock()
	if le.dismiss(le) == 0 {
		delete(le.from.byKey, le.key)
	}
}
