package cognitotest

// cursor is a place in a list: in which cohort (or extras, which come last), and how many of its positions are behind.
// It stays true while the pool changes: places are never taken away, only skipped.
type cursor struct{ segment, offset int32 }

// enter makes a cursor stand in a segment that exists: behind the last cohort are the extras.
func (p *PoolHandle) enter(at cursor) cursor {
	if at.segment != extras && int(at.segment) >= len(p.cohorts) {
		return cursor{segment: extras}
	}
	return at
}

// maxLookedAt bounds how many users one request looks at to find those that match a filter: a page may come out empty.
const maxLookedAt = 20_000

// list gives up to limit users that match, from a place on, the place behind them, and whether there may be more.
func (p *PoolHandle) list(f filter, at cursor, limit int) (users []User, next cursor, more bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	users = make([]User, 0, limit)
	for looked := 0; ; {
		at = p.enter(at)
		count, order := p.segment(f, at.segment)
		for ; int(at.offset) < count; at.offset++ {
			if len(users) == limit || looked == maxLookedAt {
				return users, at, true
			}
			looked++
			if u, ok := p.user(slot{at.segment, order(int(at.offset))}); ok && f.matches(u) {
				users = append(users, u)
			}
		}
		if at.segment == extras {
			return users, at, false
		}
		at = cursor{segment: at.segment + 1}
	}
}

// segment gives the slots of a segment to look at: how many, and which for each position.
// Those with a prefix of the sub are a range of ranks; they come in an order of their own, never in that of their subs.
func (p *PoolHandle) segment(f filter, segment int32) (count int, order func(int) int32) {
	if segment == extras {
		return len(p.extras), func(i int) int32 { return int32(i) }
	}
	c := p.cohorts[segment]
	if f.name != "sub" {
		return c.len(), func(i int) int32 { return int32(c.order.at(i)) }
	}
	lo, hi := c.subs.prefixed(f.value)
	ranks := newPermutation(hi-lo, mix(c.seed, uint64(lo), uint64(hi)))
	return hi - lo, func(i int) int32 { return int32(lo + ranks.at(i)) }
}

// listMembers gives up to limit users of a group; ok: the group exists.
func (p *PoolHandle) listMembers(name string, at cursor, limit int) (users []User, next cursor, more, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	g := p.group(name)
	if g == nil {
		return nil, at, false, false
	}
	users = make([]User, 0, limit)
	for at = p.enter(at); at.segment != extras; at = p.enter(cursor{segment: at.segment + 1}) {
		n, order := g.members(p.cohorts[at.segment])
		for ; int(at.offset) < n; at.offset++ {
			if len(users) == limit {
				return users, at, true, true
			}
			u, here := p.user(slot{at.segment, int32(order.at(int(at.offset)))})
			if here && !g.left[u.Sub] {
				users = append(users, u)
			}
		}
	}
	for ; int(at.offset) < len(g.joined); at.offset++ {
		if len(users) == limit {
			return users, at, true, true
		}
		if place, here := p.find(g.joined[at.offset]); here {
			u, _ := p.user(place)
			users = append(users, u)
		}
	}
	return users, at, false, true
}

// listGroups gives up to limit groups.
func (p *PoolHandle) listGroups(at, limit int) (groups []Group, next int, more bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for ; at < len(p.groups); at++ {
		if len(groups) == limit {
			return groups, at, true
		}
		if !p.groups[at].gone {
			groups = append(groups, p.groups[at].Group)
		}
	}
	return groups, at, false
}
