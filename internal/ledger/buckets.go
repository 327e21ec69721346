package ledger

// A kind of bucket is one import here, which registers its URL's scheme, and one line in bucketForms. BENCHMARKS.md says what each adds to the program.
import (
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
)

// bucketForms are the schemes of the known kinds of buckets, and how their URLs look to a person.
var bucketForms = []struct{ scheme, form string }{
	{"s3", "s3://<bucket>/<prefix>?region=<region>"},
	{"gs", "gs://<bucket>/<prefix>"},
	{"azblob", "azblob://<container>/<prefix>"},
}
