package cognito

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Type is the connector type of user pools.
type Type struct {
	UserAgent string // what the requests say they come from: "terraform-provider-skypoint/1.0.0"
}

var _ dataflow.ConnectorType = Type{}

// TypeName is the name of the type.
const TypeName = "AWS Cognito"

// Settings is what the record of a connector to a user pool has beside its names: the pool and the way to sign in to it.
type Settings struct {
	UserPoolID           string      `json:"user_pool_id"`
	Region               string      `json:"region"`
	AccessKeyID          *string     `json:"access_key_id"`
	SecretVersion        *int64      `json:"secret_version"`
	Profile              *string     `json:"profile"`
	AssumeRole           *AssumeRole `json:"assume_role"`
	Endpoint             *string     `json:"endpoint"`
	MaxRequestsPerSecond int64       `json:"max_requests_per_second"`
}

// AssumeRole names the IAM role that a connector signs in with.
type AssumeRole struct {
	RoleARN    string  `json:"role_arn"`
	ExternalID *string `json:"external_id"`
}

// Seen is what the last connection check saw of a user pool.
type Seen struct {
	UserPoolName   string `json:"user_pool_name"`
	EstimatedUsers int64  `json:"estimated_users"` // the pool's own estimate; AWS does not promise that it is right
}

// SettingsOf reads the settings of a connector's record. One of another type is an error with dataflow.CodeInvalid.
func SettingsOf(c dataflow.Connector) (Settings, error) {
	var s Settings
	if c.Type != TypeName {
		return s, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("connector %q", c.Name), Cause: fmt.Errorf("it is of type %q, not %q", c.Type, TypeName),
		}
	}
	err := read(c, c.Settings, &s)
	return s, err
}

// SeenOf reads what the last connection check saw.
func SeenOf(c dataflow.Connector) (Seen, error) {
	var s Seen
	if len(c.Check.Source) == 0 {
		return s, nil // no check has ended well
	}
	err := read(c, c.Check.Source, &s)
	return s, err
}

func read(c dataflow.Connector, raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "read", Object: fmt.Sprintf("connector %q", c.Name), Cause: err}
	}
	return nil
}

// Raw gives the settings as a record has them.
func (s Settings) Raw() json.RawMessage { return raw(s) }

// Raw gives what was seen as a record has it.
func (s Seen) Raw() json.RawMessage { return raw(s) }

func raw(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return text
}

// Config says how to sign in with these settings.
func (s Settings) Config(secret, userAgent string) Config {
	c := Config{
		UserPoolID: s.UserPoolID, Region: s.Region, SecretAccessKey: secret,
		AccessKeyID: aws.ToString(s.AccessKeyID), Profile: aws.ToString(s.Profile), Endpoint: aws.ToString(s.Endpoint),
		MaxRequestsPerSecond: s.MaxRequestsPerSecond, UserAgent: userAgent,
	}
	if s.AssumeRole != nil {
		c.RoleARN, c.ExternalID = s.AssumeRole.RoleARN, aws.ToString(s.AssumeRole.ExternalID)
	}
	return c
}

// Info implements dataflow.ConnectorType.
func (Type) Info() dataflow.ConnectorTypeInfo {
	return dataflow.ConnectorTypeInfo{
		Name: TypeName, Category: "Services and apps", Thing: "user pool",
		Description: "Users, groups, memberships and the settings of an AWS Cognito user pool.",
	}
}

// Tables implements dataflow.ConnectorType.
func (Type) Tables() []dataflow.TableInfo {
	var all []dataflow.TableInfo
	for _, t := range tables {
		all = append(all, dataflow.TableInfo{Key: t.key, FileName: t.fileName, Description: t.description, Schema: t.always, IsOpen: t.isOpen})
	}
	return all
}

// Source implements dataflow.ConnectorType.
func (Type) Source(c dataflow.Connector) (string, error) {
	s, err := SettingsOf(c)
	if err != nil {
		return "", err
	}
	return s.Config("", "").Source(), nil
}

// Open implements dataflow.ConnectorType.
func (t Type) Open(ctx context.Context, c dataflow.Connector, secret func(context.Context) (string, error)) (dataflow.Source, error) {
	config, err := t.Config(ctx, c, secret)
	if err != nil {
		return nil, err
	}
	pool, err := Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// Config says how to sign in to the pool of a connector, its secret opened where the connector has an access key.
func (t Type) Config(ctx context.Context, c dataflow.Connector, secret func(context.Context) (string, error)) (Config, error) {
	s, err := SettingsOf(c)
	if err != nil {
		return Config{}, err
	}
	key := ""
	if s.AccessKeyID != nil {
		if key, err = secret(ctx); err != nil {
			return Config{}, err
		}
	}
	return s.Config(key, t.UserAgent), nil
}

// Cost implements dataflow.ConnectorType: it warns of tables that cost a call per user. One with data = false costs the same: what is known of its
// values comes from a scan too.
func (Type) Cost(key string, c *dataflow.Connector) *dataflow.CostWarning {
	if _, _, perUser := PerUserCost(key, 0, 1); !perUser {
		return nil
	}
	warning := &dataflow.CostWarning{
		Summary: "Table costs a call per user",
		Detail: fmt.Sprintf("Each run asks AWS once for every user of the pool, at %v requests a second at most. Leave the table out where it is not worth that.",
			userResourceRead.perSecond),
	}
	if c == nil {
		return warning
	}
	settings, err := SettingsOf(*c)
	if err != nil {
		return warning
	}
	seen, err := SeenOf(*c)
	if err != nil {
		return warning
	}
	calls, takes, _ := PerUserCost(key, seen.EstimatedUsers, settings.MaxRequestsPerSecond)
	warning.Detail = fmt.Sprintf("The pool has about %s users, and each run asks AWS once for every one of them: %s calls, which take about %s at max_requests_per_second = %d. "+
		"Leave the table out where it is not worth that.", dataflow.Thousands(seen.EstimatedUsers), dataflow.Thousands(calls), dataflow.Roughly(takes), settings.MaxRequestsPerSecond)
	return warning
}
