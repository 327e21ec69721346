package cognitotest

import (
	"fmt"
	"slices"
)

// Credential is a key that a Server knows.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string   // of a temporary credential; empty: a request must not carry one
	Expired         bool     // every request fails with ExpiredTokenException
	Deny            []string // operations that fail with AccessDeniedException: "ListUsers"
}

// AssumedRole is how STS answers AssumeRole: with the session of a role, which lasts for all that a test does.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (c Credential) AssumedRole() string {
	return fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
	<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>
	<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

// DefaultCredential is what a Server without Credentials accepts.
// Source: the example key of https://docs.aws.amazon.com/IAM/latest/UserGuide/security-creds.html
func DefaultCredential() Credential {
	return Credential{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
}

// SetCredentials makes these the keys that the server knows from now on: keys are rotated, permissions given and taken.
func (s *Server) SetCredentials(credentials ...Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Credentials = slices.Clone(credentials)
}

// credential gives the known credential of this key, or nil.
func (s *Server) credential(accessKeyID string) *Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.opts.Credentials {
		if c.AccessKeyID == accessKeyID {
			return &c
		}
	}
	return nil
}
