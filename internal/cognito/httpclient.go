package cognito

import (
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// idleConnections is how many connections to one host are kept open between requests.
// The SDK keeps 10; more requests than that side by side would open and close a connection each.
const idleConnections = 128

// sharedHTTPClient serves every pool of the process, so that the connections of one run are there for the next.
var sharedHTTPClient = sync.OnceValue(func() *http.Client {
	return keepConnections(awshttp.NewBuildableClient().GetTransport())
})

// httpClient gives the process's client, unless the AWS configuration names certificates of its own
// (AWS_CA_BUNDLE, ca_bundle): those hold for this configuration alone.
func httpClient(cfg aws.Config) *http.Client {
	if own, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		if t := own.GetTransport(); t.TLSClientConfig != nil && t.TLSClientConfig.RootCAs != nil {
			return keepConnections(t)
		}
	}
	return sharedHTTPClient()
}

func keepConnections(t *http.Transport) *http.Client {
	t.MaxIdleConns = 0 // no limit but the one per host
	t.MaxIdleConnsPerHost = idleConnections
	return &http.Client{
		Transport: &transport{t},
		// A signature is for one host: an answer that sends us elsewhere is an error, not a way.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transport hides from net/http that the SDK's request bodies can write themselves.
//
// The SDK closes a request's body as soon as an answer arrives. net/http may only then look whether the body has ended,
// and a closed body of the SDK's (smithy-go v1.28) answers WriteTo with io.EOF as an error, which closes the connection in the
// middle of the answer. A near endpoint is that fast: up to two in a hundred requests to an emulator failed so.
// Read, which net/http falls back to, ends as it should.
type transport struct{ http.RoundTripper }

// RoundTrip sends a request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, ok := r.Body.(io.WriterTo); ok {
		r = r.WithContext(r.Context()) // a shallow copy: a RoundTripper leaves the request as it is
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return t.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections is what http.Client looks for.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
