package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// keySetOperation is what errors call the request for the pool's public signing keys. It needs no permission.
const keySetOperation = "jwks.json"

// largestKeySet is the most bytes that are read of a key set. A pool's has two keys and under 1,000.
const largestKeySet = 1 << 20

// signingKey is a public key of a JSON Web Key Set. A private parameter, which a pool never gives, has no place to go.
// Source: https://www.rfc-editor.org/rfc/rfc7517#section-4, https://www.rfc-editor.org/rfc/rfc7518#section-6.3.1
type signingKey struct {
	KeyID     *string `json:"kid"`
	KeyType   *string `json:"kty"`
	Algorithm *string `json:"alg"`
	Use       *string `json:"use"`
	Modulus   *string `json:"n"`
	Exponent  *string `json:"e"`
}

// signingKeyFields are the columns of the signing_keys table.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
var signingKeyFields = []field[*signingKey]{
	{keyColumn("key_id", "kid", "The identifier of the key, which tokens name."), func(k *signingKey) any { return text(k.KeyID) }},
	{column("key_type", dataflow.String, "kty", "The family of the algorithm: RSA."), func(k *signingKey) any { return text(k.KeyType) }},
	{column("algorithm", dataflow.String, "alg", "The algorithm that tokens are signed with: RS256."), func(k *signingKey) any { return text(k.Algorithm) }},
	{column("public_key_use", dataflow.String, "use", "What the key is for: sig, signatures."), func(k *signingKey) any { return text(k.Use) }},
	{column("modulus", dataflow.String, "n", "The modulus of the public key, in URL-safe base64."), func(k *signingKey) any { return text(k.Modulus) }},
	{column("exponent", dataflow.String, "e", "The exponent of the public key, in URL-safe base64."), func(k *signingKey) any { return text(k.Exponent) }},
}

var signingKeysSchema = dataflow.Schema{Columns: columns(signingKeyFields), Key: []string{"key_id"}}

// scanSigningKeys reads the pool's public signing keys.
func scanSigningKeys(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	keys, err := p.signingKeys(ctx)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	values := project(signingKeyFields, schema)
	for i := range keys {
		if err := to.Put(rowOf(values, &keys[i])); err != nil {
			return dataflow.ScanReport{}, err
		}
	}
	return dataflow.ScanReport{}, nil
}

// signingKeys gets the pool's key set. The address is public: no signature, and a quota so large (50,000 a second) that no limiter minds it.
func (p *Pool) signingKeys(ctx context.Context) ([]signingKey, error) {
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, p.target.keySetURL(), nil)
	if err != nil {
		return nil, p.keySetError(failure{err: &dataflow.Error{Code: dataflow.CodeInvalid, Cause: errors.New("the key set has no valid address"), Hint: "Check endpoint."}})
	}
	var keys []signingKey
	request.SetResponseHandler(func(response *http.Response) (err error) {
		keys, err = p.readKeySet(response)
		return err
	})
	response, err := p.keySetClient(ctx).Do(request)
	if response != nil {
		_ = response.Body.Close() // what was read of it is read
	}
	switch known := (*dataflow.Error)(nil); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", keySetOperation, context.Cause(ctx))
	case errors.As(err, &known):
		return nil, err
	case err != nil:
		return nil, p.keySetError(failureOf(err, p.target.endpoint()))
	case response.StatusCode != http.StatusOK:
		return nil, p.keySetError(unreachable(fmt.Errorf("%s answered with HTTP status %d", p.target.endpoint(), response.StatusCode)))
	}
	p.answered.Store(true)
	return keys, nil
}

// keySetClient gives a client that tries as often as call does. It logs nothing.
func (p *Pool) keySetClient(ctx context.Context) *retryablehttp.Client {
	once := *p.http
	once.Timeout = attemptTimeout
	client := retryablehttp.NewClient()
	client.HTTPClient = &once
	client.Logger = nil
	client.RetryMax = p.attempts(ctx) - 1
	// The pauses are on the pool's clock, which the library knows nothing of.
	client.Backoff = func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 }
	tried := 0
	client.PrepareRetry = func(*http.Request) error {
		tried++
		return p.clock.Sleep(ctx, backoff(tried-1))
	}
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) { p.calls.Add(1) }
	client.CheckRetry = func(ctx context.Context, response *http.Response, err error) (bool, error) {
		if answer := (*dataflow.Error)(nil); errors.As(err, &answer) {
			return false, err
		}
		return retryablehttp.DefaultRetryPolicy(ctx, response, err)
	}
	return client
}

// readKeySet reads an answer. An error that is not a *dataflow.Error is worth another try: the answer was cut off.
func (p *Pool) readKeySet(response *http.Response) ([]signingKey, error) {
	if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusBadRequest {
		return nil, p.keySetError(failure{err: &dataflow.Error{
			Code: dataflow.CodeNoSource, Cause: fmt.Errorf("%s has no key set there (HTTP status %d)", p.target.endpoint(), response.StatusCode), Hint: hintPool,
		}})
	}
	if response.StatusCode != http.StatusOK {
		return nil, p.keySetError(notCognito(fmt.Errorf("%s answered with HTTP status %d", p.target.endpoint(), response.StatusCode)))
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, largestKeySet+1))
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []signingKey `json:"keys"`
	}
	if len(text) > largestKeySet || json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, p.keySetError(notCognito(fmt.Errorf("%s gave something that is no key set", p.target.endpoint())))
	}
	for _, key := range set.Keys {
		if key.KeyID == nil {
			return nil, p.keySetError(notCognito(errors.New("a signing key came without its key ID")))
		}
	}
	return set.Keys, nil
}

func (p *Pool) keySetError(f failure) error {
	f.err.Op, f.err.Object = keySetOperation, p.target.object()
	return f.err
}

// keySetURL gives the address of the pool's key set.
func (t target) keySetURL() string {
	base := strings.TrimRight(t.host, "/")
	if base == "" {
		base = fmt.Sprintf("https://cognito-idp.%s.%s", t.region, t.dnsSuffix())
	}
	return base + "/" + t.poolID + "/.well-known/jwks.json"
}

// dnsSuffix is what the names of AWS's endpoints end with.
// Source: https://docs.aws.amazon.com/general/latest/gr/rande.html
func (t target) dnsSuffix() string {
	if strings.HasPrefix(t.region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func probeSigningKeys(ctx context.Context, p *Pool) error {
	_, err := p.signingKeys(ctx)
	return err
}
