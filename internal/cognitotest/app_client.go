package cognitotest

import "time"

// AddAppClient adds an app client, or replaces the one with this ID. Fields are those of UserPoolClientType; a ClientSecret is given
// by DescribeUserPoolClient alone, as AWS does it.
func (p *PoolHandle) AddAppClient(id string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients.put(id, fields)
}

// RemoveAppClient removes an app client, and says whether it was there.
func (p *PoolHandle) RemoveAppClient(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients.remove(id)
}

func clientName(t thing) string {
	if name, ok := t.fields["ClientName"].(string); ok {
		return name
	}
	return t.name
}

// listUserPoolClients answers ListUserPoolClients.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
var listUserPoolClients = listing{
	kind: func(p *PoolHandle) *things { return &p.clients },
	show: func(p *PoolHandle, t thing) Fields {
		return Fields{"ClientId": t.name, "ClientName": clientName(t), "UserPoolId": p.pool.ID}
	},
	items: "UserPoolClients", token: "NextToken", most: 60,
}.list

// describeUserPoolClient answers DescribeUserPoolClient.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolClient.html
func describeUserPoolClient(c *call) ([]byte, error) {
	var in struct{ UserPoolID, ClientID *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if in.ClientID == nil {
		return nil, missing("clientId")
	}
	return describeThing(c, pool, &pool.clients, *in.ClientID, func(p *PoolHandle, t thing) Fields {
		return t.fields.with(Fields{
			"ClientId": t.name, "ClientName": clientName(t), "UserPoolId": p.pool.ID, "RefreshTokenValidity": 30,
			"CreationDate": p.pool.CreatedAt, "LastModifiedDate": p.pool.CreatedAt.Add(time.Hour), "AllowedOAuthFlowsUserPoolClient": false,
		})
	}, "UserPoolClient", "User pool client "+*in.ClientID+" does not exist.")
}
