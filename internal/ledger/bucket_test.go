package ledger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// bucketURL is the workspace in the bucket "records" of an S3 on this machine.
func bucketURL(endpoint string) string {
	return "s3://records/team/skypoint?region=us-east-1&use_path_style=true&endpoint=" + endpoint
}

// openS3 gives the store in a new S3 that answers through a handler; nil: by itself.
func openS3(t *testing.T, through func(s3 http.Handler) http.Handler) (*Bucket, *s3test.Server) {
	t.Helper()
	s3 := s3test.New("records")
	var handler http.Handler = s3
	if through != nil {
		handler = through(s3)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return openBucket(t, bucketURL(server.URL)), s3
}

func openBucket(t *testing.T, url string) *Bucket {
	t.Helper()
	setKeys(t)
	bucket, err := NewBucket(t.Context(), url)
	must(t, err)
	return bucket
}

// setKeys gives the AWS SDK keys, so that it looks for none on this machine.
func setKeys(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

// A bucket in memory is what gocloud.dev's other drivers are like: it stands in for Google Cloud Storage and Azure.
func TestBucket_InMemory(t *testing.T) {
	testStore(t, func(t *testing.T) Store {
		t.Helper()
		return newBucket(memblob.OpenBucket(nil), "mem://records", "team/skypoint")
	})
}

func TestBucket_InS3(t *testing.T) {
	testStore(t, func(t *testing.T) Store {
		t.Helper()
		bucket, _ := openS3(t, nil)
		return bucket
	})
}

func TestBucket_InS3HoldsBetweenProcesses(t *testing.T) {
	setKeys(t)
	testStoreProcesses(t, 20,
		func(t *testing.T) string {
			t.Helper()
			server := httptest.NewServer(s3test.New("records"))
			t.Cleanup(server.Close)
			return bucketURL(server.URL)
		},
		func(place string) (Store, error) { return NewBucket(t.Context(), place) })
}

func TestBucket_PutsEverythingUnderItsPrefix(t *testing.T) {
	bucket, s3 := openS3(t, nil)
	must(t, bucket.Create(t.Context(), "connectors/app.json", nil))
	must(t, bucket.Replace(t.Context(), "latest.json", nil))
	wantEqual(t, s3.Keys("records"), []string{"team/skypoint/connectors/app.json", "team/skypoint/latest.json"}) // and no probe
	if got, want := bucket.Location("connectors/app.json"), "s3://records/team/skypoint/connectors/app.json"; got != want {
		t.Errorf("location %s, want %s", got, want)
	}
	if got, want := bucket.Location(""), "s3://records/team/skypoint"; got != want {
		t.Errorf("location %s, want %s", got, want)
	}
}

func TestBucket_ListsMoreThanAPage(t *testing.T) {
	bucket, _ := openS3(t, nil)
	var want []string
	for i := range 1001 {
		must(t, bucket.Replace(t.Context(), fmt.Sprintf("runs/%08d/started.json", i), nil))
		want = append(want, fmt.Sprintf("%08d/", i))
	}
	wantList(t, bucket, "runs", want...)
}

func TestBucket_RefusesAStoreThatIgnoresTheCondition(t *testing.T) {
	bucket, s3 := openS3(t, func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-None-Match")
			s3.ServeHTTP(w, r)
		})
	})
	for range 2 { // it is not forgotten
		err := bucket.Create(t.Context(), "workspace.json", nil)
		wantError(t, err, dataflow.CodeWorkspace, "of 4 writes that may not replace an object 4 succeeded: two processes could run one dataflow at the same time. "+
			"Use a service that keeps to If-None-Match")
	}
	wantEqual(t, s3.Keys("records"), []string(nil))
}

// Some services look whether there is an object, and write then.
func TestBucket_RefusesAStoreThatLooksFirst(t *testing.T) {
	var looked sync.WaitGroup
	looked.Add(proofs)
	bucket, _ := openS3(t, func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") != "" {
				r.Header.Del("If-None-Match") // none has seen an object
				looked.Done()
				looked.Wait()
			}
			s3.ServeHTTP(w, r)
		})
	})
	wantError(t, bucket.Create(t.Context(), "workspace.json", nil), dataflow.CodeWorkspace, "4 succeeded")
}

func TestBucket_TriesTheConditionOnceAProcess(t *testing.T) {
	var conditional atomic.Int32
	bucket, _ := openS3(t, func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") != "" {
				conditional.Add(1)
			}
			s3.ServeHTTP(w, r)
		})
	})
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			if err := bucket.Create(t.Context(), fmt.Sprintf("%d.json", i), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := conditional.Load(); got != proofs+10 {
		t.Errorf("%d conditional writes, want %d", got, proofs+10)
	}
}

// The answer of a write that was done is lost; the SDK sends it again and is told that the object exists.
func TestBucket_WhoeverHasWrittenWinsThoughTheAnswerIsLost(t *testing.T) {
	tests := map[string]int32{
		"once, and the SDK tries again":          1,
		"each time, until the SDK tries no more": 100,
	}
	for name, lost := range tests {
		t.Run(name, func(t *testing.T) {
			var losing atomic.Int32
			bucket, _ := openS3(t, func(s3 http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPut || losing.Add(-1) < 0 {
						s3.ServeHTTP(w, r)
						return
					}
					s3.ServeHTTP(httptest.NewRecorder(), r)
					panic(http.ErrAbortHandler) // cuts the connection off
				})
			})
			must(t, bucket.Create(t.Context(), "before.json", nil))
			losing.Store(lost)
			must(t, bucket.Create(t.Context(), "started.json", []byte("mine")))
			losing.Store(0)
			wantCode(t, bucket.Create(t.Context(), "started.json", []byte("mine")), dataflow.CodeExists)
			wantContent(t, bucket, "started.json", "mine")
		})
	}
}

func TestBucket_WritesAgainWhatS3CouldNotJudge(t *testing.T) {
	var conflicts atomic.Int32
	conflicts.Store(3)
	bucket, _ := openS3(t, func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && conflicts.Add(-1) >= 0 {
				s3test.Refuse(w, r, http.StatusConflict, "ConditionalRequestConflict")
				return
			}
			s3.ServeHTTP(w, r)
		})
	})
	must(t, bucket.Create(t.Context(), "started.json", nil))
}

// gocloud.dev takes any error of S3's client with "301" in it for a missing bucket.
func TestBucket_DoesNotTakeALostConnectionForAMissingRecord(t *testing.T) {
	var cut atomic.Bool
	bucket, _ := openS3(t, func(s3 http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if cut.Load() {
				panic(http.ErrAbortHandler)
			}
			s3.ServeHTTP(w, r)
		})
	})
	must(t, bucket.Create(t.Context(), "runs/00000301/decision.json", nil))
	cut.Store(true)
	_, err := bucket.Read(t.Context(), "runs/00000301/decision.json")
	wantError(t, err, dataflow.CodeInternal, "EOF")
}

func TestBucket_SaysWhatToDo(t *testing.T) {
	refusing := func(status int, code string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s3test.Refuse(w, r, status, code) })
		}
	}
	tests := map[string]struct {
		through func(http.Handler) http.Handler
		code    dataflow.Code
		says    string
	}{
		"no such bucket": {refusing(http.StatusNotFound, "NoSuchBucket"), dataflow.CodeWorkspace, "Create the bucket, or set workspace to one that exists"},
		"no permission":  {refusing(http.StatusForbidden, "AccessDenied"), dataflow.CodeWorkspace, "Let these credentials list the bucket"},
		"out of order":   {refusing(http.StatusNotImplemented, "NotImplemented"), dataflow.CodeInternal, "NotImplemented"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bucket, _ := openS3(t, test.through)
			_, readErr := bucket.Read(t.Context(), "workspace.json")
			_, listErr := bucket.List(t.Context(), "dataflows")
			for verb, err := range map[string]error{
				"read": readErr, "list": listErr,
				"create": bucket.Create(t.Context(), "workspace.json", nil), "replace": bucket.Replace(t.Context(), "latest.json", nil),
			} {
				t.Run(verb, func(t *testing.T) { wantError(t, err, test.code, test.says) })
			}
		})
	}
}

func TestCheckBucketURL_KnowsABucket(t *testing.T) {
	for _, url := range []string{
		"s3://records", "s3://records/", "s3://records/team/skypoint?region=eu-central-1", "gs://records/team", "azblob://records/team",
		bucketURL("http://127.0.0.1:9000"),
	} {
		must(t, CheckBucketURL(url))
	}
	tests := map[string]struct{ url, says string }{
		"another service":         {"ftp://records", "nothing here opens ftp:// buckets. Set workspace to the path of a folder or to one of: s3://<bucket>/<prefix>"},
		"no bucket":               {"s3:///team", "it does not name a bucket"},
		"a port":                  {"s3://records:9000/team", "it does not name a bucket"},
		"a fragment":              {"s3://records#team", "it does not name a bucket"},
		"a password":              {"s3://AKIA:hush@records", "takes no user and password"},
		"a prefix that goes up":   {"s3://records/../team", "not a prefix"},
		"a prefix with a gap":     {"s3://records/a//b", "not a prefix"},
		"a prefix as a parameter": {"s3://records?prefix=a", "it is no parameter"},
		"a control character":     {"s3://records/a%00b", "not a prefix"},
		"no URL":                  {"s3://rec ords:hush@/x", "it is not a URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := CheckBucketURL(test.url)
			wantError(t, err, dataflow.CodeInvalid, test.says)
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}

func TestNewBucket_RefusesAParameterThatNobodyKnows(t *testing.T) {
	_, err := NewBucket(t.Context(), "s3://records?regoin=us-east-1")
	wantError(t, err, dataflow.CodeInvalid, `unknown query parameter "regoin"`)
}

func TestOpen_NeedsASecretsKeyForABucket(t *testing.T) {
	_, err := Open(t.Context(), Config{Workspace: "s3://records"})
	wantError(t, err, dataflow.CodeSecretsKey, "a workspace in a bucket needs one: a key beside the secrets that it seals would protect them from nobody. Set secrets_key")
}

func TestLedger_KeepsRecordsInABucket(t *testing.T) {
	bucket, s3 := openS3(t, nil)
	key, _ := keyURL(1)
	l := New(bucket, Config{SecretsKeyURL: key})
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	wantSecret(t, l, "App", secret)
	wantEqual(t, s3.Keys("records"), []string{"team/skypoint/connectors/app.json", "team/skypoint/workspace.json"}) // no key
	_, err := l.Connector(t.Context(), "Other")
	wantCode(t, err, dataflow.CodeNotFound)
}
