package cognitotest

import (
	"math/bits"
	"sort"
	"strings"
)

// The forms of a sub: x is a hex digit that varies. AWS promises no form. Newer pools have the first, older ones UUIDs of version 4.
const (
	subForm   = "x4x8x4x8-x0x1-70xx-xxxx-xxxxxxxxxxxx"
	subFormV4 = "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx"
)

// subs are n different subs in sorted order, each computed from its rank. Sorted, because then a prefix is a range of ranks.
type subs struct {
	n       int
	seed    uint64
	form    string
	crowded float64 // the share of them that begins with the same two varying digits
}

// at gives the sub of a rank: the first 16 varying digits grow with it, the others are random.
func (s subs) at(rank int) string {
	const hex = "0123456789abcdef"
	lead, tail := s.lead(rank), mix(s.seed, uint64(rank), 2)
	text := make([]byte, len(s.form))
	digit := 0
	for i := range len(s.form) {
		if s.form[i] != 'x' {
			text[i] = s.form[i]
			continue
		}
		if digit < 16 {
			text[i] = hex[lead>>(60-4*digit)&15]
		} else {
			text[i] = hex[tail>>(60-4*(digit-16))&15]
		}
		digit++
	}
	return string(text)
}

// lead spreads the ranks over all 64-bit numbers, strictly growing; the crowded ones over 2^56 of them.
func (s subs) lead(rank int) uint64 {
	const width = uint64(1) << 56
	crowd := int(float64(s.n) * s.crowded)
	if crowd == 0 {
		return s.spread(rank, s.n, 0, ^uint64(0))
	}
	start := (mix(s.seed, 1)%254 + 1) << 56 // neither the first nor the last, so that both neighbours have room
	below := int(float64(s.n-crowd) * float64(start) / (1 << 64))
	switch {
	case rank < below:
		return s.spread(rank, below, 0, start)
	case rank < below+crowd:
		return start + s.spread(rank-below, crowd, 0, width)
	default:
		return s.spread(rank-below-crowd, s.n-below-crowd, start+width, ^uint64(0))
	}
}

// spread gives number i of n in [from, to): each has an equal stretch of its own and a random place in it.
func (s subs) spread(i, n int, from, to uint64) uint64 {
	high, low := bits.Mul64(to-from, uint64(i))
	start, _ := bits.Div64(high, low, uint64(n))
	return from + start + mix(s.seed, from, uint64(i), 3)%((to-from)/uint64(n))
}

// prefixed gives the ranks, from lo up to but not including hi, of the subs that begin with prefix.
func (s subs) prefixed(prefix string) (lo, hi int) {
	lo = sort.Search(s.n, func(rank int) bool { return s.at(rank) >= prefix })
	hi = lo + sort.Search(s.n-lo, func(i int) bool { return !strings.HasPrefix(s.at(lo+i), prefix) })
	return lo, hi
}

// rank gives the rank of a sub.
func (s subs) rank(sub string) (int, bool) {
	rank := sort.Search(s.n, func(rank int) bool { return s.at(rank) >= sub })
	return rank, rank < s.n && s.at(rank) == sub
}
