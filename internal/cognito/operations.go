package cognito

// quota is a limit that AWS sets on the requests per second of an account in a Region.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
type quota struct {
	name      string
	perSecond float64
	perPool   bool // the limit that is met first is one per operation and pool
}

var (
	userList     = quota{name: "UserList", perSecond: 30}
	userPoolRead = quota{name: "UserPoolRead", perSecond: 15}
	// The account may do 20/s in this category, but no more than 5/s of one operation on one pool.
	userPoolResourceRead = quota{name: "UserPoolResourceRead", perSecond: 5, perPool: true}

	quotas = []quota{userList, userPoolRead, userPoolResourceRead}
)

// operation is one operation of the API. Its IAM action is cognito-idp:<name>.
type operation struct {
	name  string
	quota quota
}

var (
	describeUserPool = operation{"DescribeUserPool", userPoolRead}
	listUsers        = operation{"ListUsers", userList}
	listGroups       = operation{"ListGroups", userPoolResourceRead}
	listUsersInGroup = operation{"ListUsersInGroup", userList}
)

// action gives the IAM action that allows the operation.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
func (o operation) action() string { return "cognito-idp:" + o.name }
