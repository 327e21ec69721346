package cognitotest

import "time"

// User is a user as the service holds it.
type User struct {
	Sub        string
	Username   string
	Enabled    bool
	Status     string           // "CONFIRMED", "EXTERNAL_PROVIDER", …
	CreatedAt  time.Time        // UTC, whole milliseconds
	UpdatedAt  time.Time        // UTC, whole milliseconds
	Attributes []AttributeValue // as on the wire: sub is the first; an absent attribute is not here, an empty one is
}

// AttributeValue is one attribute of a user. On the wire every value is a string.
type AttributeValue struct {
	Name, Value string
}

// Attribute gives the value of the attribute, and whether the user has it.
func (u User) Attribute(name string) (string, bool) {
	for _, a := range u.Attributes {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
