package dataflow

import (
	"fmt"
	"strconv"
	"time"
)

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

// Roughly gives a duration with as many units as an estimate deserves: "40 s", "3 min", "5 h 10 min".
func Roughly(d time.Duration) string {
	minutes := int64(d.Round(time.Minute) / time.Minute)
	switch {
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%d s", max(1, int64(d.Round(time.Second)/time.Second)))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	default:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
}
