// Command terraform-provider-skypoint serves the skypointcloud/skypoint provider.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// version is set by the release build.
var version = "dev"

// lastWords is how long a run may still write when the CLI is gone: its request is cancelled then, and it says that it was interrupted.
const lastWords = 10 * time.Second

// endWithParent ends the process some time after the CLI that started it is gone.
func endWithParent() {
	if process.Orphaned(context.Background()) {
		<-time.After(lastWords)
		os.Exit(1)
	}
}

func main() {
	debug := flag.Bool("debug", false, "run under a debugger and print how Terraform reaches it")
	flag.Parse()
	if !*debug { // a debugger's parent comes and goes
		go endWithParent()
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address:         "registry.terraform.io/skypointcloud/skypoint",
		Debug:           *debug,
		ProtocolVersion: 6,
	})
	if err != nil {
		log.Fatal(err)
	}
}
