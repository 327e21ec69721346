package cognitotest_test

import (
	"slices"
	"testing"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestListUsers_GivesEveryUserOnceWithEqualValues(t *testing.T) {
	for name, spec := range map[string]cognitotest.Spec{
		"realistic": {Seed: 1, Users: 500, Groups: 3},
		"hostile":   {Seed: 2, Users: 1500, Hostile: true},
		"one":       {Seed: 3, Users: 1},
		"none":      {Seed: 4},
	} {
		t.Run(name, func(t *testing.T) {
			c, server, pool := serve(t, cognitotest.Options{}, spec)
			got := scan(t, c, cognito.ListUsersInput{}, nil)
			want := slices.Collect(pool.All())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			if len(got) != spec.Users {
				t.Errorf("%d users, want %d", len(got), spec.Users)
			}
			if diff := cmp.Diff(slices.AppendSeq([]cognitotest.User(nil), cognitotest.Generate(spec).All()), want); diff != "" {
				t.Errorf("the pool does not begin as generated: %s", diff)
			}
			stats := server.Stats()
			if pages := int64(max((spec.Users+59)/60, 1)); stats.Calls["ListUsers"] != pages || stats.Requests != pages || stats.Users != int64(spec.Users) {
				t.Errorf("%+v, want %d pages", stats, pages)
			}
		})
	}
}
