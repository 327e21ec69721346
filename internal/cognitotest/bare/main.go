// Command bare reads every user of a pool with the AWS SDK and does nothing with them: a loop over ListUsers, as anybody writes it.
// Benchmarks run it beside an import, over the same server: it is the fastest that one chain of pages can be.
//
// Its key comes from the environment, as the SDK reads it. It prints one line of JSON: how many users, and in how many seconds.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "", "`URL` of the server")
	pool := flags.String("pool", "", "`ID` of the pool")
	region := flags.String("region", "", "its `Region`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(*region), config.WithBaseEndpoint(*endpoint),
		config.WithHTTPClient(&http.Client{Transport: plainBodies{awshttp.NewBuildableClient().GetTransport()}}))
	if err != nil {
		return err
	}
	began := time.Now()
	users, err := read(ctx, cognitoidentityprovider.NewFromConfig(cfg), *pool)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(map[string]any{"users": users, "seconds": time.Since(began).Seconds()})
}

func read(ctx context.Context, client *cognitoidentityprovider.Client, pool string) (users int, err error) {
	input := &cognitoidentityprovider.ListUsersInput{UserPoolId: &pool, Limit: aws.Int32(60)}
	for {
		page, err := client.ListUsers(ctx, input)
		if err != nil {
			return users, err
		}
		users += len(page.Users)
		if page.PaginationToken == nil {
			return users, nil
		}
		input.PaginationToken = page.PaginationToken
	}
}

// plainBodies hides that the SDK's bodies can write themselves: at a server as near as a test's, one request in a hundred
// would fail by that and be sent again after a pause, and an import would look fast beside it.
type plainBodies struct{ http.RoundTripper }

// RoundTrip sends a request.
func (t plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.WithContext(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return t.RoundTripper.RoundTrip(r)
}
