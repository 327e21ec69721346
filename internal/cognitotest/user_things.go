package cognitotest

import "encoding/json"

// AddDevice adds a device that a user has remembered, or replaces the one with this key. Fields are those of DeviceType.
func (p *PoolHandle) AddDevice(sub, key string, fields Fields) { p.addOf(&p.devices, sub, key, fields) }

// AddAuthEvent adds a sign-in event of a user, or replaces the one with this ID. Fields are those of AuthEventType.
func (p *PoolHandle) AddAuthEvent(sub, id string, fields Fields) { p.addOf(&p.events, sub, id, fields) }

func (p *PoolHandle) addOf(kind *map[string]*things, sub, name string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *kind == nil {
		*kind = map[string]*things{}
	}
	if (*kind)[sub] == nil {
		(*kind)[sub] = &things{}
	}
	(*kind)[sub].put(name, fields)
}

// adminListDevices answers AdminListDevices.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListDevices.html
func adminListDevices(c *call) ([]byte, error) {
	return c.listOfUser("PaginationToken", "Devices", "DeviceKey", nil, func(p *PoolHandle) map[string]*things { return p.devices })
}

// adminListUserAuthEvents answers AdminListUserAuthEvents, which a pool without threat protection does not have.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListUserAuthEvents.html
func adminListUserAuthEvents(c *call) ([]byte, error) {
	return c.listOfUser("NextToken", "AuthEvents", "EventId", func(p *PoolHandle) error {
		if p.pool.ThreatProtection == "" || p.pool.ThreatProtection == "OFF" {
			return fail("UserPoolAddOnNotEnabledException", "Threat protection is not enabled for user pool %s.", p.pool.ID)
		}
		return nil
	}, func(p *PoolHandle) map[string]*things { return p.events })
}

// listOfUser answers an operation that lists what one user has. The user is named by username or by sub.
func (c *call) listOfUser(token, items, name string, refuse func(*PoolHandle) error, kind func(*PoolHandle) map[string]*things) ([]byte, error) {
	var in struct {
		UserPoolID, Username       *string
		Limit, MaxResults          *int
		NextToken, PaginationToken *string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if in.Username == nil {
		return nil, missing("username")
	}
	if refuse != nil {
		if err := refuse(pool); err != nil {
			return nil, err
		}
	}
	sub, found := pool.subOf(*in.Username)
	if !found {
		return nil, fail("UserNotFoundException", "User does not exist.")
	}
	most, given := limit{"limit", in.Limit, 0, maxLimit}, in.PaginationToken
	if token == "NextToken" {
		most, given = limit{"maxResults", in.MaxResults, 0, maxLimit}, in.NextToken
	}
	page, err := c.pageOf(pool, most, given, "paginationToken", *in.Username)
	if err != nil {
		return nil, err
	}
	pool.mu.RLock()
	defer pool.mu.RUnlock()
	var has things
	if ts := kind(pool)[sub]; ts != nil {
		has = *ts
	}
	listed, at, more := has.page(int(page.from.at.offset), page.limit)
	out := []any{}
	for _, t := range listed {
		out = append(out, c.onWire(t.fields.with(Fields{name: t.name})))
	}
	answer := map[string]any{items: out}
	if next := page.next(cursor{offset: int32(at)}, more); next != nil {
		answer[token] = *next
	}
	return json.Marshal(answer)
}

// subOf finds a user by its username or its sub. Usernames are computed, not stored, so they are all looked at when one is first
// asked for, and again after the pool has changed.
func (p *PoolHandle) subOf(name string) (sub string, found bool) {
	p.mu.RLock()
	_, isSub := p.find(name)
	changes := p.changes
	p.mu.RUnlock()
	if isSub {
		return name, true
	}
	p.indexing.Lock()
	defer p.indexing.Unlock()
	if p.byUsername == nil || p.indexed != changes {
		p.byUsername, p.indexed = map[string]string{}, changes
		for u := range p.All() {
			p.byUsername[u.Username] = u.Sub
		}
	}
	sub, found = p.byUsername[name]
	return sub, found
}
