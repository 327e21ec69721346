package cognitotest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const poolID = "us-east-1_Test1"

// client is AWS's own, which does not retry: a test wants to see each answer.
func client(endpoint, region string, c cognitotest.Credential) *cognito.Client {
	return cognito.New(cognito.Options{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &http.Client{Transport: wholeBody{}},
	})
}

// wholeBody sends a request's body as bytes that net/http knows to be in memory. With the SDK's own wrapper around it
// net/http looks once more for its end after the last byte is on the wire; when the answer is there by then, the SDK has
// closed the body, its WriteTo says io.EOF, and net/http closes the connection with the answer on it. A server as near as
// this one loses every tenth answer to that.
type wholeBody struct{}

func (wholeBody) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultTransport.RoundTrip(r)
}

// serve starts a server with one pool of these users.
func serve(t testing.TB, opts cognitotest.Options, spec cognitotest.Spec) (*cognito.Client, *cognitotest.Server, *cognitotest.PoolHandle) {
	t.Helper()
	server := cognitotest.New(opts)
	pool := server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(spec)})
	credential := cognitotest.DefaultCredential()
	if len(opts.Credentials) > 0 {
		credential = opts.Credentials[0]
	}
	return client(server.Start(t), "us-east-1", credential), server, pool
}

// user is a user as the SDK gives it, in the form of what is there.
func user(u types.UserType) cognitotest.User {
	out := cognitotest.User{
		Username: aws.ToString(u.Username), Enabled: u.Enabled, Status: string(u.UserStatus),
		CreatedAt: u.UserCreateDate.UTC().Round(time.Millisecond), UpdatedAt: u.UserLastModifiedDate.UTC().Round(time.Millisecond),
	}
	for _, a := range u.Attributes {
		out.Attributes = append(out.Attributes, cognitotest.AttributeValue{Name: aws.ToString(a.Name), Value: aws.ToString(a.Value)})
		if aws.ToString(a.Name) == "sub" {
			out.Sub = aws.ToString(a.Value)
		}
	}
	return out
}

// scan reads ListUsers to its end. Each page's size is given to look.
func scan(t testing.TB, c *cognito.Client, in cognito.ListUsersInput, look func(users int, token *string)) []cognitotest.User {
	t.Helper()
	in.UserPoolId = aws.String(poolID)
	var users []cognitotest.User
	for range 1_000_000 {
		out, err := c.ListUsers(context.Background(), &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			users = append(users, user(u))
		}
		if look != nil {
			look(len(out.Users), out.PaginationToken)
		}
		if in.PaginationToken = out.PaginationToken; in.PaginationToken == nil {
			return users
		}
	}
	t.Fatal("the list has no end")
	return nil
}

// wantError checks the code and a part of the message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Fatalf("got %s: %s\nwant %s: …%s…", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}
