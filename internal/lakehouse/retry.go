package lakehouse

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// patiently calls what may be called twice, of a catalog on another machine, while its failures are transient: for about half a minute. A run reads for hours, and must not
// fail because the catalog was restarted, a firewall cut a connection off, or somebody else's transaction came between. It says how often it called.
func patiently(ctx context.Context, transient func(error) bool, call func() error) (calls int, err error) {
	const longest = 6 * time.Second
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, longest) {
		err = call()
		if calls++; err == nil || !transient(err) || calls == 12 {
			return calls, err
		}
		if err := dataflow.Sleep(ctx, wait/2+rand.N(wait)); err != nil { //nolint:gosec // no secret: who met once would meet again
			return calls, err
		}
	}
}
