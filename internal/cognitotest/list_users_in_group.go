package cognitotest

// listUsersInGroup answers ListUsersInGroup.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
func listUsersInGroup(c *call) ([]byte, error) {
	var in struct {
		UserPoolID *string
		GroupName  *string
		Limit      *int
		NextToken  *string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if in.GroupName == nil {
		return nil, invalid("1 validation error detected: Value null at 'groupName' failed to satisfy constraint: Member must not be null")
	}
	page, err := c.page(pool, in.Limit, in.NextToken, "nextToken", *in.GroupName)
	if err != nil {
		return nil, err
	}
	users, at, more, ok := pool.listMembers(*in.GroupName, page.from.at, page.limit)
	if !ok {
		return nil, fail("ResourceNotFoundException", "Group not found.")
	}
	c.users = len(users)
	out := append(make([]byte, 0, (1+len(users))*bytesPerUser), `{"Users":`...)
	out = appendUsers(out, users, nil)
	return appendToken(out, "NextToken", page.next(at, more)), nil
}
