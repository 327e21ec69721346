package cognitotest

import "time"

// Group is a group as the service holds it. A nil pointer is a field the service leaves out.
type Group struct {
	Name        string
	Description *string
	Precedence  *int
	RoleARN     *string
	CreatedAt   time.Time // UTC, whole milliseconds
	UpdatedAt   time.Time // UTC, whole milliseconds
}

// Membership is a user in a group.
type Membership struct {
	Group string
	Sub   string
}
