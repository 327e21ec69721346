package cognitotest

// Faults gives the share of requests, from 0 to 1, that meet each kind of failure. A request meets one at most; which
// requests do depends on the seed and on how many requests there have been alone.
type Faults struct {
	InternalError float64 // HTTP 500 InternalErrorException
	Unavailable   float64 // HTTP 503 as a load balancer gives it: no JSON
	Throttled     float64 // TooManyRequestsException although the quota allows it
	Dropped       float64 // the connection is closed without an answer
	Truncated     float64 // the connection is closed in the middle of the answer
}

type fault int

const (
	noFault fault = iota
	faultInternalError
	faultUnavailable
	faultThrottled
	faultDropped
	faultTruncated
)

// draw gives the fault that request n meets.
func (f Faults) draw(seed, n uint64) fault {
	at := share(mix(seed, n, 41))
	for i, part := range []float64{f.InternalError, f.Unavailable, f.Throttled, f.Dropped, f.Truncated} {
		if at < part {
			return fault(i + 1)
		}
		at -= part
	}
	return noFault
}

func (f fault) count(stats *Stats) {
	switch f {
	case noFault:
	case faultInternalError:
		stats.Faults.InternalError++
	case faultUnavailable:
		stats.Faults.Unavailable++
	case faultThrottled:
		stats.Faults.Throttled++
	case faultDropped:
		stats.Faults.Dropped++
	case faultTruncated:
		stats.Faults.Truncated++
	}
}
