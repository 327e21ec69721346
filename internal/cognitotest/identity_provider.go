package cognitotest

import "time"

// AddIdentityProvider adds an identity provider, or replaces the one with this name. Fields are those of IdentityProviderType;
// DescribeIdentityProvider gives ProviderDetails with the secrets in it, as AWS does.
func (p *PoolHandle) AddIdentityProvider(name string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.providers.put(name, fields)
}

// RemoveIdentityProvider removes an identity provider, and says whether it was there.
func (p *PoolHandle) RemoveIdentityProvider(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.providers.remove(name)
}

func showProvider(p *PoolHandle, t thing) Fields {
	return t.fields.with(Fields{
		"ProviderName": t.name, "ProviderType": "OIDC", "CreationDate": p.pool.CreatedAt, "LastModifiedDate": p.pool.CreatedAt.Add(time.Hour),
	})
}

// listIdentityProviders answers ListIdentityProviders.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListIdentityProviders.html
var listIdentityProviders = listing{
	kind: func(p *PoolHandle) *things { return &p.providers },
	show: func(p *PoolHandle, t thing) Fields {
		full, short := showProvider(p, t), Fields{}
		for _, name := range []string{"ProviderName", "ProviderType", "CreationDate", "LastModifiedDate"} {
			short[name] = full[name]
		}
		return short
	},
	items: "Providers", token: "NextToken", most: 60,
}.list

// describeIdentityProvider answers DescribeIdentityProvider.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeIdentityProvider.html
func describeIdentityProvider(c *call) ([]byte, error) {
	var in struct{ UserPoolID, ProviderName *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if in.ProviderName == nil {
		return nil, missing("providerName")
	}
	if len(*in.ProviderName) > 32 {
		return nil, violated(*in.ProviderName, "providerName", "Member must have length less than or equal to 32")
	}
	return describeThing(c, pool, &pool.providers, *in.ProviderName, func(p *PoolHandle, t thing) Fields {
		return showProvider(p, t).with(Fields{"UserPoolId": p.pool.ID})
	}, "IdentityProvider", "Identity provider "+*in.ProviderName+" does not exist.")
}
