package ledger

// bucketForms are the schemes of the known kinds of buckets, and how their URLs look to a person. Each needs its driver linked, which registers the URL's
// scheme (gocloud.dev/blob/s3blob, …/gcsblob, …/azureblob): the provider takes folders only, so it links none of them, and drivers_test.go has them
// for the tests. BENCHMARKS.md says what each costs.
var bucketForms = []struct{ scheme, form string }{
	{"s3", "s3://<bucket>/<prefix>?region=<region>"},
	{"gs", "gs://<bucket>/<prefix>"},
	{"azblob", "azblob://<container>/<prefix>"},
}
