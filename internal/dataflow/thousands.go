package dataflow

import "strconv"

// Thousands writes a count as people read it: 5,000.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count writes a count with its noun: 1 row, 5,000 rows.
func Count(n int64, noun string) string { return Thousands(n) + " " + Plural(n, noun) }

// Plural gives the noun as it stands after n.
func Plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
