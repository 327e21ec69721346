package cognitotest

import "encoding/json"

// listing is how an operation lists things of a pool.
type listing struct {
	kind     func(*PoolHandle) *things
	show     func(*PoolHandle, thing) Fields
	items    string // what the answer calls them
	token    string // what request and answer call the page token
	most     int    // the largest MaxResults
	required bool   // MaxResults must be given
}

// list answers an operation that lists things.
func (l listing) list(c *call) ([]byte, error) {
	var in struct {
		UserPoolID      *string
		MaxResults      *int
		NextToken       *string
		PaginationToken *string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if l.required && in.MaxResults == nil {
		return nil, missing("maxResults")
	}
	given := in.NextToken
	if l.token == "PaginationToken" {
		given = in.PaginationToken
	}
	page, err := c.pageOf(pool, limit{"maxResults", in.MaxResults, 1, l.most}, given, "nextToken", "")
	if err != nil {
		return nil, err
	}
	pool.mu.RLock()
	defer pool.mu.RUnlock()
	listed, at, more := l.kind(pool).page(int(page.from.at.offset), page.limit)
	items := []any{}
	for _, t := range listed {
		items = append(items, c.onWire(l.show(pool, t)))
	}
	out := map[string]any{l.items: items}
	if token := page.next(cursor{offset: int32(at)}, more); token != nil {
		out[l.token] = *token
	}
	return json.Marshal(out)
}

// describeThing answers an operation that describes one thing of a pool.
func describeThing(c *call, pool *PoolHandle, kind *things, name string, show func(*PoolHandle, thing) Fields, item, notFound string) ([]byte, error) {
	pool.mu.RLock()
	defer pool.mu.RUnlock()
	i := kind.index(name)
	if i < 0 {
		return nil, fail("ResourceNotFoundException", "%s", notFound)
	}
	return json.Marshal(map[string]any{item: c.onWire(show(pool, (*kind)[i]))})
}

// missing is what AWS says when a parameter that it needs is not there.
func missing(member string) error {
	return invalid("1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null")
}
