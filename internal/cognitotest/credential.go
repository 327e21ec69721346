package cognitotest

// Credential is a key that a Server knows.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string   // of a temporary credential; empty: a request must not carry one
	Expired         bool     // every request fails with ExpiredTokenException
	Deny            []string // operations that fail with AccessDeniedException: "ListUsers"
}

// DefaultCredential is what a Server without Credentials accepts.
// Source: the example key of https://docs.aws.amazon.com/IAM/latest/UserGuide/security-creds.html
func DefaultCredential() Credential {
	return Credential{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
}
