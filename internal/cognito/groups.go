package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// groupFields are the columns of the groups table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GroupType.html
var groupFields = []field[*types.GroupType]{
	{groupNameColumn(), func(g *types.GroupType) any { return text(g.GroupName) }},
	{dataflow.Column{Name: "description", Type: dataflow.String, Source: "Description", Description: "What the group is for."},
		func(g *types.GroupType) any { return text(g.Description) }},
	{dataflow.Column{Name: "precedence", Type: dataflow.Long, Source: "Precedence", Description: "The group's rank among those of a user; zero is the highest."},
		func(g *types.GroupType) any {
			if g.Precedence == nil {
				return nil
			}
			return int64(*g.Precedence)
		}},
	{dataflow.Column{Name: "role_arn", Type: dataflow.String, Source: "RoleArn", Description: "The IAM role that members get."},
		func(g *types.GroupType) any { return text(g.RoleArn) }},
	{dataflow.Column{Name: "created_at", Type: dataflow.Timestamp, Source: "CreationDate", Description: "When the group was created."},
		func(g *types.GroupType) any { return moment(g.CreationDate) }},
	{dataflow.Column{Name: columnUpdatedAt, Type: dataflow.Timestamp, Source: "LastModifiedDate", Description: "When the group was last changed."},
		func(g *types.GroupType) any { return moment(g.LastModifiedDate) }},
}

const columnGroupName = "group_name"

func groupNameColumn() dataflow.Column {
	return dataflow.Column{Name: columnGroupName, Type: dataflow.String, Source: "GroupName", Required: true, Description: "The name of the group."}
}

func groupsSchema(context.Context, *Pool) (dataflow.Schema, error) {
	return dataflow.Schema{Columns: columns(groupFields), Key: []string{columnGroupName}, Version: columnUpdatedAt}, nil
}

// scanGroups reads every group.
func scanGroups(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	values := project(groupFields, schema)
	return dataflow.ScanReport{}, p.eachGroup(ctx, func(g *types.GroupType) error { return to.Put(rowOf(values, g)) })
}

// eachGroup reads every group. An error of take ends it and is returned as it is.
func (p *Pool) eachGroup(ctx context.Context, take func(*types.GroupType) error) error {
	fetch := func(ctx context.Context, token *string) ([]types.GroupType, *string, error) {
		out, err := call(ctx, p, listGroups, &cip.ListGroupsInput{
			UserPoolId: &p.target.poolID, Limit: aws.Int32(pageSize), NextToken: token,
		}, p.client.ListGroups)
		if err != nil {
			return nil, nil, err
		}
		return out.Groups, out.NextToken, nil
	}
	return each(ctx, p, listGroups, fetch, take)
}

func probeGroups(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listGroups, &cip.ListGroupsInput{UserPoolId: &p.target.poolID, Limit: aws.Int32(1)}, p.client.ListGroups)
	return err
}
