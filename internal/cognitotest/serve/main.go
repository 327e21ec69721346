// Command serve runs a test Cognito in a process of its own, for the demo and for benchmarks, which are not to measure it.
//
// It prints one line of JSON when it listens, with the endpoint and the rest that a client needs, and serves until
// SIGTERM or an interrupt. Beside the API it answers, without a signature:
//
//	POST /_test/evolve?changed=&added=&removed=   lets the pool move on, and says how many users were touched
//	GET  /_test/stats                             what the server did so far
//	GET  /_test/users                             every user, a line of JSON each
//	GET  /_test/groups                            every group, likewise
//	GET  /_test/memberships                       every user of every group, likewise
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, or stdin does when it is asked to heed that.
func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		opts       cognitotest.Options
		spec       cognitotest.Spec
		pool       cognitotest.Pool
		credential = cognitotest.DefaultCredential()
	)
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:0", "`address` to listen on")
	exit := flags.Bool("exit-with-stdin", false, "exit when standard input is closed, so that nobody is left an orphan")
	flags.Uint64Var(&spec.Seed, "seed", 1, "what users and groups follow from")
	flags.IntVar(&spec.Users, "users", 5000, "users in the pool")
	flags.IntVar(&spec.Groups, "groups", 8, "groups in the pool")
	flags.BoolVar(&spec.Hostile, "hostile", false, "give users values that break careless readers")
	flags.StringVar(&pool.ID, "pool", "us-east-1_Example1", "`ID` of the pool; what is before the underscore is its Region")
	flags.StringVar(&credential.AccessKeyID, "access-key-id", credential.AccessKeyID, "`ID` of the key that may read the pool")
	flags.StringVar(&credential.SecretAccessKey, "secret-access-key", credential.SecretAccessKey, "its `secret`")
	flags.DurationVar(&opts.Latency, "latency", 0, "how long each answer takes at least")
	flags.Float64Var(&opts.RequestsPerSecond, "requests-per-second", 0, "quota of ListUsers and ListUsersInGroup together; 0: none")
	flags.IntVar(&opts.Burst, "burst", 0, "requests of that quota that may come at once; 0: one second's worth")
	flags.Float64Var(&opts.Pages.Short, "short-pages", 0, "share of pages that are short, 0 to 1")
	flags.Float64Var(&opts.Pages.Empty, "empty-pages", 0, "share of pages that are empty, 0 to 1")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	opts.Seed = spec.Seed
	opts.Credentials = []cognitotest.Credential{credential}
	server := cognitotest.New(opts)
	pool.Users = cognitotest.Generate(spec)
	handle := server.AddPool(pool)

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(map[string]any{
		"endpoint": "http://" + listener.Addr().String(), "user_pool_id": handle.ID(), "region": handle.Region(),
		"access_key_id": credential.AccessKeyID, "users": handle.Len(), "pid": os.Getpid(),
	}); err != nil {
		return err
	}
	if *exit {
		go func() {
			_, _ = io.Copy(io.Discard, stdin) // however it ends, it has ended
			stop()
		}()
	}
	return serveUntil(ctx, listener, handler(server, handle))
}

func serveUntil(ctx context.Context, listener net.Listener, h http.Handler) error {
	web := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return web.Close() // a client in the middle of a request is a test's own fault
	}
}
