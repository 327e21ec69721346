package cognitotest

// bytesPerUser is about what a realistic user takes on the wire.
const bytesPerUser = 1100

// listUsers answers ListUsers.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
func listUsers(c *call) ([]byte, error) {
	var in struct {
		UserPoolID      *string
		AttributesToGet []string
		Limit           *int
		PaginationToken *string
		Filter          string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pool, err := c.pool(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	by, err := parseFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	page, err := c.page(pool, in.Limit, in.PaginationToken, "paginationToken", in.Filter)
	if err != nil {
		return nil, err
	}
	users, at, more := pool.list(by, page.from.at, page.limit)
	for _, u := range users {
		for _, name := range in.AttributesToGet {
			if _, has := u.Attribute(name); !has {
				return nil, invalid("One or more requested attributes do not exist.")
			}
		}
	}
	c.users = len(users)
	out := append(make([]byte, 0, (1+len(users))*bytesPerUser), `{"Users":`...)
	out = appendUsers(out, users, in.AttributesToGet)
	return appendToken(out, "PaginationToken", page.next(at, more)), nil
}
