package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/aws/smithy-go"
	"github.com/google/uuid"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/googleapi"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Bucket is a Store in a bucket: of S3 or a service with its API, of Google Cloud Storage, or of Azure Blob Storage.
//
// Create is the service's conditional write. Each one marks its object, because an answer can be lost: the SDK then sends the
// request again and is told that the object exists. Whoever finds its own mark there has won.
//
// Not every service with S3's API keeps to the condition, and one that ignores it lets two processes run one dataflow.
// So a process tries it before its first Create.
type Bucket struct {
	bucket *blob.Bucket
	at     string      // where the store is, for people: s3://bucket/prefix
	prefix string      // what every key begins with: "" or "prefix/"
	found  atomic.Bool // the bucket is there: it has answered

	mu     sync.Mutex
	proved bool // conditional writes are kept to
}

var _ Store = (*Bucket)(nil)

// IsBucket says whether a workspace is the URL of a bucket, and not the path of a folder.
func IsBucket(workspace string) bool { return strings.Contains(workspace, "://") }

// CheckBucketURL checks the form of a bucket's URL, without asking anybody for the bucket.
func CheckBucketURL(workspace string) error {
	_, err := parseBucketURL(workspace)
	return err
}

// NewBucket gives the store at a bucket's URL. The path is what all its objects' names begin with; the parameters are the driver's:
// https://gocloud.dev/howto/blob/. It asks nobody for the bucket yet.
func NewBucket(ctx context.Context, workspace string) (*Bucket, error) {
	u, err := parseBucketURL(workspace)
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(u.Path, "/")
	u.Path = ""
	if query := u.Query(); query.Has("endpoint") && !query.Has(checksumValidation) {
		query.Set(checksumValidation, "when_required") // not every service sends one, and the SDK would warn at each read
		u.RawQuery = query.Encode()
	}
	// What signs in later keeps this context, which must outlive the call.
	opened, err := blob.OpenBucket(context.WithoutCancel(ctx), u.String())
	if err != nil {
		return nil, errBucketURL(err)
	}
	return newBucket(opened, u.Scheme+"://"+u.Host, prefix), nil
}

// checksumValidation is a parameter of an s3:// URL: https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
const checksumValidation = "response_checksum_validation"

func newBucket(opened *blob.Bucket, at, prefix string) *Bucket {
	if prefix != "" {
		at += "/" + prefix
		prefix += "/"
	}
	return &Bucket{bucket: opened, at: at, prefix: prefix}
}

func parseBucketURL(workspace string) (*url.URL, error) {
	u, err := url.Parse(workspace)
	if err != nil {
		return nil, errBucketURL(errors.New("it is not a URL")) // without the cause: that quotes it
	}
	known := slices.ContainsFunc(bucketForms, func(f struct{ scheme, form string }) bool { return f.scheme == u.Scheme })
	prefix := strings.Trim(u.Path, "/")
	switch {
	case !known:
		return nil, errBucketURL(fmt.Errorf("nothing here opens %s:// buckets", u.Scheme))
	case u.User != nil:
		return nil, errBucketURL(errors.New("a bucket's URL takes no user and password: sign in as the service's own tools do"))
	case u.Host == "" || u.Port() != "" || u.Fragment != "":
		return nil, errBucketURL(errors.New("it does not name a bucket"))
	case prefix != "" && (!fs.ValidPath(prefix) || strings.ContainsFunc(prefix, unicode.IsControl)):
		return nil, errBucketURL(errors.New("what follows the bucket is not a prefix"))
	case u.Query().Has("prefix") || u.Query().Has("key"):
		return nil, errBucketURL(errors.New("the prefix follows the bucket; it is no parameter"))
	}
	return u, nil
}

func errBucketURL(cause error) error {
	var forms []string
	for _, kind := range bucketForms {
		forms = append(forms, kind.form)
	}
	return &dataflow.Error{
		Code: dataflow.CodeInvalid, Op: "open", Object: "workspace", Cause: cause,
		Hint: "Set workspace to the path of a folder or to one of: " + strings.Join(forms, ", ") + ".",
	}
}

// Create implements Store.
func (b *Bucket) Create(ctx context.Context, path string, content []byte) error {
	if err := b.check(ctx, "create", path); err != nil {
		return err
	}
	if err := b.prove(ctx); err != nil {
		return err
	}
	won, err := b.create(ctx, b.prefix+path, content)
	if err != nil {
		return b.failed(ctx, "create", b.Location(path), err)
	}
	if !won {
		return errExists(b.Location(path))
	}
	return nil
}

// createAttempts is how often a conditional write is sent when S3 answers that another write of the object is under way.
const createAttempts = 10

// create makes one conditional write; false: the object exists, and another write has stored it.
func (b *Bucket) create(ctx context.Context, key string, content []byte) (bool, error) {
	mark := uuid.NewString()
	var err error
	for attempt := 1; attempt <= createAttempts; attempt++ {
		err = b.write(ctx, key, content, &blob.WriterOptions{IfNotExist: true, Metadata: map[string]string{markName: mark}})
		if err == nil {
			return true, nil
		}
		if !isConflict(err) {
			break
		}
		if err := dataflow.Sleep(ctx, time.Duration(attempt)*50*time.Millisecond); err != nil {
			return false, err
		}
	}
	// Whatever it says, it may have been done.
	attributes, readErr := b.bucket.Attributes(ctx, key)
	switch {
	case readErr == nil && attributes.Metadata[markName] == mark:
		return true, nil
	case codeOf(err) != gcerrors.FailedPrecondition:
		return false, err
	case readErr != nil && !isMissing(readErr): // somebody's, or this call's own: nobody knows
		return false, readErr
	}
	return false, nil
}

// markName is the metadata that says which write has stored an object.
const markName = "write"

func (b *Bucket) write(ctx context.Context, key string, content []byte, options *blob.WriterOptions) error {
	options.ContentType = "application/json"
	options.BufferSize = len(content) + 1 // one request; the default would be 16 MB of memory a write
	err := b.bucket.Upload(ctx, key, bytes.NewReader(content), options)
	if err == nil {
		b.found.Store(true)
	}
	return err
}

// isConflict says whether S3 has refused a conditional write because of another one at the same time: it is to be sent again.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func isConflict(err error) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	return ok && (answer.ErrorCode() == "ConditionalRequestConflict" || answer.ErrorCode() == "OperationAborted")
}

// proofs is how many writes of one object are tried at once. With several, a store that first looks and then writes is found out too, most of the time.
const proofs = 4

// prove finds out, once, whether the store obeys conditional writes.
func (b *Bucket) prove(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.proved {
		return nil
	}
	key := b.prefix + temporaryPrefix + "probe-" + uuid.NewString()
	var won atomic.Int32
	group, groupCtx := errgroup.WithContext(ctx)
	for range proofs {
		group.Go(func() error {
			first, err := b.create(groupCtx, key, []byte("Two writes of this object may not both succeed.\n"))
			if first {
				won.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	_ = b.bucket.Delete(context.WithoutCancel(ctx), key) // nobody lists it
	if err != nil {
		return b.failed(ctx, "try conditional writes", b.at, err)
	}
	if count := won.Load(); count != 1 {
		return &dataflow.Error{
			Code: dataflow.CodeWorkspace, Op: "try conditional writes", Object: b.at,
			Cause: fmt.Errorf("of %d writes that may not replace an object %d succeeded: two processes could run one dataflow at the same time", proofs, count),
			Hint:  "Use a service that keeps to If-None-Match, as Amazon S3, Google Cloud Storage and Azure Blob Storage do, or a folder.",
		}
	}
	b.proved = true
	return nil
}

// Replace implements Store.
func (b *Bucket) Replace(ctx context.Context, path string, content []byte) error {
	if err := b.check(ctx, "replace", path); err != nil {
		return err
	}
	if err := b.write(ctx, b.prefix+path, content, &blob.WriterOptions{}); err != nil {
		return b.failed(ctx, "replace", b.Location(path), err)
	}
	return nil
}

// Read implements Store.
func (b *Bucket) Read(ctx context.Context, path string) ([]byte, error) {
	if err := b.check(ctx, "read", path); err != nil {
		return nil, err
	}
	var content []byte
	reader, err := b.bucket.NewReader(ctx, b.prefix+path, nil)
	if err == nil {
		b.found.Store(true)
		if reader.Size() > MaxObject {
			_ = reader.Close() // nothing of it is wanted
			return nil, errTooLarge(b.Location(path))
		}
		content, err = io.ReadAll(reader)
		err = errors.Join(err, reader.Close())
	}
	if err != nil {
		return nil, b.failed(ctx, "read", b.Location(path), err)
	}
	return content, nil
}

// List implements Store.
func (b *Bucket) List(ctx context.Context, folder string) ([]string, error) {
	if err := checkFolder(folder); err != nil {
		return nil, err
	}
	location, prefix := b.Location(folder), b.prefix
	if folder != "" {
		prefix += folder + "/"
	}
	if err := done(ctx, "list", location); err != nil {
		return nil, err
	}
	var names []string
	objects := b.bucket.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	for {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, b.failed(ctx, "list", location, err)
		}
		name := strings.TrimPrefix(object.Key, prefix)
		if name == "" || strings.HasPrefix(name, temporaryPrefix) { // consoles make an empty object for a folder
			continue
		}
		names = append(names, name)
	}
	b.found.Store(true)
	slices.Sort(names)
	return names, nil
}

// Delete implements Store.
func (b *Bucket) Delete(ctx context.Context, path string) error {
	if err := b.check(ctx, "delete", path); err != nil {
		return err
	}
	if err := b.bucket.Delete(ctx, b.prefix+path); err != nil {
		return b.failed(ctx, "delete", b.Location(path), err)
	}
	return nil
}

// Location implements Store.
func (b *Bucket) Location(path string) string { return strings.TrimSuffix(b.at+"/"+path, "/") }

func (b *Bucket) check(ctx context.Context, op, path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	return done(ctx, op, b.Location(path))
}

// failed gives a service's error a code and what to do about it.
func (b *Bucket) failed(ctx context.Context, op, location string, err error) error {
	if isMissing(err) && (op == "read" || op == "delete") {
		if err := b.find(ctx); err != nil {
			return err
		}
		return errNotFound(op, location)
	}
	e := &dataflow.Error{Op: op, Object: location, Cause: err}
	switch {
	case codeOf(err) == gcerrors.PermissionDenied:
		e.Code, e.Hint = dataflow.CodeWorkspace, "Let these credentials list the bucket, and read, write and delete what is in the workspace."
	case isAnswer(err, signInErrors...):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Sign in to the workspace's bucket anew, and apply again: its credentials are those of the environment, and are wrong or have expired."
	case isAnswer(err, "NoSuchBucket") || isMissing(err):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Create the bucket, or set workspace to one that exists, in its region."
	}
	return e
}

// find makes sure that an object is missing, and not the whole bucket: some services say the same of both.
func (b *Bucket) find(ctx context.Context) error {
	if b.found.Load() {
		return nil
	}
	_, _, err := b.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: b.prefix})
	if err != nil {
		return b.failed(ctx, "open", b.at, err)
	}
	b.found.Store(true)
	return nil
}

// isMissing says whether the service itself has answered that there is no such object. It must not be wrong: taking a record for missing would start its run twice.
func isMissing(err error) bool {
	return codeOf(err) == gcerrors.NotFound && !isAnswer(err, "NoSuchBucket")
}

// codeOf is what a service has said, in terms that are the same for all services. gcerrors.Code alone says "not found" too often. With S3: for every error
// with "301" in its text, which one random request id in a few thousand has, and a lost connection while run 301 is read. With Google: for what is
// forbidden. With Azure: for a name look-up that failed.
// Source: ErrorCode in https://github.com/google/go-cloud/blob/v0.46.0/blob/s3blob/s3blob.go
func codeOf(err error) gcerrors.ErrorCode {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		switch answer.ErrorCode() {
		case "NoSuchBucket", "NoSuchKey", "NotFound": // of a GET, of a HEAD
			return gcerrors.NotFound
		case "PreconditionFailed":
			return gcerrors.FailedPrecondition
		case "AccessDenied", "Forbidden":
			return gcerrors.PermissionDenied
		}
		return gcerrors.Unknown
	}
	if _, ok := errors.AsType[*smithy.OperationError](err); ok {
		return gcerrors.Unknown
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return gcerrors.Unknown
	}
	if isForbidden(err) {
		return gcerrors.PermissionDenied
	}
	return gcerrors.Code(err)
}

// signInErrors are what S3 says of credentials that it does not take: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var signInErrors = []string{"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired"}

func isAnswer(err error, codes ...string) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, answer.ErrorCode())
}

// isForbidden knows Google's way to say so.
func isForbidden(err error) bool {
	answer, ok := errors.AsType[*googleapi.Error](err)
	return ok && answer.Code == http.StatusForbidden
}
