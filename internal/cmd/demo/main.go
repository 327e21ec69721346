// Command demo shows the whole way on one machine: it starts a test Cognito, applies examples/demo to it with a real
// Terraform or OpenTofu, changes some users, applies again, and prints what a person wants to see each time.
// `make demo` builds what it needs and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func main() {
	var d demo
	flag.StringVar(&d.bin, "bin", "bin", "the `folder` with the built provider and the test Cognito")
	flag.StringVar(&d.dir, "dir", ".demo", "the `folder` to work in; it is removed first")
	flag.StringVar(&d.example, "example", filepath.Join("examples", "demo"), "the `folder` with the configuration")
	flag.StringVar(&d.team, "team", "", "the `folder` with a team's provider block: records and tables go to a bucket, the catalog to PostgreSQL, which must be installed")
	flag.IntVar(&d.users, "users", 5000, "how many users the pool has")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := d.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type demo struct {
	bin, dir, example, team string
	users                   int
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := d.prepare(); err != nil {
		return err
	}
	cli, err := findCLI(ctx, d.bin, d.dir)
	if err != nil {
		return err
	}
	var shared *team
	if d.team != "" {
		if shared, err = startTeam(); err != nil { //nolint:contextcheck // it starts also what has to be stopped when the demo is interrupted
			return err
		}
		defer func() { err = errors.Join(err, shared.stop()) }() //nolint:contextcheck // an interrupted demo stops it too
		if err := layOver(d.dir, d.team); err != nil {
			return err
		}
		cli.env = shared.env()
		fmt.Printf("A test S3 answers at %s, a PostgreSQL of the demo's own beside it.\n", shared.bucket.URL)
	}
	pool, err := startCognito(ctx, d.bin, d.users)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.stop()) }()
	fmt.Printf("A test Cognito with %s users answers at %s. No AWS account is used.\n", dataflow.Thousands(int64(d.users)), pool.Endpoint)

	fmt.Printf("\n1. %s applies %s\n", cli.name, filepath.Join(d.dir, "main.tf"))
	if err := cli.apply(ctx, pool, "1"); err != nil {
		return err
	}
	first, err := cli.outputs(ctx)
	if err != nil {
		return err
	}
	first.show()
	first.showRows()

	fmt.Printf("\n2. In the pool, %d users change, %d come and %d go; %s applies again\n", evolution.changed, evolution.added, evolution.removed, cli.name)
	if err := pool.evolve(ctx); err != nil {
		return err
	}
	if err := cli.apply(ctx, pool, "2"); err != nil {
		return err
	}
	second, err := cli.outputs(ctx)
	if err != nil {
		return err
	}
	second.show()
	if err := second.holds(evolution); err != nil {
		return err
	}
	if shared != nil {
		fmt.Print(whereTheTeamLooks(d.dir))
		return nil
	}
	fmt.Print(whereToLook(d.dir, cli))
	return nil
}

// prepare makes the working folder anew, with the example in it. It removes only a folder that a demo made.
func (d *demo) prepare() error {
	for _, p := range []*string{&d.bin, &d.dir, &d.example} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	const mark = ".made-by-the-demo"
	if _, err := os.Stat(d.dir); err == nil {
		if _, err := os.Stat(filepath.Join(d.dir, mark)); err != nil {
			return fmt.Errorf("%s is there and was not made by the demo: remove it or choose another with -dir", d.dir)
		}
		if err := os.RemoveAll(d.dir); err != nil {
			return err
		}
	}
	if err := os.CopyFS(d.dir, os.DirFS(d.example)); err != nil {
		return fmt.Errorf("copy the example: %w", err)
	}
	return os.WriteFile(filepath.Join(d.dir, mark), nil, 0o600)
}
