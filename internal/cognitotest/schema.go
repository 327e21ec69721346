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
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
func StandardSchema() []Attribute {
	schema := []Attribute{
		{Name: "sub", Type: "String", Required: true, Min: "1", Max: "2048"},
	}
	for _, name := range []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
		"gender", "zoneinfo", "locale", "phone_number", "address",
	} {
		schema = append(schema, Attribute{Name: name, Type: "String", Mutable: true, Min: "0", Max: "2048"})
	}
	return append(schema,
		Attribute{Name: "birthdate", Type: "String", Mutable: true, Min: "10", Max: "10"},
		Attribute{Name: "email_verified", Type: "Boolean", Mutable: true},
		Attribute{Name: "phone_number_verified", Type: "Boolean", Mutable: true},
		Attribute{Name: "updated_at", Type: "Number", Mutable: true, Min: "0"},
		Attribute{Name: "identities", Type: "String", Mutable: true},
	)
}

// DefaultSchema is StandardSchema with the custom attributes that generated users have: one of each type.
func DefaultSchema() []Attribute {
	return append(StandardSchema(),
		Attribute{Name: "custom:plan", Type: "String", Mutable: true, Min: "0", Max: "2048"},
		Attribute{Name: "custom:score", Type: "Number", Mutable: true},
		Attribute{Name: "custom:joined", Type: "DateTime", Mutable: true},
		Attribute{Name: "custom:vip", Type: "Boolean", Mutable: true},
	)
}
