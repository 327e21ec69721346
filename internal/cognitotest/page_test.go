package cognitotest_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestPages_MayBeShortOrEmptyAndOnlyAMissingTokenEndsTheList(t *testing.T) {
	opts := cognitotest.Options{Seed: 6, Pages: cognitotest.Pages{Short: 0.5, Empty: 0.3}}
	sizes := func(spec cognitotest.Spec) (sizes []int, users []cognitotest.User) {
		c, _, _ := serve(t, opts, spec)
		users = scan(t, c, cognito.ListUsersInput{}, func(n int, _ *string) { sizes = append(sizes, n) })
		return sizes, users
	}
	spec := cognitotest.Spec{Seed: 1, Users: 2000}
	pages, users := sizes(spec)
	subs := map[string]bool{}
	for _, u := range users {
		subs[u.Sub] = true
	}
	if len(users) != 2000 || len(subs) != 2000 {
		t.Errorf("%d users, %d of them different", len(users), len(subs))
	}
	var short, empty, full int
	for _, n := range pages {
		switch n {
		case 0:
			empty++
		case 60:
			full++
		default:
			short++
		}
	}
	if short < 10 || empty < 10 || full < 10 {
		t.Errorf("of %d pages %d are short, %d empty, %d full", len(pages), short, empty, full)
	}
	if again, _ := sizes(spec); !slices.Equal(pages, again) {
		t.Errorf("the same seed gave other pages:\n%v\n%v", pages, again)
	}

	lastEmpty := 0
	for n := range 30 { // where pages may be empty, so may the last
		pages, users := sizes(cognitotest.Spec{Users: n})
		if len(users) != n {
			t.Fatalf("%d users, want %d", len(users), n)
		}
		if n > 0 && pages[len(pages)-1] == 0 {
			lastEmpty++
		}
	}
	if lastEmpty == 0 {
		t.Error("no list ended with an empty page")
	}
}

func TestPages_HoldAsManyAsAskedForAndNeverMoreThanSixty(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 100, Groups: 100})
	for limit, want := range map[*int32]int{nil: 60, aws.Int32(0): 60, aws.Int32(60): 60, aws.Int32(1): 1} {
		users, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		groups, err := c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID), Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if len(users.Users) != want || len(groups.Groups) != want {
			t.Errorf("%d users, %d groups, want %d", len(users.Users), len(groups.Groups), want)
		}
	}
	for limit, message := range map[int32]string{61: "Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60", -1: "greater than or equal to 0"} {
		_, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(limit)})
		wantError(t, err, "InvalidParameterException", message)
		_, err = c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(limit)})
		wantError(t, err, "InvalidParameterException", message)
		_, err = c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("admins-0"), Limit: aws.Int32(limit)})
		wantError(t, err, "InvalidParameterException", message)
	}
}

func TestPages_AreNotInTheOrderOfTheSubs(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 1000})
	for _, filter := range []*string{nil, aws.String(`sub ^= "a"`)} {
		var subs []string
		for _, u := range scan(t, c, cognito.ListUsersInput{Filter: filter}, nil) {
			subs = append(subs, u.Sub)
		}
		if len(subs) < 30 || slices.IsSorted(subs) {
			t.Errorf("%d subs, sorted", len(subs))
		}
	}
}

func TestToken_BelongsToItsRequestAndLivesAnHour(t *testing.T) {
	var now atomic.Int64
	server := cognitotest.New(cognitotest.Options{Clock: func() time.Time { return time.Unix(now.Load(), 0) }})
	spec := cognitotest.Spec{Users: 1000, Groups: 200}
	server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(spec)})
	server.AddPool(cognitotest.Pool{ID: "us-east-1_Other", Users: cognitotest.Generate(spec)})
	endpoint := server.Start(t)
	c := client(endpoint, "us-east-1", cognitotest.DefaultCredential())
	list := func(pool, filter, token string) error {
		in := &cognito.ListUsersInput{UserPoolId: aws.String(pool), PaginationToken: aws.String(token)}
		if filter != "" {
			in.Filter = aws.String(filter)
		}
		_, err := c.ListUsers(t.Context(), in)
		return err
	}
	first, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
	if err != nil {
		t.Fatal(err)
	}
	token := aws.ToString(first.PaginationToken)
	const bad = "Invalid pagination token given."

	for range 2 { // a request that is sent again finds its token good
		if err := list(poolID, "", token); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, list(poolID, `sub ^= "a"`, token), "InvalidParameterException", bad)
	wantError(t, list("us-east-1_Other", "", token), "InvalidParameterException", bad)
	wantError(t, list(poolID, "", "nonsense"), "InvalidParameterException", bad)
	wantError(t, list(poolID, "", "B"+token[1:]), "InvalidParameterException", bad)
	wantError(t, list(poolID, "", ""), "InvalidParameterException", "1 validation error detected: Value '' at 'paginationToken' failed to satisfy constraint: Member must have length greater than or equal to 1")
	_, err = c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID), NextToken: aws.String(token)})
	wantError(t, err, "InvalidParameterException", bad)
	_, err = c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID), NextToken: aws.String("")})
	wantError(t, err, "InvalidParameterException", "at 'nextToken' failed to satisfy constraint")

	members, err := c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("editors-1")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("viewers-2"), NextToken: members.NextToken})
	wantError(t, err, "InvalidParameterException", bad)

	now.Store(3600)
	if err := list(poolID, "", token); err != nil {
		t.Fatalf("after an hour: %v", err)
	}
	now.Store(3601)
	wantError(t, list(poolID, "", token), "InvalidParameterException", bad)
}

func TestToken_IsNeverGivenTwiceUnlessItIsStuck(t *testing.T) {
	for stuck, want := range map[int]int{0: 0, 4: 4} {
		c, _, _ := serve(t, cognitotest.Options{Pages: cognitotest.Pages{StuckAfter: stuck}}, cognitotest.Spec{Users: 600})
		seen, repeated := map[string]bool{}, 0
		in := cognito.ListUsersInput{UserPoolId: aws.String(poolID)}
		for range 7 {
			out, err := c.ListUsers(t.Context(), &in)
			if err != nil {
				t.Fatal(err)
			}
			in.PaginationToken = out.PaginationToken
			if seen[aws.ToString(out.PaginationToken)] {
				repeated++
			}
			seen[aws.ToString(out.PaginationToken)] = true
		}
		if repeated != want { // pages 4 to 7
			t.Errorf("stuck after %d: %d tokens seen before", stuck, repeated)
		}
	}
}
