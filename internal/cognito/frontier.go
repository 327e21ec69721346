package cognito

import "sync"

// frontier is the work of a scan that is not done yet: parts that wait, and how many are being read. Reading a part may make
// more of them, so the end is when none waits and none is read.
//
// Every method may be called concurrently.
type frontier struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []subRange
	reading int
	closed  bool
}

func newFrontier() *frontier {
	f := &frontier{}
	f.changed = sync.NewCond(&f.mu)
	return f
}

// add puts parts at the end.
func (f *frontier) add(parts []subRange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, parts...)
	f.changed.Broadcast()
}

// take gives the next part, once there is one. False: there will be none. Whoever takes a part says when it is done.
func (f *frontier) take() (subRange, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.closed && len(f.waiting) == 0 && f.reading > 0 {
		f.changed.Wait()
	}
	if f.closed || len(f.waiting) == 0 {
		return subRange{}, false
	}
	next := f.waiting[0]
	f.waiting = f.waiting[1:]
	f.reading++
	return next, true
}

// done says that a part is read, or divided into these.
func (f *frontier) done(into []subRange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading--
	f.waiting = append(f.waiting, into...)
	f.changed.Broadcast()
}

// close makes an end of it: nothing is taken any more.
func (f *frontier) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.changed.Broadcast()
}

// busy is how many chains have something to do.
func (f *frontier) busy() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reading + len(f.waiting)
}
