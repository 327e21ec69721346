package cognitotest

import "time"

// Line gives the user as a line of JSON for whoever compares: times as text, attributes by name.
func (u User) Line() any {
	attributes := map[string]string{}
	for _, a := range u.Attributes {
		attributes[a.Name] = a.Value
	}
	return map[string]any{
		"sub": u.Sub, "username": u.Username, "enabled": u.Enabled, "status": u.Status,
		"created_at": instant(u.CreatedAt), "updated_at": instant(u.UpdatedAt), "attributes": attributes,
	}
}

// Line gives the group as a line of JSON.
func (g Group) Line() any {
	return map[string]any{
		"name": g.Name, "description": g.Description, "precedence": g.Precedence, "role_arn": g.RoleARN,
		"created_at": instant(g.CreatedAt), "updated_at": instant(g.UpdatedAt),
	}
}

// Line gives the membership as a line of JSON.
func (m Membership) Line() any {
	return map[string]any{"group": m.Group, "sub": m.User.Sub, "username": m.User.Username}
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
