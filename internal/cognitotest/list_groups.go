package cognitotest

// listGroups answers ListGroups.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html
func listGroups(c *call) ([]byte, error) {
	var in struct {
		UserPoolID *string
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
	page, err := c.page(pool, in.Limit, in.NextToken, "nextToken", "")
	if err != nil {
		return nil, err
	}
	groups, at, more := pool.listGroups(int(page.from.at.offset), page.limit)
	out := appendGroups([]byte(`{"Groups":`), groups, pool.ID())
	return appendToken(out, "NextToken", page.next(cursor{offset: int32(at)}, more)), nil
}
