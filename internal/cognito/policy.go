package cognito

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// policyDocument is an IAM policy.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type policyDocument struct {
	Version   string            `json:"Version"`
	Statement []policyStatement `json:"Statement"`
}

type policyStatement struct {
	Sid      string   `json:"Sid"`
	Effect   string   `json:"Effect"`
	Action   []string `json:"Action"`
	Resource string   `json:"Resource"`
}

// poolARN is the form of a user pool's ARN.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html#amazoncognitouserpools-resources-for-iam-policies
var poolARN = regexp.MustCompile(`^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[\w-]{1,55}_[0-9a-zA-Z]+$`)

// PoolARNRule says in words what CheckPoolARN allows.
const PoolARNRule = `the ARN of a user pool, such as "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123"`

// CheckPoolARN checks the form of a user pool's ARN.
func CheckPoolARN(arn string) error {
	if poolARN.MatchString(arn) {
		return nil
	}
	return fmt.Errorf("%q is not %s", arn, PoolARNRule)
}

// Policy gives the IAM policy, as JSON, that lets a connector check its pool and import these tables, and nothing else. The order of the tables, and
// one that is there twice, make no difference.
//
// DescribeUserPool is always in it: without it a connector is not made. DescribeUserPoolDomain is allowed on every resource, since AWS looks a domain
// up without a pool; it is in the policy only where the table domains is.
func Policy(userPoolARN string, tables []string) (string, error) {
	if err := CheckPoolARN(userPoolARN); err != nil {
		return "", err
	}
	if len(tables) == 0 {
		return "", errors.New("there is no table to import")
	}
	onPool, onAny := []string{describeUserPool.action()}, []string{}
	for _, key := range tables {
		t, err := tableOf(key)
		if err != nil {
			return "", err
		}
		for _, n := range t.needs() {
			switch n.name {
			case keySetOperation: // which anybody may call
			case describeUserPoolDomain.name:
				onAny = append(onAny, n.action())
			default:
				onPool = append(onPool, n.action())
			}
		}
	}
	policy := policyDocument{Version: "2012-10-17"}
	for _, s := range []policyStatement{
		{Sid: "ReadUserPool", Action: onPool, Resource: userPoolARN},
		{Sid: "ReadDomains", Action: onAny, Resource: "*"},
	} {
		if len(s.Action) == 0 {
			continue
		}
		slices.Sort(s.Action)
		s.Effect, s.Action = "Allow", slices.Compact(s.Action)
		policy.Statement = append(policy.Statement, s)
	}
	document, err := json.MarshalIndent(policy, "", "  ")
	return string(document), err
}
