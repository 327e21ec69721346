package dataflow

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// TimeoutError is the cause of a context that ends because the time is over that an argument gives.
type TimeoutError struct {
	Argument string // "timeouts.create"
	Limit    time.Duration
}

// WithTimeout gives a context that ends after limit, with a TimeoutError as its cause.
func WithTimeout(ctx context.Context, argument string, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, &TimeoutError{Argument: argument, Limit: limit})
}

// Error gives `timeouts.create = "1h30m" is over`.
func (t *TimeoutError) Error() string { return fmt.Sprintf("%s = %q is over", t.Argument, t.limit()) }

// limit writes the duration as a person does: without parts that are zero.
func (t *TimeoutError) limit() string {
	s := t.Limit.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
