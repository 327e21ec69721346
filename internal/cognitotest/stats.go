package cognitotest

import (
	"maps"
	"time"
)

// Stats counts what a Server did since it was made. Every request is in exactly one of Calls, Throttled, Refused, Left and Faults.
type Stats struct {
	Requests  int64            `json:"requests"`
	Calls     map[string]int64 `json:"calls"`     // answered by their operation, with a result or an error
	Throttled int64            `json:"throttled"` // beyond a quota
	Refused   int64            `json:"refused"`   // not a request that this API has, not signed well, or not allowed
	Left      int64            `json:"left"`      // the client went away before there was an answer
	Faults    Faulted          `json:"faults"`
	Users     int64            `json:"users"` // handed out by ListUsers and ListUsersInGroup
	Listed    Listed           `json:"listed"`
}

// Listed is the use that was made of the quota that ListUsers and ListUsersInGroup share.
type Listed struct {
	Answered int64     `json:"answered"`
	First    time.Time `json:"first"` // when the first of those that were answered took its part of the quota
	Last     time.Time `json:"last"`
}

func (l *Listed) add(now time.Time) {
	if l.Answered == 0 {
		l.First = now
	}
	l.Answered++
	l.Last = now
}

// PerSecond gives the requests per second from the first to the last.
func (l Listed) PerSecond() float64 { return float64(l.Answered-1) / l.Last.Sub(l.First).Seconds() }

// Faulted counts the requests that met a fault.
type Faulted struct {
	InternalError int64 `json:"internal_error"`
	Unavailable   int64 `json:"unavailable"`
	Throttled     int64 `json:"throttled"`
	Dropped       int64 `json:"dropped"`
	Truncated     int64 `json:"truncated"`
}

// Total adds them up.
func (f Faulted) Total() int64 {
	return f.InternalError + f.Unavailable + f.Throttled + f.Dropped + f.Truncated
}

// Stats gives the counts so far. They are exact once every request has been answered.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Calls = maps.Clone(s.stats.Calls)
	return stats
}

// count changes the counts.
func (s *Server) count(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}
