package cognito

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// signInOp is the operation that sign-in errors name.
const signInOp = "sign in"

// signIn finds the credentials that c asks for. Only a role (STS) or a source of the default chain that lies elsewhere
// (IAM Identity Center, instance metadata) makes it ask the network; nothing is asked just to see whether the keys are good.
func signIn(ctx context.Context, c Config) (aws.Config, error) {
	base := &awsbase.Config{
		Region:                  c.Region,
		AccessKey:               c.AccessKeyID,
		SecretKey:               c.SecretAccessKey,
		Profile:                 c.Profile,
		SkipCredsValidation:     true,
		SkipRequestingAccountId: true,
		SuppressDebugLog:        true, // it would log requests and answers: tokens and customers' values
		MaxRetries:              4,    // of the sign-in alone; requests to Cognito are retried by call
	}
	if c.RoleARN != "" {
		base.AssumeRole = []awsbase.AssumeRole{{RoleARN: c.RoleARN, ExternalID: c.ExternalID, SessionName: "terraform-provider-skypoint"}}
	}
	_, cfg, diags := awsbase.GetAwsConfig(ctx, base)
	if ctx.Err() != nil {
		return cfg, context.Cause(ctx)
	}
	for _, d := range diags {
		if d.Severity() == diag.SeverityError {
			return cfg, signInFailure(c, d)
		}
	}
	return cfg, nil
}

func signInFailure(c Config, d diag.Diagnostic) error {
	err := errors.New(d.Summary())
	if with, ok := d.(diag.DiagnosticWithErr); ok && with.Err() != nil {
		err = with.Err()
	}
	var missing config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &missing):
		return &dataflow.Error{
			Code: dataflow.CodeUnauthenticated, Op: signInOp, Object: c.object(), Cause: errors.New("there is no profile " + missing.Profile),
			Hint: "Add the profile to the shared AWS configuration files of the machine that runs Terraform, or change profile (AWS_PROFILE).",
		}
	case awsbase.IsNoValidCredentialSourcesError(d):
		return &dataflow.Error{
			Code: dataflow.CodeUnauthenticated, Op: signInOp, Object: c.object(), Cause: errors.New("no AWS credentials were found: " + brief(err.Error())),
			Hint: "Give access_key_id and secret_access_key_wo or profile, or give the process that runs Terraform AWS credentials.",
		}
	}
	return target{poolID: c.UserPoolID, region: c.Region}.classify(describeUserPool, &signInError{err}).err
}

// signInError marks an error of finding or refreshing credentials, which may come out of any request.
type signInError struct{ err error }

func (e *signInError) Error() string { return "sign in: " + e.err.Error() }
func (e *signInError) Unwrap() error { return e.err }

// account names what a quota belongs to: the account where the credentials tell it, else the key they came with.
// Two keys of one account then count apart; a lookup that needs a permission of its own would cost more than it saves,
// since the limiters slow down anyway when AWS says that there are too many requests.
func account(c Config, credentials aws.Credentials) string {
	who := "key " + credentials.AccessKeyID
	if credentials.AccountID != "" {
		who = credentials.AccountID
	}
	if role, err := arn.Parse(c.RoleARN); err == nil && role.AccountID != "" {
		who = role.AccountID
	}
	return strings.Join([]string{c.Endpoint, c.Region, who}, "|")
}
