package cognitotest

import (
	"fmt"
	"slices"
)

// AddCustomAttribute adds an attribute to the pool's schema; no user has it yet. As in AWS it never goes again.
// It panics when the schema has one of this name.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddCustomAttributes.html
func (p *PoolHandle) AddCustomAttribute(a Attribute) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.ContainsFunc(p.pool.Schema, func(is Attribute) bool { return is.Name == a.Name }) {
		panic(fmt.Sprintf("cognitotest: pool %s has an attribute %s already", p.pool.ID, a.Name))
	}
	p.pool.Schema = append(slices.Clone(p.pool.Schema), a)
}

// Schema gives the attributes that the pool defines now.
func (p *PoolHandle) Schema() []Attribute {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.pool.Schema // never changed in place
}
