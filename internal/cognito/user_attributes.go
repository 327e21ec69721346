package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// attribute is an attribute of the pool's schema. isColumn says whether the users table has a column for it.
type attribute struct {
	*types.SchemaAttributeType
	isColumn bool
}

// attributeFields are the columns of the user_attributes table. Limits are text, as Cognito has them: one may be larger than any number type.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
var attributeFields = []field[attribute]{
	{keyColumn("name", "Name", "The name of the attribute, custom ones with custom: before it."), func(a attribute) any { return text(a.Name) }},
	{usersColumn(), func(a attribute) any { // the attribute, which the import replaces by the column
		if !a.isColumn {
			return nil
		}
		return text(a.Name)
	}},
	{column("data_type", dataflow.String, "AttributeDataType", "String, Number, DateTime or Boolean."), func(a attribute) any { return word(a.AttributeDataType) }},
	{column("required", dataflow.Boolean, "Required", "Whether nobody can sign up without it."), func(a attribute) any { return flag(a.Required) }},
	{column("mutable", dataflow.Boolean, "Mutable", "Whether its value can change."), func(a attribute) any { return flag(a.Mutable) }},
	{column("developer_only", dataflow.Boolean, "DeveloperOnlyAttribute", "Whether users can't see and change it."), func(a attribute) any { return flag(a.DeveloperOnlyAttribute) }},
	{column("min_length", dataflow.String, "StringAttributeConstraints.MinLength", "The least length of a String."),
		of(stringLimits, func(l *types.StringAttributeConstraintsType) any { return text(l.MinLength) })},
	{column("max_length", dataflow.String, "StringAttributeConstraints.MaxLength", "The most length of a String."),
		of(stringLimits, func(l *types.StringAttributeConstraintsType) any { return text(l.MaxLength) })},
	{column("min_value", dataflow.String, "NumberAttributeConstraints.MinValue", "The least Number."),
		of(numberLimits, func(l *types.NumberAttributeConstraintsType) any { return text(l.MinValue) })},
	{column("max_value", dataflow.String, "NumberAttributeConstraints.MaxValue", "The largest Number."),
		of(numberLimits, func(l *types.NumberAttributeConstraintsType) any { return text(l.MaxValue) })},
}

func usersColumn() dataflow.Column {
	c := column("users_column", dataflow.String, "Name", "The column of the users table that holds the attribute.")
	c.ColumnsOf = "users"
	return c
}

func stringLimits(a attribute) *types.StringAttributeConstraintsType {
	return a.StringAttributeConstraints
}

func numberLimits(a attribute) *types.NumberAttributeConstraintsType {
	return a.NumberAttributeConstraints
}

var userAttributesSchema = dataflow.Schema{Columns: columns(attributeFields), Key: []string{"name"}}

// scanUserAttributes gives every attribute of the pool's schema.
func scanUserAttributes(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	isColumn := map[string]bool{}
	for _, c := range schemaOfUsers(pool.SchemaAttributes).Columns {
		isColumn[c.Source] = true
	}
	values := project(attributeFields, schema)
	for i := range pool.SchemaAttributes {
		a := &pool.SchemaAttributes[i]
		name := aws.ToString(a.Name)
		if name == "" {
			continue // the API has no such attribute
		}
		if err := to.Put(rowOf(values, attribute{a, isColumn[name]})); err != nil {
			return dataflow.ScanReport{}, err
		}
	}
	return dataflow.ScanReport{}, nil
}
