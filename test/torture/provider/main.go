//go:build torture

// Command provider is the provider as it is tortured: an import goes on where a killed one ended also when that one had read for milliseconds only,
// and who was killed on another host is taken for dead after seconds.
package main

import (
	"context"
	"log"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

func main() {
	if err := provider.Serve(context.Background(), "dev", false, provider.WithResumeAfter(time.Millisecond), provider.WithLease(2*time.Second)); err != nil {
		log.Fatal(err)
	}
}
