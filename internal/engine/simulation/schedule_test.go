package simulation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// Schedule says who does what, and where it stops. Its text can be played again: see String.
type Schedule struct {
	Setup   string // what has run before, see setups
	Actions []Action
}

// Action is one thing that the scheduler does, and takes as far as it can.
type Action struct {
	Who   string // the process; empty: Other is done
	Op    string // the operation that the process starts with
	Reads bool   // from its start it stops before reads too
	Wakes bool   // it wakes up
	To    int    // the stop that it goes to, counted from 1 over all that it does; 0: it goes on to its end
	At    string // or the name of the next stop that it goes to, see stopName
	Then  Fate   // what becomes of it there

	Other string // "foreign TABLE": somebody else writes to a table
}

// Fate is what becomes of a process at its stop.
type Fate string

// The fates.
const (
	Stays    Fate = ""         // it is slow; everybody sees that it lives
	Sleeps   Fate = "sleeps"   // everybody takes it for dead
	Dozes    Fate = "dozes"    // it sleeps, and everybody sees that it is there
	Mutes    Fate = "mutes"    // it goes on, its heart reaches nobody from now on, and nobody can see whether it is there: its lease runs out
	Fades    Fate = "fades"    // it sleeps, and nobody can see whether it is there: its lease runs out
	Crashes  Fate = "crashes"  // everybody sees that it is dead
	Vanishes Fate = "vanishes" // it is dead, and nobody can see that: its lease runs out
	Loses    Fate = "loses"    // it gets an error in place of the answer, as from a bucket or a database whose connection is cut: what comes after the stop never reaches it, what came before it has been done
)

var fates = []Fate{Stays, Sleeps, Dozes, Mutes, Fades, Crashes, Vanishes, Loses}

// stopName gives the name of a stop: "before-decision", "after-publish-users".
func stopName(step enginetest.Step) string {
	words := []string{"before", strings.ReplaceAll(step.Op, " ", "-")}
	switch step.When {
	case enginetest.Reading:
		words[0] = "reading"
	case enginetest.Written:
		words[0] = "after"
	case enginetest.Writing:
	}
	if table := tableName.FindString(step.Object); table != "" {
		words = append(words, table)
	}
	return strings.Join(words, "-")
}

var tableName = regexp.MustCompile("users|groups|teams")

// String gives the schedule's text: "two imports; A import @7 sleeps; B back @before-decision crashes; foreign users; A wakes; C make".
func (s Schedule) String() string {
	parts := []string{s.Setup}
	for _, a := range s.Actions {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, "; ")
}

// String gives the action's text.
func (a Action) String() string {
	if a.Who == "" {
		return a.Other
	}
	words := []string{a.Who}
	if a.Op != "" {
		words = append(words, a.Op)
	}
	if a.Reads {
		words = append(words, "reads")
	}
	if a.Wakes {
		words = append(words, "wakes")
	}
	if a.To > 0 {
		words = append(words, "@"+strconv.Itoa(a.To))
	}
	if a.At != "" {
		words = append(words, "@"+a.At)
	}
	if a.Then != Stays {
		words = append(words, string(a.Then))
	}
	return strings.Join(words, " ")
}

// ParseSchedule reads what String gave.
func ParseSchedule(text string) (Schedule, error) {
	parts := strings.Split(text, ";")
	s := Schedule{Setup: strings.TrimSpace(parts[0])}
	for _, part := range parts[1:] {
		a, err := parseAction(strings.Fields(part))
		if err != nil {
			return s, fmt.Errorf("%q: %w", part, err)
		}
		s.Actions = append(s.Actions, a)
	}
	return s, nil
}

func parseAction(words []string) (a Action, err error) {
	if len(words) == 2 && words[0] == "foreign" {
		return Action{Other: strings.Join(words, " ")}, nil
	}
	for i, word := range words {
		switch {
		case i == 0:
			a.Who = word
		case word == "reads":
			a.Reads = true
		case word == "wakes":
			a.Wakes = true
		case strings.HasPrefix(word, "@before-"), strings.HasPrefix(word, "@after-"), strings.HasPrefix(word, "@reading-"):
			a.At = word[1:]
		case strings.HasPrefix(word, "@"):
			if a.To, err = strconv.Atoi(word[1:]); err != nil {
				return a, err
			}
		case slices.Contains(fates, Fate(word)):
			a.Then = Fate(word)
		case i == 1:
			a.Op = word
		default:
			return a, fmt.Errorf("what is %q?", word)
		}
	}
	return a, nil
}
