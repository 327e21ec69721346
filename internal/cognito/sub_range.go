package cognito

import (
	"cmp"
	"slices"
	"strings"
)

// subAlphabet is what subs are made of: they are UUIDs. AWS does not promise that, so whoever splits a list looks at
// what it has seen of it, and checks the result (witness.go).
const subAlphabet = "0123456789abcdef-"

// subRange is the users whose sub begins with a prefix: a part of the table users, under the prefix as its name.
type subRange struct {
	prefix string
	pages  float64 // that it is expected to have; as far as it can be told, 0
}

// filterText gives text as a filter of ListUsers takes it between quotation marks.
var filterText = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// filter gives the filter of ListUsers that matches the part; nil matches everybody.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html#CognitoUserPools-ListUsers-request-Filter
func (p subRange) filter() *string {
	if p.prefix == "" {
		return nil
	}
	filter := `sub ^= "` + filterText.Replace(p.prefix) + `"`
	return &filter
}

// split divides the part into smaller ones that together hold every sub of the alphabet. It goes by subs that were seen in it:
// the first place where they differ is where it pays to divide. Every other sub that there might be before that place
// gets a part of its own as well, which is expected to be empty and costs one request.
//
// False: the part can't be divided, since subs are not as they should be, or there is nothing to go by.
func (p subRange) split(seen []string) ([]subRange, bool) {
	for _, sub := range seen {
		if !strings.HasPrefix(sub, p.prefix) || strings.Trim(sub, subAlphabet) != "" {
			return nil, false
		}
	}
	var parts []subRange
	for prefix := p.prefix; len(seen) > 0; {
		counts := map[byte]int{}
		for _, sub := range seen {
			if len(sub) == len(prefix) {
				return nil, false
			}
			counts[sub[len(prefix)]]++
		}
		common := ""
		for _, c := range []byte(subAlphabet) {
			if len(counts) == 1 && counts[c] > 0 {
				common = prefix + string(c)
				continue
			}
			parts = append(parts, subRange{prefix + string(c), p.pages * float64(counts[c]) / float64(len(seen))})
		}
		if common == "" {
			// The largest first: what is begun last should be small.
			slices.SortStableFunc(parts, func(a, b subRange) int { return cmp.Compare(b.pages, a.pages) })
			return parts, true
		}
		prefix = common
	}
	return nil, false
}

// without gives what is to be read of parts when those of these prefixes are read already. A part that holds some of them is divided
// until none does.
func without(parts []subRange, read []string) []subRange {
	var left []subRange
	for _, p := range parts {
		switch {
		case isIn(p.prefix, read):
		case slices.ContainsFunc(read, func(prefix string) bool { return strings.HasPrefix(prefix, p.prefix) }):
			var smaller []subRange
			for _, c := range []byte(subAlphabet) {
				smaller = append(smaller, subRange{p.prefix + string(c), p.pages / float64(len(subAlphabet))})
			}
			left = append(left, without(smaller, read)...)
		default:
			left = append(left, p)
		}
	}
	return left
}

// isIn says whether a sub, or all that begin as it does, are in a part with one of these prefixes.
func isIn(sub string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(sub, prefix) })
}

// left is how many pages are still to come when so many were read. Of a list that is longer than expected nobody knows the end:
// an eighth of what was read is a careful guess.
func (p subRange) left(read int) float64 { return max(p.pages-float64(read), float64(read)/8) }
