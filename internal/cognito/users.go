package cognito

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Attributes that every pool has, with columns that do not depend on the pool's schema.
const (
	attributeSub        = "sub"
	attributeIdentities = "identities"
)

// Columns of the users table that are not one attribute's.
const (
	columnUpdatedAt       = "updated_at"
	columnOtherAttributes = "other_attributes"
)

// userFields are the columns of a user that are not attributes.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserType.html
var userFields = []field[*types.UserType]{
	{column("username", dataflow.String, "Username", "The name the user signs in with; of a federated user the provider's name and its ID for the user."),
		func(u *types.UserType) any { return text(u.Username) }},
	{column("status", dataflow.String, "UserStatus", "Where the user stands: UNCONFIRMED, CONFIRMED, EXTERNAL_PROVIDER, RESET_REQUIRED, FORCE_CHANGE_PASSWORD."),
		func(u *types.UserType) any { return word(u.UserStatus) }},
	{column("enabled", dataflow.Boolean, "Enabled", "Whether the user may sign in."),
		func(u *types.UserType) any { return u.Enabled }},
	{column("created_at", dataflow.Timestamp, "UserCreateDate", "When the user was created."),
		func(u *types.UserType) any { return moment(u.UserCreateDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "UserLastModifiedDate", "When the user was last changed."),
		func(u *types.UserType) any { return moment(u.UserLastModifiedDate) }},
}

// usersSchema gives the columns of the users table: what every user has, one column per attribute of the pool's schema,
// and a map for what no column holds.
func usersSchema(ctx context.Context, p *Pool) (dataflow.Schema, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.Schema{}, err
	}
	return schemaOfUsers(pool.SchemaAttributes), nil
}

func schemaOfUsers(attributes []types.SchemaAttributeType) dataflow.Schema {
	first := append([]dataflow.Column{subColumn()}, columns(userFields)...)
	last := []dataflow.Column{
		{Name: attributeIdentities, Type: dataflow.String, Source: attributeIdentities, IsAttribute: true, JSON: true, Description: "The profiles at identity providers that belong to the user, as JSON text, as Cognito gives it."},
		{Name: columnOtherAttributes, Type: dataflow.TextMap, Source: "Attributes", Description: "What no column holds, under the attribute's own name, as it came: attributes without a column, and values that their column's type can't hold."},
	}
	var reserved []string
	for _, c := range slices.Concat(first, last) {
		reserved = append(reserved, c.Name)
	}
	return dataflow.Schema{Columns: slices.Concat(first, attributeColumns(attributes, reserved), last), Key: []string{attributeSub}, Version: columnUpdatedAt}
}

func subColumn() dataflow.Column {
	return keyColumn(attributeSub, attributeSub, "The identifier that Cognito gave the user; it never changes.")
}

// userReader makes rows of users.
//
// An attribute goes to its column: absent is nil, empty is the empty string. A value that the column's type can't hold, and
// an attribute without a column, go to other_attributes under the attribute's own name as they came; the former are
// counted. Column and text say the same but for the form: a Number loses zeros at the end of its fraction,
// a Timestamp its offset and the zeros at its end.
//
// Cognito gives an attribute once per user. Were it given twice, the last one would hold.
type userReader struct {
	fields     []func(*types.UserType) any
	attributes map[string]attributeColumn
	sub        int
	other      int
}

type attributeColumn struct {
	index int
	parse parser
}

func newUserReader(schema dataflow.Schema) (*userReader, error) {
	r := &userReader{
		fields:     project(userFields, schema),
		attributes: map[string]attributeColumn{},
		sub:        schema.Index(attributeSub),
		other:      schema.Index(columnOtherAttributes),
	}
	if r.sub < 0 || r.other < 0 {
		return nil, &dataflow.Error{Code: dataflow.CodeInternal, Op: "scan", Object: "users", Cause: errors.New("a schema of users needs the columns sub and other_attributes")}
	}
	for i, c := range schema.Columns {
		if r.fields[i] != nil || i == r.other {
			continue
		}
		parse, ok := parserOf(c.Type)
		if !ok {
			return nil, &dataflow.Error{Code: dataflow.CodeInternal, Op: "scan", Object: "users", Cause: fmt.Errorf("column %s has type %s, which no attribute has", c.Name, c.Type)}
		}
		r.attributes[c.Source] = attributeColumn{i, parse}
	}
	return r, nil
}

// row makes the row of a user, and counts the values that their column's type could not hold.
func (r *userReader) row(u *types.UserType) (row dataflow.Row, keptAsText int64, err error) {
	row = rowOf(r.fields, u)
	var other map[string]string
	keep := func(name, value string) {
		if other == nil {
			other = map[string]string{}
		}
		other[name] = value
	}
	for i := range u.Attributes {
		a := &u.Attributes[i]
		if a.Name == nil || a.Value == nil {
			continue // the API has no such attribute; one without a value is an absent one
		}
		name, value := *a.Name, *a.Value
		column, ok := r.attributes[name]
		if !ok {
			keep(name, value)
			continue
		}
		if _, twice := other[name]; twice {
			delete(other, name)
			keptAsText--
		}
		v, ok := column.parse(value)
		if !ok {
			row[column.index] = nil
			keep(name, value)
			keptAsText++
			continue
		}
		row[column.index] = v
	}
	if len(other) > 0 {
		row[r.other] = other
	}
	if sub, _ := row[r.sub].(string); sub == "" {
		return nil, 0, errNoSub
	}
	return row, keptAsText, nil
}

// errNoSub fails a scan: a user without a key could only be lost.
var errNoSub = errors.New("a user came without its sub")

func (p *Pool) noSub(op operation) error {
	return &dataflow.Error{Code: dataflow.CodeGuard, Op: op.name, Object: p.target.object(), Cause: errNoSub,
		Hint: "Every user of a user pool has a sub; check that the endpoint is Cognito's."}
}

func probeUsers(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listUsers, &cip.ListUsersInput{UserPoolId: &p.target.poolID, Limit: aws.Int32(1)}, p.client.ListUsers)
	return err
}
