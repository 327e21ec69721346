package cognitotest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestSignature_IsChecked(t *testing.T) {
	known := cognitotest.DefaultCredential()
	temporary := cognitotest.Credential{AccessKeyID: "ASIATEMPORARY", SecretAccessKey: "s2", SessionToken: "token"}
	expired := cognitotest.Credential{AccessKeyID: "ASIAEXPIRED", SecretAccessKey: "s3", SessionToken: "old", Expired: true}
	denied := cognitotest.Credential{AccessKeyID: "AKIADENIED", SecretAccessKey: "s4", Deny: []string{"ListUsers"}}
	server := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{known, temporary, expired, denied}})
	server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(cognitotest.Spec{Users: 1})})
	endpoint := server.Start(t)
	const unknown = "The security token included in the request is invalid."

	for name, try := range map[string]struct {
		credential    cognitotest.Credential
		code, message string
	}{
		"known":                   {credential: known},
		"temporary":               {credential: temporary},
		"unknown key":             {cognitotest.Credential{AccessKeyID: "AKIAOTHER", SecretAccessKey: known.SecretAccessKey}, "UnrecognizedClientException", unknown},
		"wrong secret":            {cognitotest.Credential{AccessKeyID: known.AccessKeyID, SecretAccessKey: "wrong"}, "InvalidSignatureException", "does not match the signature you provided"},
		"wrong secret, in full":   {cognitotest.Credential{AccessKeyID: known.AccessKeyID, SecretAccessKey: "wrong"}, "InvalidSignatureException", "The Canonical String for this request should have been\n'POST\n/\n\n"},
		"temporary without token": {cognitotest.Credential{AccessKeyID: temporary.AccessKeyID, SecretAccessKey: "s2"}, "UnrecognizedClientException", unknown},
		"token of another":        {cognitotest.Credential{AccessKeyID: temporary.AccessKeyID, SecretAccessKey: "s2", SessionToken: "old"}, "UnrecognizedClientException", unknown},
		"token too many":          {cognitotest.Credential{AccessKeyID: known.AccessKeyID, SecretAccessKey: known.SecretAccessKey, SessionToken: "token"}, "UnrecognizedClientException", unknown},
		"expired":                 {expired, "ExpiredTokenException", "The security token included in the request is expired"},
		"denied": {denied, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/test is not authorized to perform: cognito-idp:ListUsers on resource: " +
			"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Test1 because no identity-based policy allows the cognito-idp:ListUsers action"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(endpoint, "us-east-1", try.credential).ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
			if try.code != "" {
				wantError(t, err, try.code, try.message)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("denied one operation, allowed another", func(t *testing.T) {
		if _, err := client(endpoint, "us-east-1", denied).ListGroups(t.Context(), &cognito.ListGroupsInput{UserPoolId: aws.String(poolID)}); err != nil {
			t.Fatal(err)
		}
	})
	if stats := server.Stats(); stats.Refused != 8 || stats.Calls["ListUsers"] != 2 || stats.Calls["ListGroups"] != 1 || stats.Requests != 11 {
		t.Errorf("%+v", stats)
	}
}

func TestSignature_CoversBodyHeadersTimeAndScope(t *testing.T) {
	server := cognitotest.New(cognitotest.Options{})
	server.AddPool(cognitotest.Pool{ID: poolID})
	body := []byte(`{"UserPoolId":"` + poolID + `"}`)
	for name, try := range map[string]struct {
		age     time.Duration
		service string
		change  func(*http.Request)
		want    string
	}{
		"right":               {want: ""},
		"another body":        {change: func(r *http.Request) { r.Body = http.NoBody }, want: "InvalidSignatureException"},
		"another operation":   {change: func(r *http.Request) { r.Header.Set("X-Amz-Target", targetOf("ListGroups")) }, want: "InvalidSignatureException"},
		"another host":        {change: func(r *http.Request) { r.Host = "elsewhere" }, want: "InvalidSignatureException"},
		"another query":       {change: func(r *http.Request) { r.URL.RawQuery = "a=b" }, want: "InvalidSignatureException"},
		"six minutes old":     {age: 6 * time.Minute, want: "InvalidSignatureException"},
		"six minutes early":   {age: -6 * time.Minute, want: "InvalidSignatureException"},
		"four minutes old":    {age: 4 * time.Minute, want: ""},
		"another service":     {service: "s3", want: "InvalidSignatureException"},
		"no signature":        {change: func(r *http.Request) { r.Header.Del("Authorization") }, want: "MissingAuthenticationTokenException"},
		"half a signature":    {change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b") }, want: "IncompleteSignatureException"},
		"no date":             {change: func(r *http.Request) { r.Header.Del("X-Amz-Date") }, want: "InvalidSignatureException"},
		"no operation":        {change: func(r *http.Request) { r.Header.Del("X-Amz-Target") }, want: "UnknownOperationException"},
		"unknown operation":   {change: func(r *http.Request) { r.Header.Set("X-Amz-Target", targetOf("Nothing")) }, want: "UnknownOperationException"},
		"a get":               {change: func(r *http.Request) { r.Method = http.MethodGet }, want: "UnknownOperationException"},
		"spaces in a header":  {change: func(r *http.Request) { r.Header.Set("Content-Type", "  application/x-amz-json-1.1  ") }, want: ""},
		"an unsigned header":  {change: func(r *http.Request) { r.Header.Set("User-Agent", "other") }, want: ""},
		"no JSON in the body": {change: func(r *http.Request) { resign(r, []byte("{")) }, want: "SerializationException"},
	} {
		t.Run(name, func(t *testing.T) {
			request := newRequest(body)
			service := "cognito-idp"
			if try.service != "" {
				service = try.service
			}
			sign(request, body, service, time.Now().Add(-try.age))
			if try.change != nil {
				try.change(request)
			}
			recorder := httptest.NewRecorder()
			server.Handler().ServeHTTP(recorder, request)
			if try.want == "" {
				if recorder.Code != http.StatusOK {
					t.Fatal(recorder.Code, recorder.Body)
				}
				return
			}
			var out struct {
				Type    string `json:"__type"`
				Message *string
			}
			if err := json.Unmarshal(recorder.Body.Bytes(), &out); err != nil {
				t.Fatal(err)
			}
			if recorder.Code != http.StatusBadRequest || out.Type != try.want || out.Message == nil ||
				recorder.Header().Get("X-Amzn-Errortype") != try.want+":" || recorder.Header().Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("got %d %v %s, want %s", recorder.Code, recorder.Header(), recorder.Body, try.want)
			}
		})
	}
}

func targetOf(op string) string { return "AWSCognitoIdentityProviderService." + op }

func newRequest(body []byte) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", targetOf("ListUsers"))
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return request
}

// sign signs with the SDK's own signer.
func sign(r *http.Request, body []byte, service string, at time.Time) {
	sum := sha256.Sum256(body)
	c := cognitotest.DefaultCredential()
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey},
		r, hex.EncodeToString(sum[:]), service, "us-east-1", at)
	if err != nil {
		panic(err)
	}
}

func resign(r *http.Request, body []byte) {
	*r = *newRequest(body)
	sign(r, body, "cognito-idp", time.Now())
}

func TestRegion_HasPoolsAndQuotasOfItsOwn(t *testing.T) {
	server := cognitotest.New(cognitotest.Options{RequestsPerSecond: 1, Clock: func() time.Time { return time.Unix(0, 0) }})
	server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(cognitotest.Spec{Users: 1})})
	server.AddPool(cognitotest.Pool{ID: poolID, Region: "eu-west-1", Users: cognitotest.Generate(cognitotest.Spec{Users: 2})})
	endpoint := server.Start(t)
	for region, want := range map[string]int{"us-east-1": 1, "eu-west-1": 2} {
		out, err := client(endpoint, region, cognitotest.DefaultCredential()).ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Users) != want {
			t.Errorf("%s: %d users, want %d", region, len(out.Users), want)
		}
	}
	_, err := client(endpoint, "us-west-2", cognitotest.DefaultCredential()).ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
	wantError(t, err, "ResourceNotFoundException", "User pool us-east-1_Test1 does not exist.")
	_, err = client(endpoint, "eu-west-1", cognitotest.DefaultCredential()).ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
	wantError(t, err, "TooManyRequestsException", "Too many requests")
}

func TestSetCredentials_HoldsFromTheNextRequestOn(t *testing.T) {
	c, server, _ := serve(t, cognitotest.Options{}, cognitotest.Spec{Users: 1})
	list := func() error {
		_, err := c.ListUsers(t.Context(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID)})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	known := cognitotest.DefaultCredential()
	rotated := known
	rotated.SecretAccessKey = "another"
	server.SetCredentials(rotated)
	wantError(t, list(), "InvalidSignatureException", "does not match")
	known.Deny = []string{"ListUsers"}
	server.SetCredentials(known)
	wantError(t, list(), "AccessDeniedException", "cognito-idp:ListUsers")
	server.SetCredentials()
	wantError(t, list(), "UnrecognizedClientException", "invalid")
}
