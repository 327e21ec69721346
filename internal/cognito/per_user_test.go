package cognito

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestEachUser_ListsNoFurtherThanTheCallsHaveCome(t *testing.T) {
	const users = 3_000
	var listed, called atomic.Int64
	var mu sync.Mutex
	now := time.Now()
	s := cognitotest.New(cognitotest.Options{
		Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		OnRequest: func(op string, n int) {
			switch op {
			case "ListUsers":
				listed.Store(int64(n) * pageSize)
			case "AdminListDevices":
				called.Store(int64(n))
				mu.Lock()
				now = now.Add(10 * time.Second) // all of them take eight hours: a token of the list lives one
				mu.Unlock()
			}
		},
	})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Users: cognitotest.Generate(cognitotest.Spec{Seed: 4, Users: users})})
	p := open(t, keys(s.Start(t)))
	var most int64
	ahead := func() {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, listed.Load()-called.Load())
	}
	err := p.eachUser(t.Context(), func(ctx context.Context, user poolUser) error {
		ahead()
		return ofUser(ctx, p, adminListDevices, p.devicesOf(user.username, pageSize), func(*types.DeviceType) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	if called.Load() != users {
		t.Errorf("%d users were called for, want %d", called.Load(), users)
	}
	if bound := int64(2*pageSize + maxChains + pageSize); most > bound {
		t.Errorf("the list was %d users ahead of the calls, want at most %d", most, bound)
	}
}

func TestEachUser_AnErrorEndsListAndCalls(t *testing.T) {
	s, handle, p := service(t, cognitotest.Options{}, cognitotest.Spec{Users: 1_000})
	for u := range handle.All() {
		handle.AddDevice(u.Sub, "phone", cognitotest.Fields{})
	}
	full := errors.New("the disk is full")
	_, err := p.Scan(t.Context(), "devices", described(t, p, "devices").Schema, rowSink(func(dataflow.Row) error { return full }))
	if err != full { //nolint:errorlint // as it is, not wrapped
		t.Errorf("%v", err)
	}
	if n := s.Stats().Calls["AdminListDevices"]; n > 2*maxChains {
		t.Errorf("%d calls", n)
	}
	over := errors.New("it is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	err = p.eachUser(ctx, func(context.Context, poolUser) error { cancel(over); return nil })
	if !errors.Is(err, over) {
		t.Errorf("%v", err)
	}
}

func TestUserTables_KeepToTheirQuota(t *testing.T) {
	const perSecond = 50
	s := cognitotest.New(cognitotest.Options{Quotas: map[string]float64{"AdminListDevices": perSecond}})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Users: cognitotest.Generate(cognitotest.Spec{Users: 60})})
	c := keys(s.Start(t))
	c.MaxRequestsPerSecond = 30
	p := open(t, c)
	began := time.Now()
	scanAll(t, p, described(t, p, "devices"))
	usage, took := p.Usage(), time.Since(began)
	if usage.Throttles != 0 || usage.WaitedSeconds <= 0 || took < 800*time.Millisecond {
		t.Errorf("60 users took %s, usage %+v", took, usage)
	}
}

func TestCall_WaitsForTheOperationsOwnQuotaAndTheCategorys(t *testing.T) {
	p := open(t, keys("http://127.0.0.1:1"))
	for op, want := range map[operation]string{
		listUsers:              fmt.Sprint([]string{"UserList"}),
		adminListDevices:       fmt.Sprint([]string{"UserResourceRead"}),
		listGroups:             fmt.Sprint([]string{"ListGroups", "UserPoolResourceRead"}),
		describeUserPoolClient: fmt.Sprint([]string{"DescribeUserPoolClient", "UserPoolClientRead"}),
	} {
		var got []string
		for _, limit := range p.limits(op) {
			got = append(got, limit.key.quota)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", op.name, got, want)
		}
	}
}
