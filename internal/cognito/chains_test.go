package cognito

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestChains_AreSharedEquallyAmongTheScans(t *testing.T) {
	c := newChains()
	var shares []*chainShare
	for _, want := range []int{64, 64, 42, 32, 25, 21, 18, 16, 14, 12} {
		shares = append(shares, c.join())
		for i, s := range shares {
			if s.size() != want {
				t.Fatalf("%d scans: scan %d may read %d chains, want %d", len(shares), i, s.size(), want)
			}
		}
	}
	for range 100 {
		shares = append(shares, c.join())
	}
	if got := shares[0].size(); got != fewestChains {
		t.Errorf("of 110 scans one may read %d chains, want %d", got, fewestChains)
	}
	for _, s := range shares[1:] {
		s.leave()
	}
	if got := shares[0].size(); got != maxChains {
		t.Errorf("the last scan may read %d chains, want %d", got, maxChains)
	}
}

func TestChainShare_GivesWayToWhoeverWaits(t *testing.T) {
	s := newChains().join()
	s.most = 1
	entered, leave := make(chan bool), make(chan bool)
	failed := errors.New("the page is broken")
	read := func() error {
		entered <- true
		<-leave
		return failed
	}
	ended := make(chan error)
	for range 2 {
		go func() { ended <- s.do(t.Context(), read) }()
	}
	<-entered
	over := errors.New("it is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(over)
	if err := s.do(ctx, read); !errors.Is(err, over) {
		t.Errorf("a wait that was called off: %v", err)
	}
	leave <- true
	<-entered // only now
	leave <- true
	for range 2 {
		if err := <-ended; !errors.Is(err, failed) {
			t.Errorf("%v, want what the reading said", err)
		}
	}
}

// Beside 31 other scans: four chains, and the undivided list.
func TestScan_ReadsNoMoreChainsThanItsShare(t *testing.T) {
	for table, most := range map[string]int{"users": fewestChains + 1, "group_memberships": fewestChains} {
		t.Run(table, func(t *testing.T) {
			for range 31 {
				t.Cleanup(processChains.join().leave)
			}
			var mu sync.Mutex
			var now, highest int
			_, handle, p := service(t, cognitotest.Options{OnRequest: func(op string, _ int) {
				if op != "ListUsers" && op != "ListUsersInGroup" {
					return
				}
				count := func(more int) {
					mu.Lock()
					defer mu.Unlock()
					now += more
					highest = max(highest, now)
				}
				count(1)
				<-time.After(time.Millisecond)
				count(-1)
			}}, cognitotest.Spec{Seed: 1, Users: 3_600, Groups: 40})
			rows, _ := scanAll(t, p, described(t, p, table))
			if table == "users" && len(rows) != handle.Len() {
				t.Errorf("%d rows, want %d", len(rows), handle.Len())
			}
			if highest < 2 || highest > most {
				t.Errorf("%d chains side by side, want 2 to %d", highest, most)
			}
		})
	}
}
