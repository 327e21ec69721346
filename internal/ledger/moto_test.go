//go:build interop

package ledger

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/mototest"
)

// startMoto starts an S3 and a KMS that nobody here wrote, with the bucket "records", and gives their endpoint and how to sign in there.
func startMoto(t *testing.T) (string, aws.Config) {
	t.Helper()
	setKeys(t)
	endpoint := mototest.Start(t)
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(endpoint))
	must(t, err)
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("records")})
	must(t, err)
	return endpoint, cfg
}

func TestMoto_Bucket(t *testing.T) {
	endpoint, _ := startMoto(t)
	stores := 0
	testStore(t, func(t *testing.T) Store {
		t.Helper()
		stores++
		return openBucket(t, fmt.Sprintf("s3://records/%d?region=us-east-1&use_path_style=true&endpoint=%s", stores, endpoint))
	})
}

func TestMoto_BucketHoldsBetweenProcesses(t *testing.T) {
	testStoreProcesses(t, 10,
		func(t *testing.T) string {
			t.Helper()
			endpoint, _ := startMoto(t)
			return bucketURL(endpoint)
		},
		func(place string) (Store, error) { return NewBucket(t.Context(), place) })
}

func TestMoto_SealsWithAKeyOfKMS(t *testing.T) {
	endpoint, cfg := startMoto(t)
	key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	must(t, err)
	keyURL := "awskms:///" + *key.KeyMetadata.Arn + "?region=us-east-1&endpoint=" + endpoint
	bucket := openBucket(t, bucketURL(endpoint))
	l := New(bucket, Config{SecretsKeyURL: keyURL})
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	wantSecret(t, l, "App", secret)
}
