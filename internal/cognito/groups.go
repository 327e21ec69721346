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
	{column("description", dataflow.String, "Description", "What the group is for."),
		func(g *types.GroupType) any { return text(g.Description) }},
	{column("precedence", dataflow.Long, "Precedence", "The group's rank among those of a user; zero is the highest."),
		func(g *types.GroupType) any { return long(g.Precedence) }},
	{column("role_arn", dataflow.String, "RoleArn", "The IAM role that members get."),
		func(g *types.GroupType) any { return text(g.RoleArn) }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When the group was created."),
		func(g *types.GroupType) any { return moment(g.CreationDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "LastModifiedDate", "When the group was last changed."),
		func(g *types.GroupType) any { return moment(g.LastModifiedDate) }},
}

const columnGroupName = "group_name"

func groupNameColumn() dataflow.Column {
	return keyColumn(columnGroupName, "GroupName", "The name of the group.")
}

var groupsSchema = dataflow.Schema{Columns: columns(groupFields), Key: []string{columnGroupName}, Version: columnUpdatedAt}

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
