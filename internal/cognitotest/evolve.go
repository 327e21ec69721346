package cognitotest

import (
	"fmt"
	"slices"
	"strconv"
)

// Evolution is what happens to a pool between two runs.
type Evolution struct {
	Changed int // users that get other values and a later UpdatedAt
	Added   int // users that are new
	Removed int // users that are gone, with their memberships
}

// Evolved names, by sub, the users that an evolution touched. No user is in two of the lists.
type Evolved struct {
	Changed, Added, Removed []string
}

// Evolve lets the pool move on by a day. Which users are touched depends on the seed of the pool's users and on the
// evolutions before alone. Users that are added are in the groups, like those before them.
// It fails, and changes nothing, when the pool has fewer users than are to be changed and removed.
func (p *PoolHandle) Evolve(e Evolution) (Evolved, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Changed < 0 || e.Added < 0 || e.Removed < 0 || e.Changed+e.Removed > p.live {
		return Evolved{}, fmt.Errorf("can't change %d and remove %d of %d users and add %d", e.Changed, e.Removed, p.live, e.Added)
	}
	p.evolutions++
	p.changes++
	spec := p.pool.Users.spec
	var done Evolved

	slots := len(p.extras)
	for _, c := range p.cohorts {
		slots += c.len()
	}
	order := newPermutation(slots, mix(spec.Seed, uint64(p.evolutions), 31))
	for i := 0; len(done.Removed) < e.Removed || len(done.Changed) < e.Changed; i++ {
		at := p.slot(order.at(i))
		u, ok := p.user(at)
		switch {
		case !ok:
		case len(done.Removed) < e.Removed:
			p.remove(at, u.Sub)
			done.Removed = append(done.Removed, u.Sub)
		default:
			p.change(at, u)
			done.Changed = append(done.Changed, u.Sub)
		}
	}

	if e.Added > 0 {
		c := newCohort(spec, p.evolutions, e.Added)
		p.cohorts = append(p.cohorts, &c)
		p.live += e.Added
		for rank := range e.Added {
			done.Added = append(done.Added, c.subs.at(rank))
		}
	}
	return done, nil
}

// slot gives the slot of this number, over all segments.
func (p *PoolHandle) slot(number int) slot {
	for i, c := range p.cohorts {
		if number < c.len() {
			return slot{int32(i), int32(number)}
		}
		number -= c.len()
	}
	return slot{extras, int32(number)}
}

// change lets a generated user be generated as of this evolution, and gives a user that was put another custom:score.
func (p *PoolHandle) change(at slot, u User) {
	if _, put := p.replaced[at]; at.segment != extras && !put {
		p.touched[at] = p.evolutions
		return
	}
	if day := evolved(p.evolutions, mix(mixText(u.Sub), uint64(p.evolutions))); day.After(u.UpdatedAt) {
		u.UpdatedAt = day
	} else {
		u.UpdatedAt = u.UpdatedAt.AddDate(0, 0, 1) // it was put with a time of its own, which may be later
	}
	u.Attributes = slices.DeleteFunc(slices.Clone(u.Attributes), func(a AttributeValue) bool { return a.Name == "custom:score" })
	u.Attributes = append(u.Attributes, AttributeValue{"custom:score", strconv.Itoa(int(p.evolutions))})
	p.put(at, u)
}
