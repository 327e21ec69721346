package cognito

import (
	"context"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// clock is the time that limiters and retries go by.
type clock interface {
	Now() time.Time
	// Sleep returns nil after d, or the cause for which ctx ended before that.
	Sleep(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error { return dataflow.Sleep(ctx, d) }
