package cognitotest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func bySub(users []cognitotest.User) map[string]cognitotest.User {
	out := map[string]cognitotest.User{}
	for _, u := range users {
		out[u.Sub] = u
	}
	return out
}

func TestEvolve_TouchesExactlySoManyUsersAndNoOther(t *testing.T) {
	for name, spec := range map[string]cognitotest.Spec{"realistic": {Seed: 3, Users: 500, Groups: 3}, "hostile": {Seed: 3, Users: 500, Hostile: true}, "from none": {Seed: 3}} {
		t.Run(name, func(t *testing.T) {
			c, _, pool := serve(t, cognitotest.Options{}, spec)
			_, _, twin := serve(t, cognitotest.Options{}, spec)
			if spec.Users > 0 {
				for _, p := range []*cognitotest.PoolHandle{pool, twin} {
					at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
					p.Put(cognitotest.User{Sub: "put", Username: "put", CreatedAt: at, UpdatedAt: at})
				}
			}
			before := bySub(scan(t, c, cognito.ListUsersInput{}, nil))
			for round, e := range []cognitotest.Evolution{{Added: 50}, {Changed: 30, Added: 50, Removed: 20}, {Changed: 50, Removed: 30}, {}, {Changed: 40, Added: 1, Removed: 10}} {
				done, err := pool.Evolve(e)
				if err != nil {
					t.Fatal(err)
				}
				if len(done.Changed) != e.Changed || len(done.Added) != e.Added || len(done.Removed) != e.Removed {
					t.Fatalf("round %d: %d, %d, %d, want %+v", round, len(done.Changed), len(done.Added), len(done.Removed), e)
				}
				if same, err := twin.Evolve(e); err != nil || !cmp.Equal(done, same) {
					t.Fatalf("round %d: the twin evolved otherwise: %v", round, err)
				}
				users := scan(t, c, cognito.ListUsersInput{}, nil)
				after := bySub(users)
				if len(users) != len(after) || len(after) != len(before)+e.Added-e.Removed || pool.Len() != len(after) {
					t.Fatalf("round %d: %d users after %d", round, len(users), len(before))
				}
				for sub, was := range before {
					is, there := after[sub]
					switch {
					case slices.Contains(done.Removed, sub):
						if there {
							t.Errorf("%s is still there", sub)
						}
					case slices.Contains(done.Changed, sub):
						if !is.UpdatedAt.After(was.UpdatedAt) || !is.CreatedAt.Equal(was.CreatedAt) || is.Username != was.Username {
							t.Errorf("%s did not change as a user changes: %s", sub, cmp.Diff(was, is))
						}
					case !cmp.Equal(was, is):
						t.Errorf("%s changed: %s", sub, cmp.Diff(was, is))
					}
				}
				for _, sub := range done.Added {
					if _, was := before[sub]; was {
						t.Errorf("%s is not new", sub)
					}
					if _, is := after[sub]; !is {
						t.Errorf("%s is not there", sub)
					}
				}
				if diff := cmp.Diff(slices.Collect(pool.All()), slices.Collect(twin.All())); diff != "" {
					t.Fatal(diff)
				}
				before = after
			}
		})
	}
}

func TestEvolve_RefusesMoreThanThereAreAndChangesNothing(t *testing.T) {
	_, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 10})
	before := slices.Collect(pool.All())
	for _, e := range []cognitotest.Evolution{{Changed: 6, Removed: 5}, {Removed: 11}, {Added: -1}} {
		if _, err := pool.Evolve(e); err == nil {
			t.Errorf("%+v: no error", e)
		}
	}
	if diff := cmp.Diff(before, slices.Collect(pool.All())); diff != "" {
		t.Error(diff)
	}
	if _, err := pool.Evolve(cognitotest.Evolution{Removed: 10}); err != nil || pool.Len() != 0 {
		t.Error(err, pool.Len())
	}
}

func TestEvolve_ChangesUsersThatWerePutToo(t *testing.T) {
	_, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 2})
	replaced := slices.Collect(pool.All())[0]
	late := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	replaced.Username, replaced.UpdatedAt = "replaced", late
	pool.Put(replaced)
	pool.Put(cognitotest.User{Sub: "put", CreatedAt: time.UnixMilli(0), UpdatedAt: time.UnixMilli(0), Attributes: []cognitotest.AttributeValue{{Name: "custom:score", Value: "0"}}})
	if _, err := pool.Evolve(cognitotest.Evolution{Changed: 3}); err != nil {
		t.Fatal(err)
	}
	for sub, before := range map[string]time.Time{replaced.Sub: late, "put": time.UnixMilli(0)} {
		u, ok := pool.User(sub)
		if score, _ := u.Attribute("custom:score"); !ok || !u.UpdatedAt.After(before) || score != "1" {
			t.Errorf("%+v", u)
		}
	}
	if u, _ := pool.User(replaced.Sub); u.Username != "replaced" {
		t.Errorf("what was put is lost: %+v", u)
	}
}

func TestScan_MeetsAUserTwiceThatWasDeletedAndPutAgainMeanwhile(t *testing.T) {
	var pool *cognitotest.PoolHandle
	again := cognitotest.User{Username: "again", Enabled: true, Status: "CONFIRMED", CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(2_000_000_000_000)}
	c, _, pool := serve(t, cognitotest.Options{OnRequest: func(op string, n int) {
		if op == "ListUsers" && n == 3 {
			again.Sub = slices.Collect(pool.All())[5].Sub // on the first page
			pool.Delete(again.Sub)
			pool.Put(again)
		}
	}}, cognitotest.Spec{Users: 300})
	var met []cognitotest.User
	users := scan(t, c, cognito.ListUsersInput{}, nil)
	for _, u := range users {
		if u.Sub == again.Sub {
			met = append(met, u)
		}
	}
	if len(users) != 301 || len(met) != 2 || met[0].Username == "again" || met[1].Username != "again" || !met[1].UpdatedAt.Equal(again.UpdatedAt) {
		t.Errorf("%d users, this one: %+v", len(users), met)
	}
}

func TestScan_KeepsEveryUserThatStaysWhileOthersComeAndGo(t *testing.T) {
	var pool *cognitotest.PoolHandle
	touched := map[string]bool{}
	c, _, pool := serve(t, cognitotest.Options{Pages: cognitotest.Pages{Empty: 0.2, Short: 0.2}, OnRequest: func(_ string, n int) {
		done, err := pool.Evolve(cognitotest.Evolution{Changed: 1, Added: 7, Removed: 5})
		if err != nil || n > 500 {
			t.Error(n, err)
		}
		for _, sub := range slices.Concat(done.Added, done.Removed) {
			touched[sub] = true
		}
	}}, cognitotest.Spec{Users: 1000})
	for i := range 100 {
		pool.Put(cognitotest.User{Sub: "put" + string(rune('a'+i))})
	}
	before := slices.Collect(pool.All())
	count := map[string]int{}
	for _, u := range scan(t, c, cognito.ListUsersInput{}, nil) {
		count[u.Sub]++
	}
	for _, u := range before {
		if !touched[u.Sub] && count[u.Sub] != 1 {
			t.Errorf("%s was there throughout and was given %d times", u.Sub, count[u.Sub])
		}
	}
}

func TestPut_ReplacesInPlaceAndDeleteRemoves(t *testing.T) {
	c, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 10, Groups: 2})
	all := slices.Collect(pool.All())
	changed := all[4]
	changed.Username, changed.Attributes = "other", []cognitotest.AttributeValue{{Name: "sub", Value: changed.Sub}, {Name: "email", Value: ""}}
	pool.Put(changed)
	pool.Put(cognitotest.User{Sub: "new", Username: "new", CreatedAt: time.UnixMilli(1).UTC(), UpdatedAt: time.UnixMilli(-1500).UTC()})
	if !pool.Delete(all[7].Sub) || pool.Delete(all[7].Sub) || pool.Delete("nobody") {
		t.Error("Delete does not say whether the user was there")
	}
	want := slices.Concat(all[:4], []cognitotest.User{changed}, all[5:7], all[8:], []cognitotest.User{{
		Sub: "new", Username: "new", CreatedAt: time.UnixMilli(1).UTC(), UpdatedAt: time.UnixMilli(-1500).UTC(), Attributes: []cognitotest.AttributeValue{{Name: "sub", Value: "new"}},
	}})
	if diff := cmp.Diff(want, scan(t, c, cognito.ListUsersInput{}, nil)); diff != "" {
		t.Error(diff)
	}
	if pool.Len() != 10 {
		t.Error(pool.Len())
	}
	if _, ok := pool.User(all[7].Sub); ok {
		t.Error("a deleted user is found by its sub")
	}
	if u, ok := pool.User("new"); !ok || u.Username != "new" {
		t.Error("a user that was put is not found by its sub")
	}
	if !pool.Delete("new") || pool.Len() != 9 {
		t.Error("a user that was put is not deleted")
	}
}

func TestAttributesToGet_FailsForAUserThatLacksOne(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 60})
	out, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), AttributesToGet: []string{"sub"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range out.Users {
		if len(u.Attributes) != 1 || aws.ToString(u.Attributes[0].Name) != "sub" {
			t.Errorf("%+v", u.Attributes)
		}
	}
	_, err = c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), AttributesToGet: []string{"sub", "email"}})
	wantError(t, err, "InvalidParameterException", "One or more requested attributes do not exist.")
}

func TestPoolID_IsValidatedAndMustExist(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{})
	for id, want := range map[string][2]string{
		"x":                                    {"InvalidParameterException", `1 validation error detected: Value 'x' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		"us-east-1_a b":                        {"InvalidParameterException", "must satisfy regular expression pattern"},
		"us-east-1_x":                          {"ResourceNotFoundException", "User pool us-east-1_x does not exist."},
		"us-east-1_" + strings.Repeat("x", 45): {"ResourceNotFoundException", "does not exist"},
		"us-east-1_" + strings.Repeat("x", 46): {"InvalidParameterException", "length less than or equal to 55"},
	} {
		_, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(id)})
		wantError(t, err, want[0], want[1])
		_, err = c.DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: aws.String(id)})
		wantError(t, err, want[0], want[1])
		_, err = c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(id)})
		wantError(t, err, want[0], want[1])
		_, err = c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(id), GroupName: aws.String("g")})
		wantError(t, err, want[0], want[1])
	}
}

func TestDescribeUserPool_GivesSchemaAndEstimate(t *testing.T) {
	server := cognitotest.New(cognitotest.Options{})
	estimate := 700
	server.AddPool(cognitotest.Pool{ID: poolID, Name: "App", EstimatedUsers: &estimate, Users: cognitotest.Generate(cognitotest.Spec{Users: 600})})
	server.AddPool(cognitotest.Pool{ID: "us-east-1_Plain", Users: cognitotest.Generate(cognitotest.Spec{Users: 600}), Tier: "PLUS", MFA: "OPTIONAL", Schema: []cognitotest.Attribute{
		{Name: "custom:n", Type: "Number", Mutable: true, Min: "1", Max: "9"}, {Name: "dev:custom:d", Type: "DateTime", DeveloperOnly: true},
	}})
	c := client(server.Start(t), "us-east-1", cognitotest.DefaultCredential())
	describe := func(id string) *types.UserPoolType {
		out, err := c.DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: aws.String(id)})
		if err != nil {
			t.Fatal(err)
		}
		return out.UserPool
	}
	p := describe(poolID)
	if aws.ToString(p.Id) != poolID || aws.ToString(p.Name) != "App" || p.EstimatedNumberOfUsers != 700 || p.MfaConfiguration != types.UserPoolMfaTypeOff || p.UserPoolTier != types.UserPoolTierTypeEssentials ||
		aws.ToString(p.Arn) != "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Test1" || !p.CreationDate.Equal(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)) || !p.LastModifiedDate.After(*p.CreationDate) {
		t.Errorf("%+v", p)
	}
	byName := map[string]types.SchemaAttributeType{}
	for _, a := range p.SchemaAttributes {
		byName[aws.ToString(a.Name)] = a
	}
	for name, want := range map[string]types.AttributeDataType{
		"sub": "String", "email": "String", "email_verified": "Boolean", "updated_at": "Number", "identities": "String",
		"custom:plan": "String", "custom:score": "Number", "custom:joined": "DateTime", "custom:vip": "Boolean",
	} {
		if byName[name].AttributeDataType != want {
			t.Errorf("%s is %q, want %s", name, byName[name].AttributeDataType, want)
		}
	}
	if len(byName) != 25 || !aws.ToBool(byName["sub"].Required) || aws.ToBool(byName["sub"].Mutable) || aws.ToString(byName["email"].StringAttributeConstraints.MaxLength) != "2048" {
		t.Errorf("%d attributes, sub %+v", len(byName), byName["sub"])
	}
	if p = describe("us-east-1_Plain"); p.EstimatedNumberOfUsers != 600 || p.UserPoolTier != "PLUS" || p.MfaConfiguration != "OPTIONAL" || len(p.SchemaAttributes) != 2 ||
		aws.ToString(p.SchemaAttributes[0].NumberAttributeConstraints.MaxValue) != "9" || !aws.ToBool(p.SchemaAttributes[1].DeveloperOnlyAttribute) {
		t.Errorf("%+v", p)
	}
}
