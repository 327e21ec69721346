package cognitotest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func attribute(name string) func(cognitotest.User) string {
	return func(u cognitotest.User) string {
		value, ok := u.Attribute(name)
		if !ok {
			return "\x00absent"
		}
		return value
	}
}

func TestFilter_GivesThoseThatMatch(t *testing.T) {
	c, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Seed: 5, Users: 700})
	pool.Put(cognitotest.User{Sub: "not-hex", Username: "quo\"ted", Status: "CONFIRMED", Attributes: []cognitotest.AttributeValue{{Name: "name", Value: `a\b`}, {Name: "given_name", Value: ""}}})
	all := slices.Collect(pool.All())
	for text, match := range map[string]func(cognitotest.User) bool{
		``:                                func(cognitotest.User) bool { return true },
		`username ^= "google_"`:           func(u cognitotest.User) bool { return strings.HasPrefix(u.Username, "google_") },
		`username="quo\"ted"`:             func(u cognitotest.User) bool { return u.Sub == "not-hex" },
		`name = "a\\b"`:                   func(u cognitotest.User) bool { return u.Sub == "not-hex" },
		`given_name = ""`:                 func(u cognitotest.User) bool { return u.Sub == "not-hex" },
		`email^="ada."`:                   func(u cognitotest.User) bool { return strings.HasPrefix(attribute("email")(u), "ada.") },
		` phone_number  ^=  "+15551" `:    func(u cognitotest.User) bool { return strings.HasPrefix(attribute("phone_number")(u), "+15551") },
		`name ^= "Alan"`:                  func(u cognitotest.User) bool { return strings.HasPrefix(attribute("name")(u), "Alan") },
		`given_name = "Grace"`:            func(u cognitotest.User) bool { return attribute("given_name")(u) == "Grace" },
		`family_name = "Hopper"`:          func(u cognitotest.User) bool { return attribute("family_name")(u) == "Hopper" },
		`preferred_username ^= "Ken"`:     func(u cognitotest.User) bool { return strings.HasPrefix(attribute("preferred_username")(u), "Ken") },
		`cognito:user_status="CONFIRMED"`: func(u cognitotest.User) bool { return u.Status == "CONFIRMED" },
		`cognito:user_status="external_provider"`: func(u cognitotest.User) bool {
			return u.Status == "EXTERNAL_PROVIDER"
		},
		`status = "Disabled"`:            func(u cognitotest.User) bool { return !u.Enabled },
		`status = "disabled"`:            func(cognitotest.User) bool { return false },
		`sub = "` + all[3].Sub + `"`:     func(u cognitotest.User) bool { return u.Sub == all[3].Sub },
		`sub ^= "` + all[3].Sub + `"`:    func(u cognitotest.User) bool { return u.Sub == all[3].Sub },
		`sub ^= "` + all[3].Sub + `0"`:   func(cognitotest.User) bool { return false },
		`sub = "` + all[3].Sub[:2] + `"`: func(cognitotest.User) bool { return false },
		`sub ^= "7"`:                     func(u cognitotest.User) bool { return u.Sub[0] == '7' },
		`sub ^= "G"`:                     func(cognitotest.User) bool { return false },
		`sub ^= "n"`:                     func(u cognitotest.User) bool { return u.Sub == "not-hex" },
		`sub ^= ""`:                      func(cognitotest.User) bool { return true },
	} {
		t.Run(text, func(t *testing.T) {
			var want []cognitotest.User
			for _, u := range all {
				if match(u) {
					want = append(want, u)
				}
			}
			got := scan(t, c, cognito.ListUsersInput{Filter: aws.String(text), Limit: aws.Int32(25)}, nil)
			bySub := func(a, b cognitotest.User) int { return strings.Compare(a.Sub, b.Sub) }
			slices.SortFunc(want, bySub)
			slices.SortFunc(got, bySub)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilter_RefusesWhatCognitoDoesNotSearch(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 1})
	for text, message := range map[string]string{
		`custom:plan = "pro"`:           "Invalid search attribute: custom:plan",
		`UserCreateDate = "2024-01-01"`: "Invalid search attribute: UserCreateDate",
		`locale = "en_US"`:              "Invalid search attribute: locale",
		`email = "a" and name = "b"`:    "Error while parsing filter.",
		`email > "a"`:                   "Error while parsing filter.",
		`email = a`:                     "Error while parsing filter.",
		`email = "a`:                    "Error while parsing filter.",
		`email = "a"b"`:                 "Error while parsing filter.",
		`nonsense`:                      "Error while parsing filter.",
		`email = "` + strings.Repeat("a", 248) + `"`: "failed to satisfy constraint: Member must have length less than or equal to 256",
	} {
		_, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Filter: aws.String(text)})
		wantError(t, err, "InvalidParameterException", message)
	}
}

func TestFilter_GivesEmptyPagesThatCarryATokenUntilItFinds(t *testing.T) {
	c, _, pool := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 100_000})
	pool.Put(cognitotest.User{Sub: "last", Username: "needle"})
	var empty int
	got := scan(t, c, cognito.ListUsersInput{Filter: aws.String(`username = "needle"`)}, func(users int, token *string) {
		if users == 0 && token != nil {
			empty++
		}
	})
	if len(got) != 1 || got[0].Sub != "last" || empty == 0 {
		t.Errorf("%d users after %d empty pages", len(got), empty)
	}
}

func TestFilter_BySubDividesAMillionWithoutReadingThemAll(t *testing.T) {
	for name, spec := range map[string]cognitotest.Spec{"newer": {Users: 1_000_000}, "uuid": {Users: 1_000_000, UUIDv4: true}, "crowded": {Users: 1_000_000, Crowded: 0.5}} {
		t.Run(name, func(t *testing.T) {
			c, server, pool := serve(t, cognitotest.Options{}, spec)
			want := cognitotest.Generate(spec).User(777_777).Sub
			got := scan(t, c, cognito.ListUsersInput{Filter: aws.String(`sub ^= "` + want[:8] + `"`)}, nil)
			if !slices.ContainsFunc(got, func(u cognitotest.User) bool { return u.Sub == want }) {
				t.Errorf("%s is not among the %d users of its prefix", want, len(got))
			}
			if server.Stats().Users != int64(len(got)) {
				t.Error("handed out more users than match")
			}
			if u, ok := pool.User(want); !ok || u.Sub != want {
				t.Error("not found by its sub")
			}
		})
	}
}
