package cognitotest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// Pool is a user pool to add to a Server.
type Pool struct {
	ID             string      // "us-east-1_Example1"
	Name           string      // empty: "Example"
	Region         string      // empty: the part of the ID before "_"
	Schema         []Attribute // nil: DefaultSchema
	Users          Users       // with the groups of their spec
	EstimatedUsers *int        // what DescribeUserPool says; nil: the real number. AWS calls it an estimate
	Tier           string      // empty: "ESSENTIALS"
	MFA            string      // empty: "OFF"
	CreatedAt      time.Time   // zero: 2021-01-01

	ThreatProtection string // "AUDIT" or "ENFORCED"; empty: the pool does not have it, and no sign-in events
	Settings         Fields // further fields of UserPoolType, which hold before the usual ones
	MFAConfig        Fields // further fields of GetUserPoolMfaConfig
}

// PoolHandle is a pool of a Server. Every method may be called while requests are served.
type PoolHandle struct {
	pool  Pool
	clock func() time.Time

	mu         sync.RWMutex
	cohorts    []*cohort
	touched    map[slot]uint32 // generated users that are not as they began: the evolution that changed them, or gone
	replaced   map[slot]User   // generated users that were put
	extras     []User          // users that were put and that nobody generated; without a sub: gone
	extraSlots map[string]slot
	groups     []*group
	live       int
	evolutions uint32

	clients, providers, servers, domains, jobs things
	devices, events                            map[string]*things // by sub
	keys                                       []Fields

	changes    int // of users; byUsername is of the users that there were after indexed of them
	indexing   sync.Mutex
	indexed    int
	byUsername map[string]string
}

// slot is the place of a user: the cohort and the rank in it, or extras and the index there.
type slot struct{ segment, index int32 }

const (
	extras        = int32(-1)
	gone   uint32 = 1<<32 - 1
)

// AddPool adds a pool. It panics when the Region has one with this ID.
func (s *Server) AddPool(pool Pool) *PoolHandle {
	if pool.Region == "" {
		pool.Region, _, _ = strings.Cut(pool.ID, "_")
	}
	if pool.Name == "" {
		pool.Name = "Example"
	}
	if pool.Schema == nil {
		pool.Schema = DefaultSchema()
	}
	if pool.Tier == "" {
		pool.Tier = "ESSENTIALS"
	}
	if pool.MFA == "" {
		pool.MFA = "OFF"
	}
	if pool.CreatedAt.IsZero() {
		pool.CreatedAt = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	p := &PoolHandle{
		pool: pool, clock: s.opts.Clock,
		touched: map[slot]uint32{}, replaced: map[slot]User{}, extraSlots: map[string]slot{},
		groups: newGroups(pool.Users.spec), live: pool.Users.Len(), keys: newSigningKeys(pool.ID),
	}
	if pool.Users.Len() > 0 {
		first := pool.Users.first
		p.cohorts = append(p.cohorts, &first)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := poolKey{pool.Region, pool.ID}
	if s.pools[key] != nil {
		panic(fmt.Sprintf("cognitotest: Region %s has a pool %s already", pool.Region, pool.ID))
	}
	s.pools[key] = p
	return p
}

// ID gives the pool's ID.
func (p *PoolHandle) ID() string { return p.pool.ID }

// Region gives the pool's Region.
func (p *PoolHandle) Region() string { return p.pool.Region }

// Len gives the number of users there are now.
func (p *PoolHandle) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.live
}

// All gives every user there is throughout, in the order in which they are listed.
func (p *PoolHandle) All() iter.Seq[User] {
	return func(yield func(User) bool) {
		for at, more := (cursor{}), true; more; {
			var users []User
			users, at, more = p.list(filter{}, at, 1000)
			for _, u := range users {
				if !yield(u) {
					return
				}
			}
		}
	}
}

// User gives the user with this sub.
func (p *PoolHandle) User(sub string) (User, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	at, ok := p.find(sub)
	if !ok {
		return User{}, false
	}
	return p.user(at)
}

// Put adds a user, or replaces the one with its sub where it stands. Times that are zero become the clock's.
// The attribute sub is added when it is not there.
func (p *PoolHandle) Put(u User) {
	now := p.clock().UTC().Truncate(time.Millisecond)
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	if u.UpdatedAt.IsZero() {
		u.UpdatedAt = now
	}
	u.Attributes = slices.Clone(u.Attributes)
	if _, ok := u.Attribute("sub"); !ok {
		u.Attributes = slices.Insert(u.Attributes, 0, AttributeValue{"sub", u.Sub})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	if at, ok := p.find(u.Sub); ok {
		p.put(at, u)
		return
	}
	p.extraSlots[u.Sub] = slot{extras, int32(len(p.extras))}
	p.extras = append(p.extras, u)
	p.live++
}

// Delete removes a user with its memberships, and says whether it was there. One that is put again stands at the end
// of the list, so that a scan that has passed it meets it twice.
func (p *PoolHandle) Delete(sub string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.find(sub)
	if ok {
		p.remove(at, sub)
	}
	return ok
}

func (p *PoolHandle) remove(at slot, sub string) {
	p.changes++
	delete(p.devices, sub)
	delete(p.events, sub)
	if at.segment == extras {
		p.extras[at.index] = User{}
		delete(p.extraSlots, sub)
	} else {
		p.touched[at] = gone
		delete(p.replaced, at)
	}
	for _, g := range p.groups {
		g.leave(sub)
	}
	p.live--
}

func (p *PoolHandle) put(at slot, u User) {
	if at.segment == extras {
		p.extras[at.index] = u
	} else {
		p.replaced[at] = u
	}
}

// find gives the slot of a user that is there.
func (p *PoolHandle) find(sub string) (slot, bool) {
	if at, ok := p.extraSlots[sub]; ok {
		return at, true
	}
	for i, c := range p.cohorts {
		if rank, ok := c.subs.rank(sub); ok {
			at := slot{int32(i), int32(rank)}
			return at, p.touched[at] != gone
		}
	}
	return slot{}, false
}

// user gives the user in a slot, unless it is gone.
func (p *PoolHandle) user(at slot) (User, bool) {
	if at.segment == extras {
		u := p.extras[at.index]
		return u, u.Sub != ""
	}
	evolution := p.touched[at]
	if evolution == gone {
		return User{}, false
	}
	if len(p.replaced) > 0 {
		if u, ok := p.replaced[at]; ok {
			return u, true
		}
	}
	return p.cohorts[at.segment].user(int(at.index), evolution), true
}
