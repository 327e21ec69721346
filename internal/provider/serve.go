package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

// lastWords is how long a run may still write when the CLI is gone: its request is cancelled then, and it says that it was interrupted.
const lastWords = 10 * time.Second

// Serve serves the provider to the CLI that started this process, until that CLI ends it, or some time after it is gone, which is an error.
// With debug it prints how a CLI reaches it, and outlives whoever started it: a debugger comes and goes.
func Serve(ctx context.Context, version string, debug bool, options ...Option) error {
	ended := make(chan error, 1)
	go func() {
		ended <- providerserver.Serve(ctx, New(version, options...), providerserver.ServeOpts{
			Address:         "registry.terraform.io/skypointcloud/skypoint",
			Debug:           debug,
			ProtocolVersion: 6,
		})
	}()
	if debug {
		return <-ended
	}
	orphaned := make(chan struct{})
	go func() {
		if process.Orphaned(ctx) {
			<-time.After(lastWords)
			close(orphaned)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-orphaned:
		return errors.New("the CLI that started the provider is gone")
	}
}
