package cognitotest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestQuota_IsSharedByListUsersAndListUsersInGroupAndFillsAgain(t *testing.T) {
	var now atomic.Int64
	c, server, _ := serve(t, cognitotest.Options{
		Clock: func() time.Time { return time.UnixMilli(now.Load()) }, RequestsPerSecond: 2, Burst: 3, Quotas: map[string]float64{"ListGroups": 1},
	}, cognitotest.Spec{Users: 10, Groups: 1})
	users := func() error {
		_, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
		return err
	}
	members := func() error {
		_, err := c.ListUsersInGroup(t.Context(), &cognito.ListUsersInGroupInput{UserPoolId: aws.String(poolID), GroupName: aws.String("admins-0")})
		return err
	}
	groups := func() error {
		_, err := c.ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID)})
		return err
	}
	describe := func() error {
		_, err := c.DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: aws.String(poolID)})
		return err
	}
	for i, step := range []struct {
		at   int64
		call func() error
		ok   bool
	}{
		{0, users, true}, {0, members, true}, {0, users, true}, {0, members, false}, {0, users, false},
		{0, groups, true}, {0, groups, false}, {0, describe, true}, {0, describe, true},
		{499, users, false}, {500, members, true}, {500, users, false}, {999, groups, false}, {1000, groups, true}, {1000, users, true},
		{60_000, users, true}, {60_000, users, true}, {60_000, users, true}, {60_000, users, false},
	} {
		now.Store(step.at)
		err := step.call()
		if step.ok && err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if !step.ok {
			wantError(t, err, "TooManyRequestsException", "Too many requests")
		}
	}
	if stats := server.Stats(); stats.Throttled != 7 || stats.Faults.Total() != 0 || stats.Requests != 19 || stats.Calls["ListUsers"] != 6 {
		t.Errorf("%+v", stats)
	}
}

func TestFaults_FollowFromTheSeedAndAreCounted(t *testing.T) {
	faults := cognitotest.Faults{InternalError: 0.1, Unavailable: 0.1, Throttled: 0.1, Dropped: 0.1, Truncated: 0.1}
	const requests = 300
	run := func(seed uint64) ([]string, cognitotest.Stats) {
		c, server, _ := serve(t, cognitotest.Options{Seed: seed, Faults: faults}, cognitotest.Spec{Users: 60})
		var met []string
		for range requests {
			out, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
			var response interface{ HTTPStatusCode() int }
			var api smithy.APIError
			kind := ""
			switch {
			case err == nil && len(out.Users) == 60:
			case errors.As(err, &api):
				kind = api.ErrorCode()
				if errors.As(err, &response) {
					kind = fmt.Sprint(response.HTTPStatusCode(), " ", kind)
				}
			case errors.As(err, &response) && response.HTTPStatusCode() != 0:
				kind = fmt.Sprint(response.HTTPStatusCode())
			case err != nil:
				kind = "no answer"
			}
			met = append(met, kind)
		}
		return met, server.Stats()
	}
	met, stats := run(1)
	count := map[string]int64{}
	for _, kind := range met {
		count[kind]++
	}
	f := stats.Faults
	for kind, want := range map[string]int64{
		"": stats.Calls["ListUsers"], "500 InternalErrorException": f.InternalError, "400 TooManyRequestsException": f.Throttled, "200": f.Truncated, "no answer": f.Dropped,
	} {
		if count[kind] != want || want < 10 {
			t.Errorf("%q: %d times, counted %d; %v", kind, count[kind], want, count)
		}
	}
	if f.Unavailable < 10 || stats.Requests != requests || stats.Calls["ListUsers"]+f.Total() != requests || stats.Throttled != 0 || stats.Users != 60*count[""] {
		t.Errorf("%+v", stats)
	}
	if again, _ := run(1); !slices.Equal(met, again) {
		t.Error("the same seed gave other faults")
	}
	if other, _ := run(2); slices.Equal(met, other) {
		t.Error("another seed gave the same faults")
	}
}

func TestLatency_EndsWhenTheClientLeaves(t *testing.T) {
	server := cognitotest.New(cognitotest.Options{Latency: time.Hour})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	func() {
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("the request ended with %v", err)
			}
		}()
		server.Handler().ServeHTTP(httptest.NewRecorder(), newRequest([]byte("{}")).WithContext(ctx))
	}()
	if stats := server.Stats(); stats.Left != 1 || stats.Requests != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestLatency_IsWaitedForInEveryRequest(t *testing.T) {
	c, _, _ := serve(t, cognitotest.Options{Latency: 30 * time.Millisecond}, cognitotest.Spec{Users: 1})
	began := time.Now()
	if _, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Error(took)
	}
}
