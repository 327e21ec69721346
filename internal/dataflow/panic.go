package dataflow

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// Guard is Guarded for what gives no result. A goroutine has to guard itself: nobody else can.
func Guard(do func() error) error {
	_, err := Guarded(func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// Guarded turns a panic into an error with CodeInternal, so that a fault in one run is a failed run and not a dead process.
// The error says where, and what only when the Go runtime says it: a value that somebody panicked with may be a customer's.
func Guarded[T any](do func() (T, error)) (result T, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		cause, ok := p.(runtime.Error)
		if !ok {
			cause = nil
		}
		err = &Error{
			Code: CodeInternal, Op: "panic", Cause: panicked{cause: cause, at: panicSite()},
			Hint: "This is a fault of the provider: please report it.",
		}
	}()
	return do()
}

// panicked is a recovered panic.
type panicked struct {
	cause error // nil: not from the Go runtime
	at    string
}

func (p panicked) Error() string {
	if p.cause == nil {
		return "in " + p.at
	}
	return p.cause.Error() + " in " + p.at
}

// panicSite names the function that panicked, called from the deferred function that recovers.
func panicSite() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)]) // skips Callers, panicSite and the deferred function
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", path.Base(frame.Function), frame.Line)
		}
		if !more {
			return "an unknown function"
		}
	}
}
