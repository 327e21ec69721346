package cognito

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestOpen_RefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]Config{
		"no Region":                 {UserPoolID: "nothing"},
		"a key without its secret":  {UserPoolID: testPoolID, AccessKeyID: "AKIA"},
		"a secret without its key":  {UserPoolID: testPoolID, SecretAccessKey: "s3cr3t"},
		"no URL":                    {UserPoolID: testPoolID, Endpoint: "localhost:5055"},
		"another scheme":            {UserPoolID: testPoolID, Endpoint: "ftp://localhost"},
		"a password in the URL":     {UserPoolID: testPoolID, Endpoint: "https://me:s3cr3t@localhost"},
		"a URL that does not parse": {UserPoolID: testPoolID, Endpoint: "http://s3cr3t\x7f"},
		"a rate below zero":         {UserPoolID: testPoolID, MaxRequestsPerSecond: -1},
	} {
		_, err := Open(t.Context(), c)
		if !dataflow.IsCode(err, dataflow.CodeInvalid) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfig_FillsInTheDefaults(t *testing.T) {
	c, err := Config{UserPoolID: "eu-central-1_Abc"}.complete()
	if err != nil || c.Region != "eu-central-1" || c.MaxRequestsPerSecond != 20 {
		t.Errorf("%#v, rate %d, %v", c, c.MaxRequestsPerSecond, err)
	}
	c, err = Config{UserPoolID: "eu-central-1_Abc", Region: "us-east-1", MaxRequestsPerSecond: 7}.complete()
	if err != nil || c.Region != "us-east-1" || c.MaxRequestsPerSecond != 7 {
		t.Errorf("%#v, rate %d, %v", c, c.MaxRequestsPerSecond, err)
	}
}

func TestConfig_NoVerbPrintsTheSecret(t *testing.T) {
	c := keys("")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c); strings.Contains(text, c.SecretAccessKey) || strings.Contains(text, c.AccessKeyID) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// sharedFiles writes shared configuration files with these contents and points AWS's variables at them.
func sharedFiles(t *testing.T, config, credentials string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, path)
	}
}

func twoKeys(t *testing.T) (endpoint string) {
	t.Helper()
	s := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{
		cognitotest.DefaultCredential(),
		{AccessKeyID: "AKIAPROFILE", SecretAccessKey: "profile-secret", Deny: []string{"ListGroups"}},
		{AccessKeyID: "AKIAENVIRONMENT", SecretAccessKey: "environment-secret", Deny: []string{"ListUsers"}},
		{AccessKeyID: "ASIAROLE", SecretAccessKey: "role-secret", SessionToken: "role-token", Deny: []string{"ListUsersInGroup"}},
	}})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Schema: cognitotest.DefaultSchema(), ThreatProtection: "AUDIT"})
	return s.Start(t)
}

// signedInAs tells the four keys apart by what they may not do.
func signedInAs(t *testing.T, c Config) string {
	t.Helper()
	check, err := open(t, c).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused := ""
	for _, table := range check.AvailableTables {
		if !table.Readable {
			refused += table.Key + " "
		}
	}
	return map[string]string{"": "key", "groups group_memberships ": "profile", "users devices auth_events ": "environment", "group_memberships ": "role"}[refused]
}

func TestOpen_SignsInWithWhatTheConfigNames(t *testing.T) {
	endpoint := twoKeys(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")
	sharedFiles(t, "", "[mine]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = profile-secret\n")
	sts := fakeSTS(t, nil)
	t.Setenv("AWS_ENDPOINT_URL_STS", sts)

	c := Config{UserPoolID: testPoolID, Endpoint: endpoint, MaxRequestsPerSecond: 1_000_000}
	if got := signedInAs(t, keys(endpoint)); got != "key" {
		t.Errorf("with keys: signed in as %q", got)
	}
	if got := signedInAs(t, c); got != "environment" {
		t.Errorf("with nothing: signed in as %q", got)
	}
	c.Profile = "mine"
	if got := signedInAs(t, c); got != "profile" {
		t.Errorf("with a profile: signed in as %q", got)
	}
	t.Setenv("AWS_PROFILE", "mine")
	t.Setenv("AWS_SESSION_TOKEN", "of-another-session")
	if got := signedInAs(t, keys(endpoint)); got != "key" {
		t.Errorf("with keys and AWS_PROFILE and AWS_SESSION_TOKEN: signed in as %q", got)
	}
	withRole := keys(endpoint)
	withRole.RoleARN, withRole.ExternalID = "arn:aws:iam::123456789012:role/reader", "ours"
	if got := signedInAs(t, withRole); got != "role" {
		t.Errorf("with a role: signed in as %q", got)
	}
	if p := open(t, withRole); p.session != nil {
		if _, ok := p.session.provider.(*aws.CredentialsCache); !ok {
			t.Errorf("a role's sessions come from a %T, which can't be told that AWS refused one", p.session.provider)
		}
	}
}

// fakeSTS answers AssumeRole with the role's key, or with an error.
func fakeSTS(t *testing.T, refuse func(w http.ResponseWriter)) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		form, err2 := url.ParseQuery(string(text))
		if err != nil || err2 != nil {
			t.Error(err, err2)
		}
		if refuse != nil {
			refuse(w)
			return
		}
		if form.Get("Action") != "AssumeRole" || form.Get("RoleArn") != "arn:aws:iam::123456789012:role/reader" || form.Get("ExternalId") != "ours" {
			t.Errorf("STS was asked for %v", form)
		}
		fmt.Fprint(w, cognitotest.Credential{AccessKeyID: "ASIAROLE", SecretAccessKey: "role-secret", SessionToken: "role-token"}.AssumedRole())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestOpen_ARoleThatMayNotBeAssumedIsAnErrorThatSaysWhatToAllow(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_STS", fakeSTS(t, func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: x is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
	}))
	c := keys("http://127.0.0.1:1")
	c.RoleARN = "arn:aws:iam::123456789012:role/reader"
	_, err := Open(t.Context(), c)
	if !dataflow.IsCode(err, dataflow.CodeAccessDenied) || !strings.Contains(err.Error(), "Allow sts:AssumeRole") {
		t.Errorf("%v", err)
	}
}

func TestOpen_WithoutCredentialsSaysWhereTheyMayComeFrom(t *testing.T) {
	_, err := Open(t.Context(), Config{UserPoolID: testPoolID})
	if !dataflow.IsCode(err, dataflow.CodeUnauthenticated) || !strings.Contains(err.Error(), "Give access_key_id") {
		t.Errorf("no credentials: %v", err)
	}
	_, err = Open(t.Context(), Config{UserPoolID: testPoolID, Profile: "nobody"})
	if !dataflow.IsCode(err, dataflow.CodeUnauthenticated) || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("no such profile: %v", err)
	}
	t.Setenv("AWS_PROFILE", "nobody")
	_, err = Open(t.Context(), keys(""))
	if !dataflow.IsCode(err, dataflow.CodeUnauthenticated) || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("AWS_PROFILE names no profile: %v", err)
	}
}

func TestOpen_NothingIsAskedToSeeWhetherKeysAreGood(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL) // of every service
	open(t, keys(server.URL))
	if asked.Load() != 0 {
		t.Errorf("Open sent %d requests", asked.Load())
	}
}

func TestSignIn_NothingIsLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = file // where the SDK's own logger writes
	log.SetOutput(file)
	defer func() {
		os.Stderr = stderr
		log.SetOutput(stderr)
	}()
	t.Setenv("TF_LOG", "TRACE")
	if got := signedInAs(t, keys(twoKeys(t))); got != "key" {
		t.Errorf("signed in as %q", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) != 0 {
		t.Errorf("%s was logged", text)
	}
}

func TestAccount_OneQuotaIsOneAccountWhereThatIsKnown(t *testing.T) {
	key := func(id string) aws.Credentials { return aws.Credentials{AccessKeyID: id} }
	c := Config{Region: "us-east-1"}
	role := func(name string) Config {
		return Config{Region: "us-east-1", RoleARN: "arn:aws:iam::123456789012:role/" + name}
	}
	if account(c, key("A")) == account(c, key("B")) {
		t.Error("two keys of unknown accounts share a quota")
	}
	if account(role("a"), key("A")) != account(role("b"), key("B")) {
		t.Error("two roles of one account do not share its quota")
	}
	if account(c, aws.Credentials{AccessKeyID: "A", AccountID: "123456789012"}) != account(role("b"), key("B")) {
		t.Error("a session that tells its account does not share that account's quota")
	}
	other := c
	other.Region = "eu-west-1"
	if account(c, key("A")) == account(other, key("A")) {
		t.Error("two Regions share a quota")
	}
}
