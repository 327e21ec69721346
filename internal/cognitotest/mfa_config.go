package cognitotest

import "encoding/json"

// getUserPoolMfaConfig answers GetUserPoolMfaConfig with the pool's MFA and what Pool.MFAConfig says beside it.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolMfaConfig.html
func getUserPoolMfaConfig(c *call) ([]byte, error) {
	p, err := c.onlyPool()
	if err != nil {
		return nil, err
	}
	return json.Marshal(c.onWire(p.pool.MFAConfig.with(Fields{"MfaConfiguration": p.pool.MFA})))
}
