//go:build interop

package ledger

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// motoServer is moto's server with conditional writes that are one step, as they are in S3. moto 5.2.5 looks for the object first and
// stores it then (put_object in moto/s3/responses.py), so under load two writes of one object both succeed; Bucket finds that out and refuses.
const motoServer = `
import threading
from moto.s3.responses import S3Response
from moto.server import main

one_at_a_time = threading.Lock()
put_object = S3Response.put_object

def put_object_in_one_step(self):
    with one_at_a_time:
        return put_object(self)

S3Response.put_object = put_object_in_one_step
main()
`

// startMoto starts an S3 and a KMS that nobody here wrote, with the bucket "records", and gives their endpoint and how to sign in there.
func startMoto(t *testing.T) (string, aws.Config) {
	t.Helper()
	setKeys(t)
	folder := os.Getenv("MOTO")
	if folder == "" {
		t.Fatal("MOTO is not set: run `make interop`")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	must(t, listener.Close())
	server := exec.CommandContext(t.Context(), filepath.Join(folder, "bin", "python"), "-c", motoServer, "-H", "127.0.0.1", "-p", fmt.Sprint(port))
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	must(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed: its status says nothing
	})
	endpoint := fmt.Sprintf("http://127.0.0.1:%d", port)
	for begun := time.Now(); ; {
		answer, err := http.Get(endpoint + "/moto-api/")
		if err == nil {
			must(t, answer.Body.Close())
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("moto does not answer: %v\n%s", err, said.String())
		}
		must(t, dataflow.Sleep(t.Context(), 50*time.Millisecond))
	}
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
