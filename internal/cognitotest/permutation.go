package cognitotest

import "math/bits"

// mix hashes words into one (the finalizer of SplitMix64 after each), so that everything here follows from a seed.
// math/rand/v2 was rejected: it needs a state of its own per user and attribute.
func mix(words ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, w := range words {
		h = (h ^ w) + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// mixText hashes text (FNV-1a).
func mixText(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(h)
}

// share turns a hash into a number from 0 up to, but not including, 1.
func share(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// permutation reorders 0 … n-1 without a table: a Feistel network over the next even number of bits, walked
// until it lands below n. Both directions cost a few dozen nanoseconds.
type permutation struct {
	n    uint64
	half uint
	keys [4]uint64
}

func newPermutation(n int, seed uint64) permutation {
	p := permutation{n: uint64(n), half: uint(max(bits.Len64(uint64(max(n, 1)-1))+1, 2)) / 2}
	for i := range p.keys {
		p.keys[i] = mix(seed, uint64(i))
	}
	return p
}

func (p permutation) at(position int) int {
	mask, x := uint64(1)<<p.half-1, uint64(position)
	for {
		left, right := x>>p.half, x&mask
		for _, key := range p.keys {
			left, right = right, left^(mix(key^right)&mask)
		}
		if x = left<<p.half | right; x < p.n {
			return int(x)
		}
	}
}

// indexOf is the inverse of at.
func (p permutation) indexOf(value int) int {
	mask, x := uint64(1)<<p.half-1, uint64(value)
	for {
		left, right := x>>p.half, x&mask
		for i := range p.keys {
			left, right = right^(mix(p.keys[len(p.keys)-1-i]^left)&mask), left
		}
		if x = left<<p.half | right; x < p.n {
			return int(x)
		}
	}
}
