package cognitotest

import "iter"

// Spec says which users and groups to generate. Equal specs generate equal ones.
type Spec struct {
	Seed    uint64
	Users   int
	Groups  int
	Hostile bool    // values and names that break careless readers, instead of realistic ones
	UUIDv4  bool    // subs are UUIDs of version 4, as in older pools; else only every other digit of their first eight varies
	Crowded float64 // the share of users whose subs begin with the same two varying digits, from 0 to 1; else subs are spread evenly
}

// Users are generated users and groups. They never change: what changes lies in the pool.
type Users struct {
	spec  Spec
	first cohort
}

// Generate gives the users of a spec. None is computed before it is asked for.
func Generate(spec Spec) Users {
	return Users{spec: spec, first: newCohort(spec, 0, spec.Users)}
}

// Len gives the number of users.
func (u Users) Len() int { return u.spec.Users }

// User computes user i, from 0 to Len()-1, in the order in which a pool lists them. That is not the order of their subs.
func (u Users) User(i int) User { return u.first.user(u.first.order.at(i), 0) }

// All gives every user, in that order.
func (u Users) All() iter.Seq[User] {
	return func(yield func(User) bool) {
		for i := range u.spec.Users {
			if !yield(u.User(i)) {
				return
			}
		}
	}
}

// cohort is the users that came into being together: those of the spec, or those that one evolution added.
type cohort struct {
	number  uint32 // of the evolution that added it, 0: the spec's
	seed    uint64
	hostile bool
	subs    subs
	order   permutation // from the position in a list to the rank of the sub
}

func newCohort(spec Spec, number uint32, users int) cohort {
	seed := mix(spec.Seed, uint64(number), 11)
	form := subForm
	if spec.UUIDv4 {
		form = subFormV4
	}
	return cohort{
		number:  number,
		seed:    seed,
		hostile: spec.Hostile,
		subs:    subs{n: users, seed: seed, form: form, crowded: spec.Crowded},
		order:   newPermutation(users, seed),
	}
}

func (c cohort) len() int { return c.subs.n }

// user computes the user of a rank as an evolution left it; 0: as it began.
func (c cohort) user(rank int, evolution uint32) User {
	d := draws{who: mix(c.seed, uint64(rank), 12), evolution: evolution, cohort: c.number, rank: rank}
	u := d.user(c.subs.at(rank))
	if c.hostile {
		d.spoil(&u)
	}
	return u
}
