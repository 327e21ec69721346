package cognitotest

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// Groups gives the groups there are now, in the order in which they are listed.
func (p *PoolHandle) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for at, more := 0, true; more; {
			var groups []Group
			groups, at, more = p.listGroups(at, 1000)
			for _, g := range groups {
				if !yield(g) {
					return
				}
			}
		}
	}
}

// Memberships gives every user of every group.
func (p *PoolHandle) Memberships() iter.Seq[Membership] {
	return func(yield func(Membership) bool) {
		for g := range p.Groups() {
			for at, more := (cursor{}), true; more; {
				var users []User
				users, at, more, _ = p.listMembers(g.Name, at, 1000)
				for _, u := range users {
					if !yield(Membership{Group: g.Name, User: u}) {
						return
					}
				}
			}
		}
	}
}

// PutGroup adds a group, or replaces the one with its name where it stands: its members stay. Times that are zero become the clock's.
func (p *PoolHandle) PutGroup(g Group) {
	now := p.clock().UTC().Truncate(time.Millisecond)
	if g.CreatedAt.IsZero() {
		g.CreatedAt = now
	}
	if g.UpdatedAt.IsZero() {
		g.UpdatedAt = now
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if is := p.group(g.Name); is != nil {
		is.Group = g
		return
	}
	p.groups = append(p.groups, &group{Group: g})
}

// DeleteGroup removes a group with its memberships, and says whether it was there.
func (p *PoolHandle) DeleteGroup(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.group(name)
	if g == nil {
		return false
	}
	*g = group{Group: g.Group, gone: true}
	return true
}

// Join puts a user into a group. It panics when one of them does not exist.
func (p *PoolHandle) Join(groupName, sub string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.group(groupName)
	at, ok := p.find(sub)
	if g == nil || !ok {
		panic(fmt.Sprintf("cognitotest: no group %q or no user %q", groupName, sub))
	}
	if p.began(g, at) {
		delete(g.left, sub)
	} else if !slices.Contains(g.joined, sub) {
		g.joined = append(g.joined, sub)
	}
}

// Leave takes a user out of a group.
func (p *PoolHandle) Leave(groupName, sub string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.group(groupName)
	if g == nil {
		return
	}
	g.leave(sub)
	if at, ok := p.find(sub); ok && p.began(g, at) {
		if g.left == nil {
			g.left = map[string]bool{}
		}
		g.left[sub] = true
	}
}

// leave takes a user out who joined. The place stays, so that the tokens of a list that is being read keep their meaning.
func (g *group) leave(sub string) {
	if i := slices.Index(g.joined, sub); i >= 0 {
		g.joined[i] = ""
	}
}

// began says whether the user was generated as a member of the group.
func (p *PoolHandle) began(g *group, at slot) bool {
	if at.segment == extras {
		return false
	}
	n, order := g.members(p.cohorts[at.segment])
	return order.indexOf(int(at.index)) < n
}

func (p *PoolHandle) group(name string) *group {
	for _, g := range p.groups {
		if g.Name == name && !g.gone {
			return g
		}
	}
	return nil
}
