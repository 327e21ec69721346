package lakehouse

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/io/gocloud/blobfs"
	icebergs3 "github.com/apache/iceberg-go/io/gocloud/s3" // registers s3, s3a, s3n and oss
	"github.com/apache/iceberg-go/utils"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The library's file system for s3: locations does two things that this package can't have:
//
//   - It signs in anew for every table that it opens, and makes a connection pool for each. On a machine whose credentials come from its role that is a
//     request each time: https://github.com/apache/iceberg-go/blob/v0.7.0/io/gocloud/s3/s3.go (createS3Bucket).
//   - It says that a file does not exist for every failure with "301" in its text, which is one file name in a hundred and a lost connection:
//     https://github.com/google/go-cloud/blob/v0.46.0/blob/s3blob/s3blob.go (ErrorCode). A table whose metadata file is gone is made anew, so this must not be wrong.
//
// So this factory takes its place for the whole process: it signs in once for each set of properties, hands what it has to the library's, which is
// registered under s3a: as well, and looks again for what is said to be missing. TestLibrary_TakesAFailureForAMissingFile tells when the second is mended.
func init() {
	iceio.Unregister("s3")
	iceio.Register("s3", func(ctx context.Context, location *url.URL, properties map[string]string) (iceio.IO, error) {
		config, err := s3Configs.of(ctx, properties)
		if err != nil {
			return nil, err
		}
		twin := *location
		twin.Scheme = "s3a"
		files, err := iceio.LoadFS(utils.WithAwsConfig(ctx, config), properties, twin.String())
		if err != nil {
			return nil, err
		}
		bucket, ok := files.(*blobfs.FileIO)
		if !ok {
			return nil, errors.New("the library's S3 is no bucket of gocloud.dev")
		}
		return s3Files{bucket, location.Host, ctx}, nil
	})
}

// s3Properties are the catalog's properties that say how a bucket is reached: https://py.iceberg.apache.org/configuration/#s3
var s3Properties = []string{
	iceio.S3EndpointURL, iceio.S3Region, iceio.S3AccessKeyID, iceio.S3SecretAccessKey, iceio.S3SessionToken,
	iceio.S3ForceVirtualAddressing, iceio.S3ConnectTimeout, iceio.S3ProxyURI, iceio.S3ClientRegion, iceio.S3CompatMode,
}

// checkS3Warehouse refuses a location that the library, which percent-encodes it, and readers, which take it as it is, do not agree on.
func checkS3Warehouse(location string) error {
	if s3Location.MatchString(location) {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodeInvalid, Cause: errors.New("it is not the location of tables in a bucket"),
		Hint: "Set warehouse to s3://BUCKET/PREFIX, with letters, digits and . _ - = in the prefix; how it is reached is said in catalog.properties.",
	}
}

// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and …/object-keys.html
var s3Location = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?$`)

// s3Configs are the sign-ins of this process.
var s3Configs = configs{signedIn: map[string]*aws.Config{}}

// configs gives one AWS configuration for each set of properties. Its methods may be called concurrently.
type configs struct {
	mu       sync.Mutex
	signedIn map[string]*aws.Config
}

func (c *configs) of(ctx context.Context, properties map[string]string) (*aws.Config, error) {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if strings.HasPrefix(name, "s3.") || strings.HasPrefix(name, "client.") {
			key.WriteString(name + "\x00" + properties[name] + "\x00")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if config := c.signedIn[key.String()]; config != nil {
		return config, nil
	}
	config, err := icebergs3.ParseAWSConfig(context.WithoutCancel(ctx), properties)
	if err != nil {
		return nil, err
	}
	if config.HTTPClient == nil {
		config.HTTPClient = awshttp.NewBuildableClient()
	}
	c.signedIn[key.String()] = config
	return config, nil
}

// s3Files is a bucket of S3 as Iceberg's IO. A file is fs.ErrNotExist when the service itself has said that it is not there, and never otherwise.
type s3Files struct {
	*blobfs.FileIO
	bucket string
	ctx    context.Context //nolint:containedctx // Iceberg's IO takes none: it is opened anew for each call of this package, as the library's is
}

var (
	_ iceio.WriteFileIO     = s3Files{}
	_ iceio.ReadFileIO      = s3Files{}
	_ iceio.ListableIO      = s3Files{}
	_ iceio.BulkRemovableIO = s3Files{}
)

// Open implements iceio.IO.
func (f s3Files) Open(location string) (iceio.File, error) {
	if strings.HasSuffix(location, ".parquet") {
		if file, err := openBlocks(f.ctx, f.Bucket, f.key(location)); err == nil {
			return file, nil // any error is the library's to tell
		}
	}
	file, err := f.FileIO.Open(location)
	return file, f.sure("open", location, err)
}

// ReadFile implements iceio.ReadFileIO.
func (f s3Files) ReadFile(location string) ([]byte, error) {
	content, err := f.FileIO.ReadFile(location)
	return content, f.sure("read", location, err)
}

// Remove implements iceio.IO.
func (f s3Files) Remove(location string) error {
	return f.sure("remove", location, f.FileIO.Remove(location))
}

// DeleteFiles implements iceio.BulkRemovableIO. The library's takes a failure for a file that is gone.
func (f s3Files) DeleteFiles(_ context.Context, locations []string) ([]string, error) {
	var deleted []string
	for _, location := range locations {
		if err := f.Remove(location); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return deleted, err
		}
		deleted = append(deleted, location)
	}
	return deleted, nil
}

// A file is uploaded in parts of the least size that S3 takes, two at a time. By default the SDK holds five larger ones: the import of a million users took 278 MB in place of
// 244, and was no faster, since rows are encoded more slowly than two parts go (BenchmarkTeam). https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
var uploads = blob.WriterOptions{BufferSize: 5 << 20, MaxConcurrency: 2}

// Create implements iceio.WriteFileIO.
func (f s3Files) Create(location string) (iceio.FileWriter, error) {
	options := uploads
	out, err := f.NewWriter(f.ctx, location, true, &options)
	if err != nil {
		return nil, explainS3(err)
	}
	return s3Writer{out}, nil
}

// WriteFile implements iceio.WriteFileIO.
func (f s3Files) WriteFile(location string, content []byte) error {
	return explainS3(f.FileIO.WriteFile(location, content))
}

// WalkDir implements iceio.ListableIO: it visits the files below a location, in the order of their names, and no folders, which a bucket has not. The library's
// lists each folder by itself, and takes a failure for a folder that is not there.
func (f s3Files) WalkDir(location string, visit fs.WalkDirFunc) error {
	location = strings.TrimRight(location, "/")
	objects := f.List(&blob.ListOptions{Prefix: f.key(location) + "/"})
	for {
		object, err := objects.Next(f.ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return explainS3(err)
		}
		at := location + "/" + strings.TrimPrefix(object.Key, f.key(location)+"/")
		info := blockInfo{path.Base(object.Key), object.Size, object.ModTime}
		if err := visit(at, fs.FileInfoToDirEntry(info), nil); errors.Is(err, fs.SkipAll) || errors.Is(err, fs.SkipDir) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// s3Writer is a file that is written: it is there when its Close has returned no error.
type s3Writer struct{ iceio.FileWriter }

func (w s3Writer) Write(p []byte) (int, error) {
	n, err := w.FileWriter.Write(p)
	return n, explainS3(err)
}

func (w s3Writer) Close() error { return explainS3(w.FileWriter.Close()) }

// explainS3 says what can be done about what S3 answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func explainS3(err error) error {
	answer, ok := errors.AsType[smithy.APIError](err)
	if _, said := errors.AsType[*dataflow.Error](err); !ok || said {
		return err
	}
	var hint string
	switch answer.ErrorCode() {
	case "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired":
		hint = "Sign in to the warehouse's bucket anew, and apply again: its credentials, those of catalog.properties or of the environment, are wrong or have expired."
	case "AccessDenied", "Forbidden":
		hint = "Let the credentials of the warehouse, those of catalog.properties or of the environment, list the bucket, and read, write and delete what is in the warehouse."
	case "NoSuchBucket":
		hint = "Create the warehouse's bucket, or set warehouse to one that exists, in the region of catalog.properties."
	default:
		return err
	}
	return &dataflow.Error{Code: dataflow.CodeCatalog, Op: "reach the files", Object: "warehouse", Cause: err, Hint: hint}
}

// sure looks again for what is said to be missing.
func (f s3Files) sure(op, location string, err error) error {
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return explainS3(err)
	}
	there, listErr := f.has(location)
	switch {
	case listErr != nil:
		return explainS3(&fs.PathError{Op: op, Path: location, Err: listErr})
	case there:
		failure := errors.New("the request failed, and the file is there")
		if reader, readErr := f.NewRangeReader(f.ctx, f.key(location), 0, 1, nil); readErr != nil { // the library has dropped the cause: it comes once more
			failure = readErr
		} else {
			_ = reader.Close() // nothing of it is wanted
		}
		return explainS3(&fs.PathError{Op: op, Path: location, Err: failure})
	}
	return err
}

func (f s3Files) key(location string) string {
	_, below, _ := strings.Cut(location, "://")
	return strings.TrimPrefix(below, f.bucket+"/")
}

// has says whether a file is there, from a listing: one that fails is no answer.
func (f s3Files) has(location string) (bool, error) {
	key := f.key(location)
	object, err := f.List(&blob.ListOptions{Prefix: key}).Next(f.ctx)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return object.Key == key, nil
}
