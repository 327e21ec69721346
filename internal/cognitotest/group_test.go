package cognitotest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func listGroups(t *testing.T, c *cognito.Client) (groups []cognitotest.Group) {
	t.Helper()
	in := cognito.ListGroupsInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(7)}
	for {
		out, err := c.ListGroups(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range out.Groups {
			group := cognitotest.Group{
				Name: aws.ToString(g.GroupName), Description: g.Description, RoleARN: g.RoleArn,
				CreatedAt: g.CreationDate.UTC().Round(time.Millisecond), UpdatedAt: g.LastModifiedDate.UTC().Round(time.Millisecond),
			}
			if g.Precedence != nil {
				precedence := int(*g.Precedence)
				group.Precedence = &precedence
			}
			if aws.ToString(g.UserPoolId) != poolID {
				t.Errorf("group of pool %s", aws.ToString(g.UserPoolId))
			}
			groups = append(groups, group)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return groups
		}
	}
}

func listMembers(t *testing.T, c *cognito.Client, group string) (users []cognitotest.User) {
	t.Helper()
	in := cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String(group)}
	for {
		out, err := c.ListUsersInGroup(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			users = append(users, user(u))
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return users
		}
	}
}

func TestGroups_AndTheirMembersAreListedAsTheyAre(t *testing.T) {
	for name, spec := range map[string]cognitotest.Spec{"realistic": {Seed: 4, Users: 900, Groups: 25}, "hostile": {Seed: 5, Users: 300, Groups: 45, Hostile: true}, "none": {Users: 20}} {
		t.Run(name, func(t *testing.T) {
			c, server, pool := serve(t, cognitotest.Options{Pages: cognitotest.Pages{Empty: 0.2, Short: 0.2}}, spec)
			if _, err := pool.Evolve(cognitotest.Evolution{Added: 5, Removed: 5, Changed: 4}); err != nil {
				t.Fatal(err)
			}
			groups := listGroups(t, c)
			if diff := cmp.Diff(slices.Collect(pool.Groups()), groups); diff != "" {
				t.Fatal(diff)
			}
			if len(groups) != spec.Groups {
				t.Fatalf("%d groups", len(groups))
			}
			var got []cognitotest.Membership
			perUser := map[string]int{}
			for i, g := range groups {
				members := listMembers(t, c, g.Name)
				for _, u := range members {
					got = append(got, cognitotest.Membership{Group: g.Name, User: u})
					perUser[u.Sub]++
				}
				if i == 0 && len(members) != 0 {
					t.Errorf("the first group has %d members", len(members))
				}
				if i == 1 && len(members) < spec.Users/4 {
					t.Errorf("the second group has %d members", len(members))
				}
			}
			if diff := cmp.Diff(slices.Collect(pool.Memberships()), got); diff != "" {
				t.Error(diff)
			}
			for _, m := range got {
				if u, ok := pool.User(m.User.Sub); !ok || !cmp.Equal(u, m.User) {
					t.Errorf("%s is a member and not a user", m.User.Sub)
				}
			}
			if spec.Groups > 0 && (len(perUser) < spec.Users/2 || len(perUser) == pool.Len()) {
				t.Errorf("%d of %d users are in a group", len(perUser), pool.Len())
			}
			if server.Stats().Users != int64(len(got)) {
				t.Error(server.Stats())
			}
		})
	}
}

func TestGroup_ThatIsMissingIsNotFound(t *testing.T) {
	c, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 10, Groups: 2})
	if !pool.DeleteGroup("editors-1") || pool.DeleteGroup("editors-1") {
		t.Error("DeleteGroup does not say whether the group was there")
	}
	for _, name := range []string{"editors-1", "nothing"} {
		_, err := c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String(name)})
		wantError(t, err, "ResourceNotFoundException", "Group not found.")
	}
	pool.PutGroup(cognitotest.Group{Name: "editors-1"})
	if members := listMembers(t, c, "editors-1"); len(members) != 0 {
		t.Errorf("a new group has the %d members of an old one", len(members))
	}
}

func TestMembers_JoinAndLeave(t *testing.T) {
	c, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 30, Groups: 2})
	pool.PutGroup(cognitotest.Group{Name: "new"})
	pool.Put(cognitotest.User{Sub: "put"})
	began := listMembers(t, c, "editors-1")
	names := func(group string) (subs []string) {
		for _, u := range listMembers(t, c, group) {
			subs = append(subs, u.Sub)
		}
		return subs
	}
	want := func(group string, want ...string) {
		t.Helper()
		if got := names(group); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", group, got, want)
		}
	}
	if len(began) != 10 {
		t.Fatal(len(began))
	}
	member := began[0].Sub
	rest := names("editors-1")[1:]

	pool.Leave("editors-1", member)
	pool.Leave("editors-1", member)
	want("editors-1", rest...)
	pool.Leave("editors-1", rest[0])
	want("editors-1", rest[1:]...)
	pool.Join("editors-1", rest[0])
	pool.Join("editors-1", member)
	pool.Join("editors-1", member)
	want("editors-1", append([]string{member}, rest...)...)

	pool.Join("new", member)
	pool.Join("new", "put")
	pool.Join("new", "put")
	want("new", member, "put")
	pool.Leave("new", member)
	want("new", "put")
	pool.Delete("put")
	want("new")
	pool.Delete(member)
	want("editors-1", rest...)
	pool.Put(cognitotest.User{Sub: member})
	want("editors-1", rest...) // the user is another one with the same sub
}
