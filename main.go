// Command terraform-provider-skypoint serves the skypointcloud/skypoint provider.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run under a debugger and print how Terraform reaches it")
	flag.Parse()
	if err := provider.Serve(context.Background(), version, *debug); err != nil {
		log.Fatal(err)
	}
}
