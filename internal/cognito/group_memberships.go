package cognito

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// membership is a user in a group.
type membership struct {
	group string
	sub   string
	user  *types.UserType
}

// membershipFields are the columns of the group_memberships table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
var membershipFields = []field[membership]{
	{groupNameColumn(), func(m membership) any { return m.group }},
	{subColumn(), func(m membership) any { return m.sub }},
	{column("username", dataflow.String, "Username", "The name the user signs in with."),
		func(m membership) any { return text(m.user.Username) }},
}

var groupMembershipsSchema = dataflow.Schema{Columns: columns(membershipFields), Key: []string{columnGroupName, attributeSub}}

// scanGroupMemberships reads the members of every group, many groups side by side. The members of one group are one chain of pages:
// there is no filter to divide them by.
//
// All groups are listed first (a pool has 10,000 at most): a page token of that list would not outlive an hour of members.
func scanGroupMemberships(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	groups := map[string]string{} // by the name of its part
	err := p.eachGroup(ctx, func(g *types.GroupType) error {
		groups[partOfGroup(g)] = aws.ToString(g.GroupName)
		return nil
	})
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	resumed, err := to.Resume(func(part string) bool { return groups[part] != "" })
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	for _, part := range resumed {
		delete(groups, part.Name)
	}
	values := project(membershipFields, schema)
	share := processChains.join()
	defer share.leave()
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(maxChains)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		readers.Go(func() error {
			return dataflow.Guard(func() error {
				return share.do(ctx, func() error {
					part := to.Part(name)
					if err := p.eachMember(ctx, groups[name], func(m membership) error { return part.Put(rowOf(values, m)) }); err != nil {
						return err
					}
					return part.Done(0)
				})
			})
		})
	}
	return dataflow.ScanReport{}, readers.Wait()
}

// partOfGroup names the part that a group's members are. A group that was deleted and made again is another part.
func partOfGroup(g *types.GroupType) string {
	return fmt.Sprint(aws.ToString(g.GroupName), " ", aws.ToTime(g.CreationDate).UnixMilli())
}

// eachMember reads every member of a group. A group that was deleted since it was listed has none.
func (p *Pool) eachMember(ctx context.Context, group string, take func(membership) error) error {
	fetch := func(ctx context.Context, token *string) ([]types.UserType, *string, error) {
		out, err := call(ctx, p, listUsersInGroup, &cip.ListUsersInGroupInput{
			UserPoolId: &p.target.poolID, GroupName: &group, Limit: aws.Int32(pageSize), NextToken: token,
		}, p.client.ListUsersInGroup)
		if err != nil {
			return nil, nil, p.unlessDeleted(ctx, err)
		}
		return out.Users, out.NextToken, nil
	}
	return chain(ctx, p, listUsersInGroup, fetch, func(users []types.UserType, _ bool) error {
		for i := range users {
			sub := subOf(&users[i])
			if sub == "" {
				return p.noSub(listUsersInGroup)
			}
			if err := take(membership{group: group, sub: sub, user: &users[i]}); err != nil {
				return err
			}
		}
		return nil
	})
}

func subOf(u *types.UserType) string {
	for i := range u.Attributes {
		if aws.ToString(u.Attributes[i].Name) == attributeSub {
			return aws.ToString(u.Attributes[i].Value)
		}
	}
	return ""
}

// probeMembers asks for a group that no pool needs to have: AWS looks at the permission first.
func probeMembers(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listUsersInGroup, &cip.ListUsersInGroupInput{
		UserPoolId: &p.target.poolID, GroupName: aws.String(nobody), Limit: aws.Int32(1),
	}, p.client.ListUsersInGroup)
	return unlessAbsent(err)
}
