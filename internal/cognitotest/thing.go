package cognitotest

import (
	"maps"
	"slices"
	"time"
)

// Fields are the fields of a thing of a pool (an app client, a domain, …) as they are on the wire. A time.Time becomes a number,
// as the API has times. A field that is not here is one that the service leaves out.
type Fields map[string]any

// thing is a thing of a pool under the name that the API finds it by.
type thing struct {
	name   string
	fields Fields
	gone   bool
}

// things are all things of one kind, in the order in which they are listed. A place is never taken away, only skipped.
type things []thing

// put adds a thing, or replaces the one with its name where it stands.
func (ts *things) put(name string, fields Fields) {
	if i := ts.index(name); i >= 0 {
		(*ts)[i].fields = maps.Clone(fields)
		return
	}
	*ts = append(*ts, thing{name: name, fields: maps.Clone(fields)})
}

// remove takes a thing away, and says whether it was there.
func (ts *things) remove(name string) bool {
	i := ts.index(name)
	if i >= 0 {
		(*ts)[i].gone = true
	}
	return i >= 0
}

func (ts *things) index(name string) int {
	return slices.IndexFunc(*ts, func(t thing) bool { return t.name == name && !t.gone })
}

// page gives up to limit things, from a place on, the place behind them, and whether there are more.
func (ts *things) page(at, limit int) (page []thing, next int, more bool) {
	for ; at < len(*ts); at++ {
		if (*ts)[at].gone {
			continue
		}
		if len(page) == limit {
			return page, at, true
		}
		page = append(page, (*ts)[at])
	}
	return page, at, false
}

// onWire gives fields as they are sent. AWS promises no order of lists that are sets, so each answer begins them elsewhere.
func (c *call) onWire(value any) any {
	switch value := value.(type) {
	case Fields:
		return c.onWire(map[string]any(value))
	case map[string]any:
		sent := make(map[string]any, len(value))
		for name, inner := range value {
			sent[name] = c.onWire(inner)
		}
		return sent
	case []string:
		if len(value) == 0 {
			return value
		}
		begin := int(c.server.serial.Add(1) % uint64(len(value)))
		return slices.Concat(value[begin:], value[:begin])
	case []Fields:
		sent := make([]any, 0, len(value))
		for _, inner := range value {
			sent = append(sent, c.onWire(inner))
		}
		return sent
	case time.Time:
		return wireTime(value)
	default:
		return value
	}
}

// with gives the fields and those that a kind of thing always has.
func (f Fields) with(always Fields) Fields {
	all := maps.Clone(always)
	maps.Copy(all, f)
	return all
}
