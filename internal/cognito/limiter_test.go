package cognito

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeClock goes on by what is slept.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

func wait(t *testing.T, l *lease, times int) time.Duration {
	t.Helper()
	var waited time.Duration
	for range times {
		d, err := l.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waited += d
	}
	return waited
}

func TestLimiter_LetsThroughItsRateAndNoMore(t *testing.T) {
	for _, c := range []struct {
		perSecond float64
		requests  int
		want      time.Duration
	}{
		{20, 21, time.Second}, // the first at once, then one every 50 ms
		{0.5, 3, 4 * time.Second},
		{2000, 2001, time.Second},
		{1e6, 50_001, 50 * time.Millisecond},
	} {
		clock := newFakeClock()
		l := newLimiters(clock).Lease(limiterKey{account: "a"}, c.perSecond)
		got := wait(t, l, c.requests)
		if diff := got - c.want; diff < -time.Millisecond || diff > time.Millisecond {
			t.Errorf("%d requests at %v/s waited %v, want %v", c.requests, c.perSecond, got, c.want)
		}
	}
}

func TestLimiter_ARestSavesUpFiftyMilliseconds(t *testing.T) {
	for _, c := range []struct {
		perSecond float64
		requests  int
		want      time.Duration
	}{
		{20, 3, 100 * time.Millisecond}, // one is ready
		{2000, 100, 0},                  // a hundred are
		{2000, 102, time.Millisecond},
	} {
		clock := newFakeClock()
		l := newLimiters(clock).Lease(limiterKey{}, c.perSecond)
		wait(t, l, 1)
		clock.now = clock.now.Add(time.Hour)
		if got := wait(t, l, c.requests); got != c.want {
			t.Errorf("%d requests at %v/s after an hour's rest waited %v, want %v", c.requests, c.perSecond, got, c.want)
		}
	}
}

func TestLimiter_TheLowestOfTheOpenLeasesHolds(t *testing.T) {
	all := newLimiters(newFakeClock())
	key := limiterKey{account: "a", quota: "UserList"}
	fast, slow := all.Lease(key, 20), all.Lease(key, 5)
	if fast.limiter != slow.limiter {
		t.Fatal("two leases of one key have two limiters")
	}
	if other := all.Lease(limiterKey{account: "b", quota: "UserList"}, 9); other.limiter == fast.limiter {
		t.Fatal("two accounts share a limiter")
	}
	if got := fast.Rate(); got != 5 {
		t.Errorf("with leases of 20 and 5 the rate is %v, want 5", got)
	}
	slow.Release()
	if got := fast.Rate(); got != 20 {
		t.Errorf("after the lower lease was released the rate is %v, want 20", got)
	}
	fast.Release()
	if len(all.byKey) != 1 {
		t.Errorf("%d limiters are kept, want 1: a limiter goes with its last lease", len(all.byKey))
	}
}

func TestLimiter_HalvesOnThrottlesAtMostOnceASecondAndClimbsBack(t *testing.T) {
	clock := newFakeClock()
	l := newLimiters(clock).Lease(limiterKey{}, 20)
	is := func(after time.Duration, want float64, why string) {
		t.Helper()
		clock.now = clock.now.Add(after)
		if got := l.Rate(); got != want {
			t.Fatalf("%s: the rate is %v, want %v", why, got, want)
		}
	}
	for range 32 {
		l.Throttled()
	}
	is(0, 10, "throttles of one moment halve once")
	is(999*time.Millisecond, 10, "a step takes a second")
	is(time.Millisecond, 11, "a second adds a twentieth of the ceiling")
	is(2500*time.Millisecond, 13, "whole seconds count")
	is(500*time.Millisecond, 14, "and what is left of one is not lost")
	l.Throttled()
	is(0, 7, "halved again")
	is(time.Hour, 20, "never above the ceiling")
	for range 20 {
		l.Throttled()
		clock.now = clock.now.Add(time.Second - time.Nanosecond)
		l.Throttled() // too soon: counts for nothing
		clock.now = clock.now.Add(time.Nanosecond)
	}
	if got := l.Rate(); got < slowestRate || got > 3 {
		t.Errorf("under throttles without end the rate is %v, want little, but at least %v", got, slowestRate)
	}
}

func TestLimiter_AThrottledLimiterStaysSlowWhenALeaseGoes(t *testing.T) {
	clock := newFakeClock()
	all := newLimiters(clock)
	fast, slow := all.Lease(limiterKey{}, 20), all.Lease(limiterKey{}, 10)
	slow.Throttled()
	slow.Release()
	if got := fast.Rate(); got != 5 {
		t.Errorf("the rate is %v, want the 5 that AWS pushed it to", got)
	}
}

func TestLimiter_ASlowerRateHoldsForTheNextRequest(t *testing.T) {
	clock := newFakeClock()
	l := newLimiters(clock).Lease(limiterKey{}, 20)
	wait(t, l, 1)
	l.Throttled()
	if got := wait(t, l, 2); got != 200*time.Millisecond {
		t.Errorf("two requests at 10/s waited %v, want 200ms", got)
	}
}

func TestLimiter_WaitEndsWithItsContextAndGivesItsTurnBack(t *testing.T) {
	clock := newFakeClock()
	l := newLimiters(clock).Lease(limiterKey{}, 1)
	wait(t, l, 1)
	reason := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := l.Wait(ctx); !errors.Is(err, reason) {
		t.Errorf("Wait with an ended context gave %v, want its cause", err)
	}

	// One whose context ends while it waits.
	ctx, cancel = context.WithCancelCause(t.Context())
	l.limiter.clock = cancelling{clock, func() { cancel(reason) }}
	if _, err := l.Wait(ctx); !errors.Is(err, reason) {
		t.Errorf("Wait whose context ended meanwhile gave %v, want its cause", err)
	}
	l.limiter.clock = clock
	if got := wait(t, l, 1); got != time.Second {
		t.Errorf("the next request waited %v, want 1s: who did not send takes no turn", got)
	}
}

// cancelling is a clock on which somebody interrupts as soon as anybody sleeps.
type cancelling struct {
	clock
	cancel func()
}

func (c cancelling) Sleep(ctx context.Context, d time.Duration) error {
	c.cancel()
	return c.clock.Sleep(ctx, d)
}

// One dataflow asks with many requests side by side, another with two: what the quota allows they share evenly.
func TestLimiter_LeasesTakeTurnsHoweverManyRequestsEachHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls := newLimiters(systemClock{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var through [2]atomic.Int64
		var callers sync.WaitGroup
		for i, requests := range []int{60, 2} {
			le := ls.Lease(limiterKey{account: "a"}, 20)
			for range requests {
				callers.Go(func() {
					for {
						if _, err := le.Wait(ctx); err != nil {
							return
						}
						through[i].Add(1)
					}
				})
			}
		}
		callers.Wait()
		many, few := through[0].Load(), through[1].Load()
		if many+few < 200 || many+few > 202 || many-few < -1 || many-few > 1 {
			t.Errorf("in ten seconds at 20/s one had %d requests, the other %d", many, few)
		}
	})
}
