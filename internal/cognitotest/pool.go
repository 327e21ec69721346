package cognitotest

import (
	"iter"
	"time"
)

// Pool is a user pool to add to a Server.
type Pool struct {
	ID             string // "us-east-1_Example1"
	Name           string // empty: "Example"
	Region         string // empty: the part of the ID before "_"
	Schema         []Attribute
	Users          Users
	EstimatedUsers *int // what DescribeUserPool says; nil: the real number. AWS promises only an estimate
	Tier           string
	MFA            string
	CreatedAt      time.Time
}

// PoolHandle is a pool of a Server. Every method may be called while the server is asked.
type PoolHandle struct {
	pool Pool
}

// AddPool adds a pool. It panics when the Region has one with this ID.
func (s *Server) AddPool(pool Pool) *PoolHandle { return &PoolHandle{pool: pool} }

// Len gives the number of users there are now.
func (p *PoolHandle) Len() int { return p.pool.Users.Len() }

// All gives the users there are now. The pool must not be changed meanwhile.
func (p *PoolHandle) All() iter.Seq[User] { return p.pool.Users.All() }

// User gives the user with this sub.
func (p *PoolHandle) User(_ string) (User, bool) { return User{}, false }

// Put adds a user, or replaces the one with its sub where it stands. Times that are zero become the clock's.
func (p *PoolHandle) Put(_ User) {}

// Delete removes a user, and says whether it was there. One that is Put again stands at the end of the list:
// a scan that has passed it meets it twice.
func (p *PoolHandle) Delete(_ string) bool { return false }

// Groups gives the groups there are now.
func (p *PoolHandle) Groups() iter.Seq[Group] { return func(func(Group) bool) {} }

// PutGroup adds a group, or replaces the one with its name where it stands.
func (p *PoolHandle) PutGroup(_ Group) {}

// DeleteGroup removes a group with its memberships, and says whether it was there.
func (p *PoolHandle) DeleteGroup(_ string) bool { return false }

// Join puts a user into a group. Both must exist.
func (p *PoolHandle) Join(_, _ string) {}

// Leave takes a user out of a group.
func (p *PoolHandle) Leave(_, _ string) {}

// Memberships gives every user of every group.
func (p *PoolHandle) Memberships() iter.Seq[Membership] { return func(func(Membership) bool) {} }
