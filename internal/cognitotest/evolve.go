package cognitotest

// Evolution is what happens to a pool between two runs.
type Evolution struct {
	Changed int // users that get other values and a later UpdatedAt
	Added   int // users that are new
	Removed int // users that are gone
}

// Evolved names, by sub, the users that an evolution touched. No user is in two of the lists.
type Evolved struct {
	Changed, Added, Removed []string
}

// Evolve lets the pool move on. Which users are touched depends on the pool's seed and on the evolutions before.
// It fails, and changes nothing, when the pool has fewer users than are to be changed and removed.
func (p *PoolHandle) Evolve(_ Evolution) (Evolved, error) { return Evolved{}, nil }
