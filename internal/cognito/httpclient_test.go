package cognito

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// selfWriting is a body like the SDK's: once it is closed it says EOF to whoever lets it write itself.
type selfWriting struct{ io.Reader }

func (selfWriting) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (selfWriting) Close() error                     { return nil }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransport_BodiesDoNotWriteThemselves(t *testing.T) {
	sent := errors.New("sent")
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	request.Body = selfWriting{strings.NewReader("body")}
	answer, err := (&transport{roundTripper(func(r *http.Request) (*http.Response, error) {
		if text, err := io.ReadAll(r.Body); string(text) != "body" || err != nil {
			t.Errorf("the body is %q, %v", text, err)
		}
		if n, err := io.Copy(io.Discard, r.Body); n != 0 || err != nil {
			t.Errorf("after its end the body says %v", err)
		}
		return nil, sent
	})}).RoundTrip(request)
	if answer != nil {
		_ = answer.Body.Close()
		t.Error("an error came with an answer")
	}
	if !errors.Is(err, sent) {
		t.Error(err)
	}
	if _, ok := request.Body.(selfWriting); !ok {
		t.Error("the caller's request was changed")
	}
}

func TestHTTPClient_IsOnePerProcessUnlessCertificatesAreNamed(t *testing.T) {
	plain := awshttp.NewBuildableClient()
	own := plain.WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	})
	if httpClient(aws.Config{HTTPClient: plain}) != httpClient(aws.Config{}) {
		t.Error("two pools have two clients")
	}
	if httpClient(aws.Config{HTTPClient: own}) == httpClient(aws.Config{}) {
		t.Error("a client with certificates of its own is shared")
	}
}
