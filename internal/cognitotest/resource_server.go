package cognitotest

// AddResourceServer adds a resource server, or replaces the one with this identifier. Fields are those of ResourceServerType.
func (p *PoolHandle) AddResourceServer(identifier string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers.put(identifier, fields)
}

// listResourceServers answers ListResourceServers.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListResourceServers.html
var listResourceServers = listing{
	kind: func(p *PoolHandle) *things { return &p.servers },
	show: func(p *PoolHandle, t thing) Fields {
		return t.fields.with(Fields{"Identifier": t.name, "Name": t.name, "UserPoolId": p.pool.ID})
	},
	items: "ResourceServers", token: "NextToken", most: 50,
}.list
