package cognito

import "sync"

// witnessPages is how many pages of the undivided list are held against a divided scan.
const witnessPages = 20

// witness checks that a divided scan has met everybody. Dividing by the characters of a sub rests on what AWS does not promise,
// so users that the undivided list gives when the scan begins must all be met by the parts.
//
// Every method may be called concurrently.
type witness struct {
	mu      sync.Mutex
	early   hashes              // whom the parts have met while the undivided list was still read; nil: that is over
	missing map[string]struct{} // whom the undivided list has given and no part has met yet
}

func newWitness() *witness {
	return &witness{early: hashes{}, missing: map[string]struct{}{}}
}

// called notes users of the undivided list.
func (w *witness) called(subs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, sub := range subs {
		if !w.early.has(sub) {
			w.missing[sub] = struct{}{}
		}
	}
}

// rest says that the undivided list is read no further. Until then the witness remembers everybody whom the parts meet,
// which is what 20 pages take to read: seconds.
func (w *witness) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.early = nil
}

// met notes users of the parts.
func (w *witness) met(subs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, sub := range subs {
		if w.early != nil {
			w.early.add(sub)
		}
		delete(w.missing, sub)
	}
}

// unmet lists whom no part has met: deleted meanwhile, or overlooked.
func (w *witness) unmet() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	subs := make([]string, 0, len(w.missing))
	for sub := range w.missing {
		subs = append(subs, sub)
	}
	return subs
}
