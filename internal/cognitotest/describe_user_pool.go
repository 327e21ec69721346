package cognitotest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

var poolIDRule = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)

// describeUserPool answers DescribeUserPool.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
func describeUserPool(c *call) ([]byte, error) {
	p, err := c.onlyPool()
	if err != nil {
		return nil, err
	}
	estimated := p.Len()
	if p.pool.EstimatedUsers != nil {
		estimated = *p.pool.EstimatedUsers
	}
	fields := Fields{
		"Id":                     p.pool.ID,
		"Name":                   p.pool.Name,
		"Arn":                    fmt.Sprintf("arn:aws:cognito-idp:%s:%s:userpool/%s", p.pool.Region, accountID, p.pool.ID),
		"CreationDate":           wireTime(p.pool.CreatedAt),
		"LastModifiedDate":       wireTime(p.pool.CreatedAt.Add(time.Hour)),
		"EstimatedNumberOfUsers": estimated,
		"MfaConfiguration":       p.pool.MFA,
		"UserPoolTier":           p.pool.Tier,
		"DeletionProtection":     "ACTIVE",
		"UsernameAttributes":     []string{"email"},
		"LambdaConfig":           map[string]any{},
		"UserPoolTags":           map[string]string{},
		"SchemaAttributes":       wireSchema(p.Schema()),
	}
	if p.pool.ThreatProtection != "" {
		fields["UserPoolAddOns"] = Fields{"AdvancedSecurityMode": p.pool.ThreatProtection}
	}
	return json.Marshal(map[string]any{"UserPool": c.onWire(p.pool.Settings.with(p.domainFields().with(fields)))})
}

type wireTime time.Time

// MarshalJSON gives seconds since 1970 with milliseconds.
func (t wireTime) MarshalJSON() ([]byte, error) { return appendTime(nil, time.Time(t)), nil }

func wireSchema(schema []Attribute) []map[string]any {
	out := make([]map[string]any, 0, len(schema))
	for _, a := range schema {
		attribute := map[string]any{
			"Name": a.Name, "AttributeDataType": a.Type, "Required": a.Required, "Mutable": a.Mutable, "DeveloperOnlyAttribute": a.DeveloperOnly,
		}
		limits := map[string]string{}
		put := func(name, value string) {
			if value != "" {
				limits[name] = value
			}
		}
		switch a.Type {
		case "String":
			put("MinLength", a.Min)
			put("MaxLength", a.Max)
			attribute["StringAttributeConstraints"] = limits
		case "Number":
			put("MinValue", a.Min)
			put("MaxValue", a.Max)
			attribute["NumberAttributeConstraints"] = limits
		}
		out = append(out, attribute)
	}
	return out
}
