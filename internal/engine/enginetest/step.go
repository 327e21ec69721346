package enginetest

import (
	"context"
	"errors"
	"sync"
)

// When says where in a call a Step is.
type When int

// The places in a call. A read has one step, a write has two: a process may die or sleep before it and after it.
const (
	Reading When = iota
	Writing      // nothing is written yet; an error of the hook keeps it so
	Written      // it is written, and the caller does not know yet; an error of the hook is an answer that was lost
)

// Step is one read or write of one process.
type Step struct {
	Op     string // "commit", "write file", "decide", …
	Object string // what it is about: "customers.users", "Customers/3"
	When   When
}

// Hook is called at every step of a process, with no lock held: it may block. Its error is what the step's caller gets.
// A nil Hook does nothing.
type Hook func(ctx context.Context, step Step) error

// ErrKilled is what every call of a killed process gets.
var ErrKilled = errors.New("the process was killed")

// KillAt makes a hook that kills its process at the n-th step of its writes, counted from 1: the step before a write
// and the step after it count each. From then on nothing the process does reaches anything.
// The returned function says whether it has come to that.
func KillAt(n int) (Hook, func() bool) {
	var mu sync.Mutex
	var steps int
	killed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return steps >= n
	}
	return func(_ context.Context, step Step) error {
		mu.Lock()
		defer mu.Unlock()
		if steps < n && step.When != Reading {
			steps++
		}
		if steps >= n {
			return ErrKilled
		}
		return nil
	}, killed
}

// FailOnce makes a hook that gives err at the first step with this operation and place.
func FailOnce(op string, when When, err error) Hook {
	var once sync.Once
	return func(_ context.Context, step Step) (failed error) {
		if step.Op == op && step.When == when {
			once.Do(func() { failed = err })
		}
		return failed
	}
}

// SleepAt makes a hook that stops its process at the first step with this operation and place until wake is called;
// asleep is closed when it sleeps. A sleeping process does not see that its context has ended.
func SleepAt(op string, when When) (hook Hook, asleep <-chan struct{}, wake func()) {
	var once sync.Once
	sleeping, woken := make(chan struct{}), make(chan struct{})
	return func(_ context.Context, step Step) error {
		if step.Op == op && step.When == when {
			once.Do(func() {
				close(sleeping)
				<-woken
			})
		}
		return nil
	}, sleeping, sync.OnceFunc(func() { close(woken) })
}

// SleepAtStep makes a hook that stops its whole process at the n-th step of its writes, counted as KillAt does, until wake
// is called: whatever else the process does waits as well, also reads.
func SleepAtStep(n int) (hook Hook, asleep <-chan struct{}, wake func()) {
	var mu sync.Mutex
	var steps int
	sleeping, woken := make(chan struct{}), make(chan struct{})
	return func(_ context.Context, step Step) error {
		mu.Lock()
		if steps < n && step.When != Reading {
			if steps++; steps == n {
				close(sleeping)
			}
		}
		stopped := steps >= n
		mu.Unlock()
		if stopped {
			<-woken
		}
		return nil
	}, sleeping, sync.OnceFunc(func() { close(woken) })
}

func (h Hook) at(ctx context.Context, step Step) error {
	if h != nil {
		if err := h(ctx, step); err != nil {
			return err
		}
	}
	if step.When == Written {
		return nil // what is written is written, whatever became of ctx meanwhile
	}
	return ctx.Err()
}

func (h Hook) read(ctx context.Context, op, object string) error {
	return h.at(ctx, Step{Op: op, Object: object, When: Reading})
}

// write makes one write between its two steps. A write that is refused has no second step.
func (h Hook) write(ctx context.Context, op, object string, do func() error) error {
	if err := h.at(ctx, Step{Op: op, Object: object, When: Writing}); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return h.at(ctx, Step{Op: op, Object: object, When: Written})
}
