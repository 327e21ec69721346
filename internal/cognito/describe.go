package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// PoolDescription is what a pool says of itself, without a user of it.
type PoolDescription struct {
	ID             string
	Name           string
	ARN            string
	Tier           string // LITE, ESSENTIALS or PLUS
	MFA            string // OFF, ON or OPTIONAL
	EstimatedUsers int64  // the pool's own estimate: AWS updates it now and then
	Domains        []string
	Attributes     []AttributeDescription     // of the pool's schema, those with a column in the order of the columns
	Schemas        map[string]dataflow.Schema // of every table, by its key
}

// AttributeDescription is an attribute of the pool's schema.
type AttributeDescription struct {
	Name       string // custom ones with custom: before it
	Type       string // String, Number, DateTime or Boolean
	Required   bool
	Mutable    bool
	Column     string // of a users table that is made now
	ColumnType string // its Iceberg type
}

// Describe asks the pool for its description. It costs one call of DescribeUserPool.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
func (p *Pool) Describe(ctx context.Context) (PoolDescription, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return PoolDescription{}, err
	}
	d := PoolDescription{
		ID: aws.ToString(pool.Id), Name: aws.ToString(pool.Name), ARN: aws.ToString(pool.Arn),
		Tier: string(pool.UserPoolTier), MFA: string(pool.MfaConfiguration), EstimatedUsers: int64(pool.EstimatedNumberOfUsers),
	}
	for _, domain := range []*string{pool.Domain, pool.CustomDomain} {
		if name := aws.ToString(domain); name != "" {
			d.Domains = append(d.Domains, name)
		}
	}
	users := schemaOfUsers(pool.SchemaAttributes)
	d.Schemas = map[string]dataflow.Schema{}
	for _, t := range tables {
		d.Schemas[t.key] = t.always
	}
	d.Schemas[usersKey] = users
	byName := map[string]AttributeDescription{}
	for _, a := range pool.SchemaAttributes {
		byName[aws.ToString(a.Name)] = AttributeDescription{
			Name: aws.ToString(a.Name), Type: string(a.AttributeDataType), Required: aws.ToBool(a.Required), Mutable: aws.ToBool(a.Mutable),
		}
	}
	for _, c := range users.Columns {
		if a, ok := byName[c.Source]; ok {
			a.Column, a.ColumnType = c.Name, string(c.Type)
			d.Attributes = append(d.Attributes, a)
		}
	}
	return d, nil
}
