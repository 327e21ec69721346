package cognitotest

import "encoding/json"

// AddDomain adds a domain, or replaces the one that is there. Fields are those of DomainDescriptionType. One with a CustomDomainConfig
// is the pool's custom domain; a pool has one of either kind at most.
func (p *PoolHandle) AddDomain(domain string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.domains.put(domain, fields)
}

// RemoveDomain removes a domain, and says whether it was there.
func (p *PoolHandle) RemoveDomain(domain string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.domains.remove(domain)
}

// domainFields gives what DescribeUserPool says about the pool's domains.
func (p *PoolHandle) domainFields() Fields {
	p.mu.RLock()
	defer p.mu.RUnlock()
	fields := Fields{}
	for _, t := range p.domains {
		name := "Domain"
		if _, custom := t.fields["CustomDomainConfig"]; custom {
			name = "CustomDomain"
		}
		if !t.gone {
			fields[name] = t.name
		}
	}
	return fields
}

// describeUserPoolDomain answers DescribeUserPoolDomain. Of a domain that is not the account's it says nothing, which is no error.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolDomain.html
func describeUserPoolDomain(c *call) ([]byte, error) {
	var in struct{ Domain *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Domain == nil {
		return nil, missing("domain")
	}
	for _, p := range c.server.poolsOf(c.region) {
		p.mu.RLock()
		i := p.domains.index(*in.Domain)
		if i >= 0 {
			fields := p.domains[i].fields.with(Fields{
				"Domain": *in.Domain, "UserPoolId": p.pool.ID, "AWSAccountId": accountID, "Status": "ACTIVE", "Version": "20210101000000",
			})
			p.mu.RUnlock()
			return json.Marshal(map[string]any{"DomainDescription": c.onWire(fields)})
		}
		p.mu.RUnlock()
	}
	return []byte(`{"DomainDescription":{}}`), nil
}
