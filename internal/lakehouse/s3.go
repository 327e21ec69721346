package lakehouse

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/io/gocloud/blobfs"
	icebergs3 "github.com/apache/iceberg-go/io/gocloud/s3" // registers s3, s3a, s3n and oss
	"github.com/apache/iceberg-go/utils"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"gocloud.dev/blob"
)

// The library's file system for s3: locations does two things that this package can't have:
//
//   - It signs in anew for every table that it opens, and makes a connection pool for each. On a machine whose credentials come from its role that is a
//     request each time: https://github.com/apache/iceberg-go/blob/v0.7.0/io/gocloud/s3/s3.go (createS3Bucket).
//   - It says that a file does not exist for every failure with "301" in its text, which is one file name in thirty and a lost connection:
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

// sure looks again for what is said to be missing.
func (f s3Files) sure(op, location string, err error) error {
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there, listErr := f.has(location)
	switch {
	case listErr != nil:
		return &fs.PathError{Op: op, Path: location, Err: listErr}
	case there:
		return &fs.PathError{Op: op, Path: location, Err: errors.New("the request failed, and the file is there")}
	}
	return err
}

// has says whether a file is there, from a listing: one that fails is no answer.
func (f s3Files) has(location string) (bool, error) {
	key := strings.TrimPrefix(location[strings.Index(location, "://")+len("://"):], f.bucket+"/")
	object, err := f.List(&blob.ListOptions{Prefix: key}).Next(f.ctx)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, errors.New(err.Error()) // without the code that gocloud.dev gives it
	}
	return object.Key == key, nil
}
