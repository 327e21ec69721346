package provider_test

import (
	"strings"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

// calls are what a team's bucket and database are asked, and what becomes of each call. Its methods may be called concurrently.
type calls struct {
	mu     sync.Mutex
	made   []string // "GET /team/…" or a statement, in their order
	fateOf func(n int) postgrestest.Fate
}

// next takes down a call, and gives its fate.
func (c *calls) next(call string) postgrestest.Fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, call)
	if c.fateOf == nil {
		return postgrestest.Answered
	}
	return c.fateOf(len(c.made))
}

// count begins to count anew. fateOf gives the fate of the n-th call from now on, counted from 1; nil: each is answered.
func (c *calls) count(fateOf func(n int) postgrestest.Fate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made, c.fateOf = nil, fateOf
}

// counted gives the calls since count: those to the bucket, and those to the database.
func (c *calls) counted() (bucket, database []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.made {
		if _, path, _ := strings.Cut(call, " "); strings.HasPrefix(path, "/"+teamBucket) {
			bucket = append(bucket, call)
		} else {
			database = append(database, call)
		}
	}
	return bucket, database
}
