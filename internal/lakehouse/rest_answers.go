package lakehouse

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	restcatalog "github.com/apache/iceberg-go/catalog/rest"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// restTransport looks at the answers of a REST catalog before the library does, which takes every 404 for a table or a database that is not there:
// https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/rest/rest.go (handleNon200, LoadTable). A table that is not there is made anew, so this must not be wrong: a
// wrong address, a proxy, and a server that does not find a table's metadata file answer 404 too. It also keeps apart the answers that another try may change, for
// which the library has one error with others.
type restTransport struct{ http.RoundTripper }

func newRESTTransport() *restTransport {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &restTransport{http.DefaultTransport} // a program that uses this package has put its own there
	}
	own := transport.Clone()
	own.ResponseHeaderTimeout = answerAtMost
	return &restTransport{own}
}

// answerAtMost is how long a server may take until it begins to answer. A commit of a large table's metadata takes seconds. Without a limit a connection that a firewall has forgotten
// would hold a run up for its whole timeout.
const answerAtMost = 2 * time.Minute

// RoundTrip implements http.RoundTripper.
func (t *restTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		_ = response.Body.Close() // what a proxy or a server in trouble says is of no use
		return nil, &answerError{status: response.StatusCode, err: errors.New("the catalog is not available")}
	case http.StatusNotFound, http.StatusInternalServerError:
		return t.failure(request, response)
	}
	return response, nil
}

// failure lets a 404 through that says of a table or a database that it is not there, and a 500 that does not say of a file that it is not there.
func (*restTransport) failure(request *http.Request, response *http.Response) (*http.Response, error) {
	if request.Method == http.MethodHead {
		return response, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	var said struct {
		Error struct {
			Type string `json:"type"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &said); response.StatusCode == http.StatusNotFound && (err != nil || said.Error.Type == "") {
		return nil, &answerError{status: response.StatusCode, err: errors.New("what answers is no Iceberg catalog")}
	}
	// What Iceberg's own servers say of a file: https://github.com/apache/iceberg/blob/main/api/src/main/java/org/apache/iceberg/exceptions/NotFoundException.java
	if said.Error.Type == "NotFoundException" {
		return nil, &answerError{status: response.StatusCode, err: fmt.Errorf("the catalog does not find a file: %w", fs.ErrNotExist)}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// answerError is an answer of a REST catalog that the library does not get to see.
type answerError struct {
	status int
	err    error
}

// Error implements error.
func (e *answerError) Error() string { return fmt.Sprintf("HTTP status %d: %s", e.status, e.err) }

// Unwrap says what it means.
func (e *answerError) Unwrap() error { return e.err }

// isTransientREST says whether the same call may succeed a little later: the connection was lost or refused, or the server or one before it is in trouble.
func isTransientREST(err error) bool {
	if answer, ok := errors.AsType[*answerError](err); ok {
		return answer.status != http.StatusNotFound && !errors.Is(err, fs.ErrNotExist)
	}
	if errors.Is(err, restcatalog.ErrCommitStateUnknown) {
		return true
	}
	if errors.Is(err, restcatalog.ErrOAuthError) {
		// Who is refused a token gets an error with the server's words. Only an error that has not come from there has these:
		// https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/rest/auth.go (authHeader)
		return strings.Contains(err.Error(), restcatalog.ErrOAuthError.Error())
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	if untrusted || noTLS {
		return false
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	_, failed := errors.AsType[*net.OpError](err)
	return network || failed || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// isRefusal says whether a commit has surely not happened: the server has refused it, or it has never reached one.
func isRefusal(err error) bool {
	if answer, ok := errors.AsType[*answerError](err); ok {
		return answer.status == http.StatusTooManyRequests || answer.status == http.StatusNotFound || errors.Is(err, fs.ErrNotExist)
	}
	if connection, ok := errors.AsType[*net.OpError](err); ok && connection.Op == "dial" {
		return true
	}
	return slices.ContainsFunc([]error{
		restcatalog.ErrCommitFailed, catalog.ErrNoSuchTable, restcatalog.ErrBadRequest, restcatalog.ErrUnauthorized, restcatalog.ErrForbidden,
		restcatalog.ErrAuthorizationExpired, restcatalog.ErrOAuthError, restcatalog.ErrEndpointNotSupported, iceberg.ErrNotImplemented,
	}, func(refusal error) bool { return errors.Is(err, refusal) })
}

// restErrors are what the errors of a REST catalog mean.
type restErrors struct{}

// Explain implements Catalog.
func (restErrors) Explain(op, object string, err error) error {
	if _, said := errors.AsType[*dataflow.Error](err); said || errors.Is(err, errNoCatalog) {
		return err
	}
	e := &dataflow.Error{Op: op, Object: object, Cause: err}
	is := func(these ...error) bool {
		return slices.ContainsFunc(these, func(one error) bool { return errors.Is(err, one) })
	}
	answer, answered := errors.AsType[*answerError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, network := errors.AsType[net.Error](err)
	switch {
	case is(restcatalog.ErrUnauthorized, restcatalog.ErrAuthorizationExpired, restcatalog.ErrOAuthError):
		e.Code, e.Hint = dataflow.CodeCatalog, "Check who signs in to the catalog: token or credential of catalog.properties, or SKYPOINT_CATALOG_TOKEN or SKYPOINT_CATALOG_CREDENTIAL."
	case is(restcatalog.ErrForbidden):
		e.Code, e.Hint = dataflow.CodeCatalog, "Let who signs in to the catalog create, read, change and drop databases (namespaces) and tables."
	case is(restcatalog.ErrEndpointNotSupported, iceberg.ErrNotImplemented):
		e.Code, e.Hint = dataflow.CodeCatalog, "The catalog's server lacks what an import needs: use a catalog that can change and drop tables."
	case is(fs.ErrNotExist):
		e.Code, e.Hint = dataflow.CodeCatalog, "Check that the warehouse is where the catalog looks for it, and is not empty. If the file that the table's entry names is lost for good, drop the table in the catalog: the next run makes it anew."
	case answered && answer.status == http.StatusNotFound:
		e.Code, e.Hint = dataflow.CodeCatalog, "Check catalog.uri (without /v1 at its end), and prefix and warehouse of catalog.properties."
	case untrusted:
		e.Code, e.Hint = dataflow.CodeCatalog, "Put the certificate of who signed the catalog's into a file, and name it in the environment variable SSL_CERT_FILE."
	case answered, network, is(restcatalog.ErrCommitStateUnknown, restcatalog.ErrServiceUnavailable, restcatalog.ErrServerError):
		e.Code, e.Hint = dataflow.CodeCatalog, "Check catalog.uri, and that the catalog answers there, and apply again."
	}
	return e
}
