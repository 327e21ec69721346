package cognito

import (
	"sync/atomic"
	"time"
)

// average is a moving average of durations, in which the last eight count most. Its methods may be called concurrently.
type average struct{ nanoseconds atomic.Int64 }

// add takes a duration in. Of two at the same moment one may be lost, which an average can bear.
func (a *average) add(d time.Duration) {
	was := a.nanoseconds.Load()
	if was == 0 {
		a.nanoseconds.Store(int64(d))
		return
	}
	a.nanoseconds.Store(was + (int64(d)-was)/8)
}

func (a *average) seconds() float64 { return time.Duration(a.nanoseconds.Load()).Seconds() }
