package cognitotest

import "encoding/json"

// getUserPoolMfaConfig answers GetUserPoolMfaConfig with the pool's MFA and what Pool.MFAConfig says beside it.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolMfaConfig.html
func getUserPoolMfaConfig(c *call) ([]byte, error) {
	var in struct{ UserPoolID *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(c.onWire(p.pool.MFAConfig.with(Fields{"MfaConfiguration": p.pool.MFA})))
}
