package cognito

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const policyARN = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123"

func TestPolicy_AllowsWhatTheTablesCallAndNoMore(t *testing.T) {
	got, err := Policy(policyARN, []string{"users", "domains", "users"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadUserPool",
      "Effect": "Allow",
      "Action": [
        "cognito-idp:DescribeUserPool",
        "cognito-idp:ListUsers"
      ],
      "Resource": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123"
    },
    {
      "Sid": "ReadDomains",
      "Effect": "Allow",
      "Action": [
        "cognito-idp:DescribeUserPoolDomain"
      ],
      "Resource": "*"
    }
  ]
}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := Policy(policyARN, []string{"signing_keys"}); err != nil || strings.Contains(got, "jwks") || !strings.Contains(got, `"cognito-idp:DescribeUserPool"`) {
		t.Errorf("signing_keys: %v\n%s", err, got)
	}
}

func TestPolicy_RefusesWhatIsNoPoolAndNoTable(t *testing.T) {
	for _, arn := range []string{"", "*", "us-east-1_AbCdEf123", strings.Replace(policyARN, "123456789012", "*", 1), policyARN + "\n", policyARN + "/x", strings.Replace(policyARN, "cognito-idp", "s3", 1)} {
		if _, err := Policy(arn, []string{"users"}); err == nil {
			t.Errorf("%q was taken for an ARN", arn)
		}
	}
	for _, arn := range []string{strings.Replace(policyARN, "arn:aws:", "arn:aws-cn:", 1), strings.Replace(policyARN, "arn:aws:", "arn:aws-us-gov:", 1)} {
		if _, err := Policy(arn, []string{"users"}); err != nil {
			t.Error(err)
		}
	}
	for _, tables := range [][]string{nil, {""}, {"users", "people"}} {
		if _, err := Policy(policyARN, tables); err == nil {
			t.Errorf("%q were taken for tables", tables)
		}
	}
}
