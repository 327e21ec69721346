package cognito

import (
	"context"
	"sync"
)

const (
	// maxChains is how many chains of pages one scan reads side by side at most.
	maxChains = 64
	// chainsTogether is how many chains all scans of the process read side by side; each scan has an equal share. It bounds memory: a chain holds a
	// page, the rows of its part that are not in the checkpoint yet, and the stack of a request. At 150 ms a page 128 chains make 800 requests a second,
	// the quota of 26 accounts.
	chainsTogether = 128
	// fewestChains is the least that a scan's share is: however many scans there are, each goes on while an answer is slow.
	fewestChains = 4
)

// chains shares out how many chains of pages are read side by side, so that ten scans at once take little more memory than two.
type chains struct {
	mu    sync.Mutex
	scans map[*chainShare]struct{}
}

// processChains are the chains of this process: every scan that runs in it shares them.
var processChains = newChains()

func newChains() *chains { return &chains{scans: map[*chainShare]struct{}{}} }

// join begins a scan. It ends its share by leave.
func (c *chains) join() *chainShare {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &chainShare{of: c}
	s.changed = sync.NewCond(&s.mu)
	c.scans[s] = struct{}{}
	c.divide()
	return s
}

// divide gives every scan its share. A chain that is being read is read on, also when the share has become less.
func (c *chains) divide() {
	if len(c.scans) == 0 {
		return
	}
	most := min(maxChains, max(fewestChains, chainsTogether/len(c.scans)))
	for s := range c.scans {
		s.mu.Lock()
		s.most = most
		s.changed.Broadcast()
		s.mu.Unlock()
	}
}

// chainShare is how many chains one scan may read side by side. Every method may be called concurrently.
type chainShare struct {
	of *chains

	mu      sync.Mutex
	changed *sync.Cond
	most    int
	reading int
}

// do reads a chain once the share allows one more. It fails with the cause for which ctx ended before that.
func (s *chainShare) do(ctx context.Context, read func() error) error {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	for s.reading >= s.most && ctx.Err() == nil {
		s.changed.Wait()
	}
	if ctx.Err() != nil {
		s.mu.Unlock()
		return context.Cause(ctx)
	}
	s.reading++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reading--
		s.changed.Signal()
	}()
	return read()
}

// size is how many chains may be read side by side now.
func (s *chainShare) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// leave ends the scan: the others get its share.
func (s *chainShare) leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	delete(s.of.scans, s)
	s.of.divide()
}
