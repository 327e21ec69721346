package cognito

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var testTarget = target{poolID: testPoolID, region: "us-east-1"}

func api(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func withStatus(status int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
}

func TestClassify(t *testing.T) {
	const allow = "Allow cognito-idp:ListUsers on arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Example1."
	later := strings.ReplaceAll(hintLater, "{region}", "us-east-1")
	const reach = "Check region and endpoint, and that this machine may reach it."
	const denied = "User: arn:aws:iam::123456789012:user/test is not authorized to perform: cognito-idp:ListUsers on resource: arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example1"
	message := "told"
	for _, c := range []struct {
		err    error
		code   dataflow.Code
		remedy remedy
		cause  string
		hint   string
	}{
		{api("UnrecognizedClientException", "The security token included in the request is invalid."), dataflow.CodeUnauthenticated, remedyNone, "UnrecognizedClientException: The security token included in the request is invalid.", hintKey},
		{api("InvalidClientTokenId", "told"), dataflow.CodeUnauthenticated, remedyNone, "InvalidClientTokenId: told", hintKey},
		{api("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:FwoGZXIvYXdz\n'"),
			dataflow.CodeUnauthenticated, remedyNone, "InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key.", hintSecret},
		{api("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z"), dataflow.CodeUnauthenticated, remedyResign, "InvalidSignatureException: Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z", hintClock},
		{api("InvalidSignatureException", "Signature not yet current: told"), dataflow.CodeUnauthenticated, remedyResign, "InvalidSignatureException: Signature not yet current: told", hintClock},
		{api("SignatureDoesNotMatch", "told. The String-to-Sign should have been 'x'"), dataflow.CodeUnauthenticated, remedyNone, "SignatureDoesNotMatch: told.", hintSecret},
		{api("IncompleteSignature", "told. Authorization=AWS4-HMAC-SHA256 Credential=AKIA"), dataflow.CodeUnauthenticated, remedyNone, "IncompleteSignature: told.", hintSecret},
		{api("ExpiredToken", "told"), dataflow.CodeUnauthenticated, remedyResign, "ExpiredToken: told", hintExpired},
		{api("ExpiredTokenException", "told"), dataflow.CodeUnauthenticated, remedyResign, "ExpiredTokenException: told", hintExpired},
		{api("RequestExpired", "told"), dataflow.CodeUnauthenticated, remedyResign, "RequestExpired: told", hintClock},

		{api("AccessDeniedException", denied), dataflow.CodeAccessDenied, remedyNone, "AccessDeniedException: " + denied, allow},
		{api("AccessDenied", "told"), dataflow.CodeAccessDenied, remedyNone, "AccessDenied: told", allow},
		{&types.NotAuthorizedException{Message: &message}, dataflow.CodeAccessDenied, remedyNone, "NotAuthorizedException: told", allow},

		{&types.ResourceNotFoundException{Message: &message}, dataflow.CodeNoSource, remedyNone, "ResourceNotFoundException: told", hintPool},
		{api("InvalidParameterException", "1 validation error detected: Value 'x' at 'userPoolId' failed to satisfy constraint"), dataflow.CodeNoSource, remedyNone, "InvalidParameterException: 1 validation error detected: Value 'x' at 'userPoolId' failed to satisfy constraint", "Check user_pool_id: it looks like us-east-1_AbCdEf123."},
		{&types.InvalidParameterException{Message: &message}, dataflow.CodeInvalid, remedyNone, "InvalidParameterException: told", ""},
		{api("ValidationException", "told"), dataflow.CodeInvalid, remedyNone, "ValidationException: told", ""},
		{api("InvalidParameterException", "Value 'CAISlAIIARKKAggD' at 'paginationToken' failed"), dataflow.CodeInvalid, remedyNone, "InvalidParameterException: Value at 'paginationToken' failed", ""},

		{&types.TooManyRequestsException{Message: &message}, dataflow.CodeUnreachable, remedySlower, "TooManyRequestsException: told", later},
		{&types.LimitExceededException{Message: &message}, dataflow.CodeUnreachable, remedySlower, "LimitExceededException: told", later},
		{api("ThrottlingException", "told"), dataflow.CodeUnreachable, remedySlower, "ThrottlingException: told", later},
		{api("Throttling", "told"), dataflow.CodeUnreachable, remedySlower, "Throttling: told", later},
		{withStatus(429, api("SomethingNew", "told")), dataflow.CodeUnreachable, remedySlower, "SomethingNew: told", later},

		{&types.InternalErrorException{Message: &message}, dataflow.CodeUnreachable, remedyAgain, "InternalErrorException: told", later},
		{api("InternalFailure", "told"), dataflow.CodeUnreachable, remedyAgain, "InternalFailure: told", later},
		{api("ServiceUnavailable", ""), dataflow.CodeUnreachable, remedyAgain, "ServiceUnavailable", later},
		{withStatus(503, api("UnknownError", "UnknownError")), dataflow.CodeUnreachable, remedyAgain, "UnknownError", later},
		{withStatus(404, api("UnknownError", "UnknownError")), dataflow.CodeUnreachable, remedyNone, "cognito-idp.us-east-1.amazonaws.com answered with HTTP status 404 and not in Cognito's form", "Check endpoint: what answers there is not Cognito."},
		{api("com.amazonaws.cognito#ExpiredToken", "told"), dataflow.CodeUnauthenticated, remedyResign, "ExpiredToken: told", hintExpired},
		{withStatus(400, api("SomethingNew", "told")), dataflow.CodeInternal, remedyNone, "SomethingNew: told", ""},

		{sending(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}}), dataflow.CodeUnreachable, remedyAgain, "cognito-idp.us-east-1.amazonaws.com does not answer: dial tcp: lookup nowhere.example: no such host", reach},
		{sending(io.EOF), dataflow.CodeUnreachable, remedyAgain, "cognito-idp.us-east-1.amazonaws.com does not answer: EOF", reach},
		{sending(context.DeadlineExceeded), dataflow.CodeUnreachable, remedyAgain, "cognito-idp.us-east-1.amazonaws.com did not answer in time", reach},
		{sending(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), dataflow.CodeUnreachable, remedyNone, "cognito-idp.us-east-1.amazonaws.com can't be trusted: x509: certificate signed by unknown authority", "Check endpoint, and AWS_CA_BUNDLE when certificates are your own."},
		{sending(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), dataflow.CodeUnreachable, remedyNone, "cognito-idp.us-east-1.amazonaws.com can't be trusted: first record does not look like a TLS handshake", "Check endpoint, and AWS_CA_BUNDLE when certificates are your own."},
		{withStatus(200, &smithy.DeserializationError{Err: errors.New("failed to decode half of alice@example.com"), Snapshot: []byte("alice@example.com")}), dataflow.CodeUnreachable, remedyAgain, "cognito-idp.us-east-1.amazonaws.com gave an answer that is cut off or is not Cognito's", reach},

		{&signInError{api("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole")}, dataflow.CodeAccessDenied, remedyNone, "AccessDenied: User: x is not authorized to perform: sts:AssumeRole", "Allow sts:AssumeRole on the role to whom signs in, and let the role's trust policy name it (and the external ID, if it asks for one)."},
		{&signInError{api("ExpiredToken", "told")}, dataflow.CodeUnauthenticated, remedyResign, "ExpiredToken: told", hintExpired},
		{&signInError{sending(io.EOF)}, dataflow.CodeUnreachable, remedyAgain, "the service that signs in does not answer: EOF", reach},
		{&signInError{errors.New("the SSO session has expired or is invalid")}, dataflow.CodeUnauthenticated, remedyNone, "the SSO session has expired or is invalid", "Check how the connector signs in: the access key, the profile or the role."},
		{&signInError{errors.New("parse failed of process output: {\"SecretAccessKey\": \"s3cr3t\"}, error: EOF")}, dataflow.CodeUnauthenticated, remedyNone, "parse failed of process output", "Check how the connector signs in: the access key, the profile or the role."},
		{errors.New("odd"), dataflow.CodeInternal, remedyNone, "odd", ""},
	} {
		wrapped := &smithy.OperationError{ServiceID: "Cognito Identity Provider", OperationName: "ListUsers", Err: c.err}
		got := testTarget.classify(listUsers, wrapped)
		if got.err.Code != c.code || got.remedy != c.remedy || got.err.Cause.Error() != c.cause || got.err.Hint != c.hint {
			t.Errorf("%v:\n got %s %d %q %q\nwant %s %d %q %q", c.err, got.err.Code, got.remedy, got.err.Cause, got.err.Hint, c.code, c.remedy, c.cause, c.hint)
		}
		op := "ListUsers"
		if _, ok := errors.AsType[*signInError](c.err); ok {
			op = "sign in"
		}
		if got.err.Op != op || got.err.Object != "user pool us-east-1_Example1" {
			t.Errorf("%v: operation %q on %q", c.err, got.err.Op, got.err.Object)
		}
	}
}

func sending(err error) error {
	return &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://cognito-idp.us-east-1.amazonaws.com/", Err: err}}
}

func TestClassify_EveryRuleHasACodeOfTheDomainAndNoPlaceholderIsLeft(t *testing.T) {
	for code, r := range rules {
		f := testTarget.classify(listUsers, api(code, "told"))
		if f.err.Code != r.code || f.err.Code == "" || strings.ContainsAny(f.err.Hint, "{}") {
			t.Errorf("%s: code %q, hint %q", code, f.err.Code, f.err.Hint)
		}
	}
}

func TestTarget_ARNsAreOfTheRegionsPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "arn:aws:cognito-idp:eu-west-1:*:userpool/p_1",
		"us-gov-west-1": "arn:aws-us-gov:cognito-idp:us-gov-west-1:*:userpool/p_1",
		"cn-north-1":    "arn:aws-cn:cognito-idp:cn-north-1:*:userpool/p_1",
	} {
		if got := (target{poolID: "p_1", region: region}).arn(); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestBrief_CutsLongMessagesAtACharacter(t *testing.T) {
	got := brief(strings.Repeat("é", 400) + "\n")
	if want := strings.Repeat("é", 250) + "…"; got != want {
		t.Errorf("got %d bytes ending in %q", len(got), got[len(got)-8:])
	}
	if got := brief("a" + strings.Repeat("é", 400)); strings.ContainsRune(got, '\ufffd') || !strings.HasSuffix(got, "é…") {
		t.Errorf("a message was cut within a character: %q", got[len(got)-8:])
	}
}
