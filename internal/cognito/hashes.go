package cognito

import "hash/maphash"

// hashes remembers texts by a hash of eight bytes each.
type hashes map[uint64]struct{}

var hashSeed = maphash.MakeSeed()

// add says whether the text is new.
func (h hashes) add(text string) (isNew bool) {
	if h.has(text) {
		return false
	}
	h[maphash.String(hashSeed, text)] = struct{}{}
	return true
}

func (h hashes) has(text string) bool {
	_, ok := h[maphash.String(hashSeed, text)]
	return ok
}
