package cognito

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// DefaultMaxRequestsPerSecond is two thirds of what AWS allows for ListUsers, so that the pool's own applications keep a share.
const DefaultMaxRequestsPerSecond = 20

// Config says which user pool to read and how to sign in to it. It holds a secret: its String leaves that out.
//
// With AccessKeyID the two keys are used and nothing of the environment is; with Profile that profile of the shared
// configuration files; otherwise AWS's default chain. With RoleARN what was found so is used to assume that role.
type Config struct {
	UserPoolID      string // "us-east-1_AbCdEf123"
	Region          string // empty: the part of UserPoolID before "_". Replicas of a pool in other Regions share its ID
	AccessKeyID     string
	SecretAccessKey string
	Profile         string
	RoleARN         string
	ExternalID      string
	Endpoint        string // a VPC endpoint's or an emulator's URL; empty: AWS's for the Region

	// MaxRequestsPerSecond is the most that ListUsers and ListUsersInGroup may take together of their 30 requests per
	// second and account and Region. Other operations get the same share of their own quotas. 0: DefaultMaxRequestsPerSecond.
	// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
	MaxRequestsPerSecond int64

	UserAgent string // what the requests say they come from: "terraform-provider-skypoint/1.0.0"
}

// String names the pool and leaves out how to sign in to it.
func (c Config) String() string { return fmt.Sprintf("%s in %s", c.object(), c.Region) }

// GoString is String, so that no verb of fmt prints the secret.
func (c Config) GoString() string { return c.String() }

func (c Config) object() string { return "user pool " + c.UserPoolID }

// complete fills in the defaults and checks what the SDK would only find out by failing.
func (c Config) complete() (Config, error) {
	if c.Region == "" {
		region, _, ok := strings.Cut(c.UserPoolID, "_")
		if !ok {
			return c, c.invalid("no Region", "Give a region, or a user_pool_id that begins with one (us-east-1_AbCdEf123).")
		}
		c.Region = region
	}
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		return c, c.invalid("an access key has two parts and one of them is missing", "Give both access_key_id and secret_access_key_wo, or neither.")
	}
	if c.MaxRequestsPerSecond < 0 {
		return c, c.invalid("the most requests per second is below zero", "Give a max_requests_per_second of at least 1.")
	}
	if c.MaxRequestsPerSecond == 0 {
		c.MaxRequestsPerSecond = DefaultMaxRequestsPerSecond
	}
	if c.Endpoint != "" {
		// The URL itself stays out of the message: somebody may have put a password into it.
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
			return c, c.invalid("the endpoint is not an http or https URL", "Give an endpoint such as https://vpce-0123.cognito-idp.us-east-1.vpce.amazonaws.com, without a user name in it.")
		}
	}
	return c, nil
}

// Source is the dataflow.SourceTable.Source of the pool's tables. It asks nobody. The Region must be set.
func (c Config) Source() string { return target{poolID: c.UserPoolID, region: c.Region}.source() }

func (c Config) invalid(cause, hint string) error {
	return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "sign in", Object: c.object(), Cause: errors.New(cause), Hint: hint}
}
