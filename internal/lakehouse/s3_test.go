package lakehouse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// bucket is the bucket "lake" of an S3 on this machine, whose requests are counted and can be refused.
type bucket struct {
	s3       *s3test.Server
	endpoint string

	mu       sync.Mutex
	requests []string // "GET /lake/…", in their order
	refuse   func(w http.ResponseWriter, r *http.Request) bool
}

func newS3(t testing.TB) *bucket {
	t.Helper()
	b := &bucket{s3: s3test.New("lake")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requests = append(b.requests, r.Method+" "+r.URL.Path)
		refuse := b.refuse
		b.mu.Unlock()
		if refuse == nil || !refuse(w, r) {
			b.s3.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	b.endpoint = server.URL
	return b
}

// properties sign in to the bucket, without a look at this machine's environment.
func (b *bucket) properties() map[string]string {
	return map[string]string{"s3.endpoint": b.endpoint, "s3.region": "us-east-1", "s3.access-key-id": "AKIALAKE", "s3.secret-access-key": "any"}
}

// keys gives the keys with this end.
func (b *bucket) keys(suffix string) []string {
	var found []string
	for _, key := range b.s3.Keys("lake") {
		if strings.HasSuffix(key, suffix) {
			found = append(found, key)
		}
	}
	return found
}

func (b *bucket) refuseWith(refuse func(w http.ResponseWriter, r *http.Request) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
}

const s3Warehouse = "s3://lake/team/wh"

// s3Subject is a warehouse in a bucket as the conformance suite sees it.
type s3Subject struct {
	subject
	bucket *bucket
}

func newS3Subject(t testing.TB) s3Subject {
	dir, b := t.TempDir(), newS3(t)
	catalog := CatalogConfig{URI: filepath.Join(dir, "catalog.db"), Properties: b.properties()}
	return s3Subject{subject{&place{Lakehouse: openIn(t, s3Warehouse, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}, b}
}

// Process implements tablestest.Subject.
func (s s3Subject) Process(workspace string) (dataflow.Tables, error) {
	return openIn(s.t, s3Warehouse, s.catalog, s.dir, workspace), nil
}

// DataFiles implements tablestest.Subject.
func (s s3Subject) DataFiles() ([]string, error) {
	var names []string
	for _, key := range s.bucket.keys(".parquet") {
		names = append(names, path.Base(key))
	}
	slices.Sort(names)
	return names, nil
}

func TestLakehouse_OverS3Conforms(t *testing.T) {
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject { return newS3Subject(t) })
}

func (s s3Subject) importUsers(count int) {
	s.t.Helper()
	var rows []dataflow.Row
	for i := range count {
		rows = append(rows, user(fmt.Sprintf("u%03d", i), "u@example.com", i%60))
	}
	s.load(1, rows...)
}

func TestS3_HoldsEveryFileBelowTheWarehouse(t *testing.T) {
	s := newS3Subject(t)
	s.importUsers(20)
	for _, key := range s.bucket.s3.Keys("lake") {
		if !strings.HasPrefix(key, "team/wh/customers/users-") {
			t.Errorf("%s lies elsewhere", key)
		}
	}
	if got := len(s.bucket.keys(".parquet")); got != 1 {
		t.Errorf("there are %d data files, want 1", got)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "warehouse")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a warehouse on this machine: %v", err)
	}
}

// A lost connection to an object with "301" in its name is "not found" to gocloud.dev, and the library passes that on.
func TestLibrary_TakesAFailureForAMissingFile(t *testing.T) {
	b := newS3(t)
	b.refuseWith(func(w http.ResponseWriter, r *http.Request) bool {
		s3test.Refuse(w, r, http.StatusForbidden, "InvalidAccessKeyId")
		return true
	})
	for scheme, wrong := range map[string]bool{"s3a": true, "s3": false} {
		files, err := iceio.LoadFS(t.Context(), b.properties(), scheme+"://lake/wh")
		mustDo(t, err)
		if _, err := files.Open(scheme + "://lake/wh/00301.metadata.json"); errors.Is(err, fs.ErrNotExist) != wrong {
			t.Errorf("%s: taken for missing: %t (%v)", scheme, !wrong, err)
		}
	}
}

func TestS3_TellsAMissingFileFromAFailure(t *testing.T) {
	b := newS3(t)
	open, err := iceio.LoadFS(t.Context(), b.properties(), s3Warehouse)
	mustDo(t, err)
	files, ok := open.(interface {
		iceio.WriteFileIO
		iceio.ReadFileIO
		iceio.BulkRemovableIO
		iceio.ListableIO
	})
	if !ok {
		t.Fatalf("%T can't do what tables need", open)
	}
	const there, missing = s3Warehouse + "/301/there", s3Warehouse + "/301/missing"
	mustDo(t, files.WriteFile(there, []byte("x")))
	tries := map[string]func(string) error{
		"open": func(location string) error {
			file, err := files.Open(location)
			if err == nil {
				err = file.Close()
			}
			return err
		},
		"read": func(location string) error {
			_, err := files.ReadFile(location)
			return err
		},
	}
	for name, try := range tries {
		if err := try(there); err != nil {
			t.Errorf("%s what is there: %v", name, err)
		}
		if err := try(missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s what is missing: %v", name, err)
		}
	}
	if found, err := list(files, parent(there)); err != nil || !slices.Equal(found, []string{there}) {
		t.Errorf("listed %q: %v", found, err)
	}
	if found, err := list(files, s3Warehouse+"/30"); err != nil || len(found) > 0 {
		t.Errorf("listed %q of a folder that is not there: %v", found, err)
	}
	tries["remove"] = files.Remove
	tries["list"] = func(location string) error {
		found, err := list(files, parent(location))
		if err == nil {
			t.Errorf("it lists %q", found)
		}
		return err
	}
	tries["remove many"] = func(location string) error {
		removed, err := files.DeleteFiles(t.Context(), []string{location})
		if err == nil {
			t.Errorf("it says that it removed %q", removed)
		}
		return err
	}
	for _, code := range []string{"InvalidAccessKeyId", "NoSuchBucket"} {
		b.refuseWith(func(w http.ResponseWriter, r *http.Request) bool {
			s3test.Refuse(w, r, http.StatusForbidden, code)
			return true
		})
		for name, try := range tries {
			if err := try(there); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), code) {
				t.Errorf("%s is refused with %s: %v", name, code, err)
			}
		}
	}
	b.refuseWith(nil)
	if removed, err := files.DeleteFiles(t.Context(), []string{there, missing}); err != nil || len(removed) != 2 {
		t.Errorf("removed %q: %v", removed, err)
	}
}

// The keys of a machine's role come from a request: one for all tables.
func TestS3_SignsInOnce(t *testing.T) {
	b := newS3(t)
	var asked atomic.Int64
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{"AccessKeyId":"AKIAROLE","SecretAccessKey":"any","Token":"any","Expiration":"2099-01-01T00:00:00Z"}`)
	}))
	t.Cleanup(role.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", role.URL)
	properties := map[string]string{"s3.endpoint": b.endpoint, "s3.region": "us-east-1"}
	for _, table := range []string{"users", "groups", "devices"} {
		files, err := iceio.LoadFS(t.Context(), properties, s3Warehouse+"/"+table)
		mustDo(t, err)
		mustDo(t, files.(iceio.WriteFileIO).WriteFile(s3Warehouse+"/"+table+"/file", []byte("x")))
	}
	if got := asked.Load(); got != 1 {
		t.Errorf("it signed in %d times, want once", got)
	}
}

// Another endpoint has a bucket of the same name, or somebody has emptied it: what is made anew then would be lost where it was.
func TestS3_AnEmptyBucketIsNoReasonToMakeTablesAnew(t *testing.T) {
	s := newS3Subject(t)
	s.importUsers(3)
	metadata := s.bucket.keys(".metadata.json")
	other := newS3(t)
	elsewhere := openIn(t, s3Warehouse, CatalogConfig{URI: s.catalog.URI, Properties: other.properties()}, s.dir, "workspace-1")
	_, err := elsewhere.Describe(t.Context(), usersID)
	if !dataflow.IsCode(err, dataflow.CodeCorrupt) || !strings.Contains(err.Error(), "its warehouse "+s3Warehouse+" is not there, or is empty") {
		t.Errorf("of a table whose bucket is empty: %v", err)
	}
	broken, err := elsewhere.Broken(t.Context(), []string{"customers"})
	mustDo(t, err)
	if len(broken) > 0 {
		t.Errorf("broken: %v", broken)
	}

	// One file alone that is gone is another matter.
	for _, key := range metadata {
		s.bucket.s3.Delete("lake", key)
	}
	broken, err = s.Broken(t.Context(), []string{"customers"})
	mustDo(t, err)
	if diff := cmp.Diff([]dataflow.TableID{usersID}, broken); diff != "" {
		t.Error(diff)
	}
}

func TestS3_NoMessageHoldsItsKeys(t *testing.T) {
	dir, b := t.TempDir(), newS3(t)
	b.refuseWith(func(w http.ResponseWriter, r *http.Request) bool {
		s3test.Refuse(w, r, http.StatusForbidden, "SignatureDoesNotMatch")
		return true
	})
	properties := b.properties()
	properties["s3.secret-access-key"] = "wJalrXUtnFEMI"
	l := openIn(t, s3Warehouse, CatalogConfig{URI: filepath.Join(dir, "catalog.db"), Properties: properties}, dir, "workspace-1")
	s, err := l.Stage(t.Context(), stageRequest(1, usersSchema()))
	if err == nil {
		mustDo(t, s.Close())
		t.Fatal("a table was made in a bucket that refuses everything")
	}
	if text := err.Error(); strings.Contains(text, "wJalrXUtnFEMI") || strings.Contains(text, "AKIALAKE") || !strings.Contains(text, "SignatureDoesNotMatch") {
		t.Error(text)
	}
}

func TestS3_ReadsADataFileOnce(t *testing.T) {
	s := newS3Subject(t)
	s.importUsers(2000)
	s.bucket.requests = nil
	if got := len(s.rows(RowsRequest{})); got != 2000 {
		t.Errorf("%d rows", got)
	}
	read := map[string]int{}
	for _, request := range s.bucket.requests {
		read[request[strings.LastIndex(request, ".")+1:]]++
	}
	if diff := cmp.Diff(map[string]int{"json": 1, "avro": 2, "parquet": 1}, read); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestS3_ReadsALargeFileInBlocks(t *testing.T) {
	b := newS3(t)
	want := make([]byte, 3*blockBytes+5)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(want)
	b.s3.Put("lake", "wh/large.parquet", want)
	files, err := iceio.LoadFS(t.Context(), b.properties(), "s3://lake/wh")
	mustDo(t, err)
	file, err := files.Open("s3://lake/wh/large.parquet")
	mustDo(t, err)
	defer closing(t, file)
	got, err := io.ReadAll(file)
	mustDo(t, err)
	if !bytes.Equal(want, got) {
		t.Error("it reads something else")
	}
	if len(b.requests) != 4 {
		t.Errorf("%d requests: %q", len(b.requests), b.requests)
	}
	for _, at := range []int{0, 1, blockBytes - 1, blockBytes, 2*blockBytes - 7, 3 * blockBytes, len(want) - 3} {
		part := make([]byte, 20)
		n, err := file.ReadAt(part, int64(at))
		end := min(at+20, len(want))
		if !bytes.Equal(want[at:end], part[:n]) || (n < 20) != errors.Is(err, io.EOF) {
			t.Errorf("at %d: %d bytes, %v", at, n, err)
		}
	}
	if len(b.requests) != 4 {
		t.Errorf("what is kept is read again: %q", b.requests[4:])
	}
	if _, err := file.Seek(-5, io.SeekEnd); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(file); err != nil || !bytes.Equal(rest, want[len(want)-5:]) {
		t.Errorf("the end is %q, %v", rest, err)
	}
	if info, err := file.Stat(); err != nil || info.Size() != int64(len(want)) || info.Name() != "large.parquet" {
		t.Errorf("it is %v, %v", info, err)
	}
	mustDo(t, file.Close())
	if _, err := file.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}
