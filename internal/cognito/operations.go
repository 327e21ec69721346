package cognito

// quota is a limit that AWS sets on the requests per second of an account in a Region: one for all operations of a category.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
type quota struct {
	name      string
	perSecond float64
	// eachPerPool is how many of these may be of one operation on one pool; 0: as many as there may be.
	eachPerPool float64
}

var (
	userList             = quota{name: "UserList", perSecond: 30}
	userResourceRead     = quota{name: "UserResourceRead", perSecond: 50}
	userPoolRead         = quota{name: "UserPoolRead", perSecond: 15}
	userPoolResourceRead = quota{name: "UserPoolResourceRead", perSecond: 20, eachPerPool: 5}
	userPoolClientRead   = quota{name: "UserPoolClientRead", perSecond: 15, eachPerPool: 5}

	quotas = []quota{userList, userResourceRead, userPoolRead, userPoolResourceRead, userPoolClientRead}
)

// share is the part of a rate that a connector may take. Of every quota it is the one that maxRequestsPerSecond is of UserList.
func share(perSecond float64, maxRequestsPerSecond int64) float64 {
	return perSecond * float64(maxRequestsPerSecond) / userList.perSecond
}

// operation is one operation of the API. Its IAM action is cognito-idp:<name>.
type operation struct {
	name  string
	quota quota
}

var (
	describeUserPool         = operation{"DescribeUserPool", userPoolRead}
	listUsers                = operation{"ListUsers", userList}
	listUsersInGroup         = operation{"ListUsersInGroup", userList}
	listGroups               = operation{"ListGroups", userPoolResourceRead}
	getUserPoolMfaConfig     = operation{"GetUserPoolMfaConfig", userPoolResourceRead}
	listIdentityProviders    = operation{"ListIdentityProviders", userPoolResourceRead}
	describeIdentityProvider = operation{"DescribeIdentityProvider", userPoolResourceRead}
	listResourceServers      = operation{"ListResourceServers", userPoolResourceRead}
	describeUserPoolDomain   = operation{"DescribeUserPoolDomain", userPoolResourceRead}
	listUserImportJobs       = operation{"ListUserImportJobs", userPoolResourceRead}
	listUserPoolClients      = operation{"ListUserPoolClients", userPoolClientRead}
	describeUserPoolClient   = operation{"DescribeUserPoolClient", userPoolClientRead}
	adminListDevices         = operation{"AdminListDevices", userResourceRead}
	adminListUserAuthEvents  = operation{"AdminListUserAuthEvents", userResourceRead}

	operations = []operation{
		describeUserPool, listUsers, listUsersInGroup, listGroups, getUserPoolMfaConfig, listIdentityProviders, describeIdentityProvider,
		listResourceServers, describeUserPoolDomain, listUserImportJobs, listUserPoolClients, describeUserPoolClient, adminListDevices, adminListUserAuthEvents,
	}
)

// action gives the IAM action that allows the operation.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
func (o operation) action() string { return "cognito-idp:" + o.name }

// resource gives the ARN that the action is allowed on: the pool's, but for a domain, which AWS looks up without a pool.
func (o operation) resource(t target) string {
	if o == describeUserPoolDomain {
		return "*"
	}
	return t.arn()
}
