package cognito

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// target is what requests go to, for errors to name.
type target struct {
	poolID string
	region string
	host   string // the endpoint's URL; empty: AWS's
}

func (t target) object() string { return "user pool " + t.poolID }

// origin tells one pool from another, as far as that can be done without asking.
func (t target) origin() string { return strings.Join([]string{t.region, t.poolID, t.host}, " ") }

// source is what people call the pool.
func (t target) source() string { return t.object() + " in " + t.region }

// arn gives the pool's ARN, with any account: which account it is only AWS knows.
func (t target) arn() string {
	partition := "aws"
	switch {
	case strings.HasPrefix(t.region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(t.region, "us-gov-"):
		partition = "aws-us-gov"
	}
	return fmt.Sprintf("arn:%s:cognito-idp:%s:*:userpool/%s", partition, t.region, t.poolID)
}

func (t target) endpoint() string {
	if u, err := url.Parse(t.host); err == nil && u.Host != "" {
		return u.Host
	}
	return fmt.Sprintf("cognito-idp.%s.amazonaws.com", t.region)
}

// remedy is what can be done about a failed request without a person.
type remedy int

const (
	remedyNone   remedy = iota // it is an answer
	remedySlower               // too many requests: again, slower
	remedyAgain                // the server or the connection failed: again, a few times
	// Once again, with a new signature: the clock was off, and the SDK has learnt by how much; or a role's session
	// ended on the way, as it does every hour of a long scan, and the SDK gets the next one.
	remedyResign
)

// failure is a request's error, as the project says it, with what can be done.
type failure struct {
	err    *dataflow.Error
	remedy remedy
}

// serviceError is an error that AWS answered with. Its message never has more than a person needs:
// a signature error goes on with the whole request.
type serviceError struct {
	code    string
	message string
}

func (e *serviceError) Error() string {
	if e.message == "" || e.message == e.code {
		return e.code
	}
	return e.code + ": " + e.message
}

// hasCode says whether AWS answered with one of these codes.
func hasCode(err error, codes ...string) bool {
	var e *serviceError
	if !errors.As(err, &e) {
		return false
	}
	return slices.Contains(codes, e.code)
}

// rule says what an error code of AWS means. A hint may name what was refused: {action}, {arn}, {region}.
type rule struct {
	code   dataflow.Code
	remedy remedy
	hint   string
}

// Hints that several codes share.
const (
	hintKey     = "AWS does not know the access key: check access_key_id (or the profile), and that the key is active."
	hintSecret  = "The secret does not belong to the access key: check secret_access_key_wo, and raise secret_access_key_wo_version when you change it."
	hintExpired = "The session has ended: sign in again, or give the connector a key that lasts."
	hintAllow   = "Allow {action} on {arn}."
	hintLater   = "Run it again later; https://health.aws.amazon.com says whether Cognito has a problem in {region}."
	hintPool    = "Check user_pool_id and region: a pool is known only in its own Region, to its own account."
	hintClock   = "Set the clock of the machine that runs Terraform."
)

// Codes for what a pool is not set up for, which is no matter of permissions.
const (
	codeAddOnNotEnabled      = "UserPoolAddOnNotEnabledException"
	codePoolConfiguration    = "InvalidUserPoolConfigurationException"
	codeOperationNotEnabled  = "OperationNotEnabledException"
	hintThreatProtection     = "Sign-in events are kept by threat protection (feature plan Plus): turn it on, or leave the table auth_events out of the dataflow."
	hintWithoutConfiguration = "The pool is not set up for this: leave the table out of the dataflow."
)

// rules goes by code, not by the SDK's types: half of these codes have none.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
var rules = map[string]rule{
	"UnrecognizedClientException": {code: dataflow.CodeUnauthenticated, hint: hintKey},
	"InvalidClientTokenId":        {code: dataflow.CodeUnauthenticated, hint: hintKey},
	"InvalidSignatureException":   {code: dataflow.CodeUnauthenticated, hint: hintSecret},
	"SignatureDoesNotMatch":       {code: dataflow.CodeUnauthenticated, hint: hintSecret},
	"IncompleteSignature":         {code: dataflow.CodeUnauthenticated, hint: hintSecret},
	"ExpiredToken":                {code: dataflow.CodeUnauthenticated, remedy: remedyResign, hint: hintExpired},
	"ExpiredTokenException":       {code: dataflow.CodeUnauthenticated, remedy: remedyResign, hint: hintExpired},
	"RequestExpired":              {code: dataflow.CodeUnauthenticated, remedy: remedyResign, hint: hintClock},

	"AccessDenied":           {code: dataflow.CodeAccessDenied, hint: hintAllow},
	"AccessDeniedException":  {code: dataflow.CodeAccessDenied, hint: hintAllow},
	"NotAuthorizedException": {code: dataflow.CodeAccessDenied, hint: hintAllow},

	"ResourceNotFoundException": {code: dataflow.CodeNoSource, hint: hintPool},
	"InvalidParameterException": {code: dataflow.CodeInvalid},
	"ValidationException":       {code: dataflow.CodeInvalid},

	codeAddOnNotEnabled:     {code: dataflow.CodeInvalid, hint: hintThreatProtection},
	codePoolConfiguration:   {code: dataflow.CodeInvalid, hint: hintWithoutConfiguration},
	codeOperationNotEnabled: {code: dataflow.CodeInvalid, hint: hintWithoutConfiguration},

	"TooManyRequestsException": {code: dataflow.CodeUnreachable, remedy: remedySlower, hint: hintLater},
	"LimitExceededException":   {code: dataflow.CodeUnreachable, remedy: remedySlower, hint: hintLater},
	"ThrottlingException":      {code: dataflow.CodeUnreachable, remedy: remedySlower, hint: hintLater},
	"Throttling":               {code: dataflow.CodeUnreachable, remedy: remedySlower, hint: hintLater},

	"InternalErrorException": {code: dataflow.CodeUnreachable, remedy: remedyAgain, hint: hintLater},
	"InternalFailure":        {code: dataflow.CodeUnreachable, remedy: remedyAgain, hint: hintLater},
	"ServiceUnavailable":     {code: dataflow.CodeUnreachable, remedy: remedyAgain, hint: hintLater},
}

const hintSignIn = "Check how the connector signs in: the access key, the profile or the role."

// signInRules are for errors of signing in. The other codes say the same whoever says it.
var signInRules = map[dataflow.Code]rule{
	dataflow.CodeAccessDenied: {
		code: dataflow.CodeAccessDenied,
		hint: "Allow sts:AssumeRole on the role to whom signs in, and let the role's trust policy name it (and the external ID, if it asks for one).",
	},
	dataflow.CodeInternal: {code: dataflow.CodeUnauthenticated, hint: hintSignIn},
	dataflow.CodeInvalid:  {code: dataflow.CodeUnauthenticated, hint: hintSignIn},
	dataflow.CodeNoSource: {code: dataflow.CodeUnauthenticated, hint: hintSignIn},
}

// classify says what an error of the SDK is.
func (t target) classify(op operation, err error) failure {
	if signIn, ok := errors.AsType[*signInError](err); ok {
		f := failureOf(signIn.err, "the service that signs in")
		f.err.Op, f.err.Object = signInOp, t.object()
		if r, ok := signInRules[f.err.Code]; ok {
			f.err.Code, f.err.Hint = r.code, r.hint
		}
		return f
	}
	if sdk, ok := errors.AsType[*smithy.OperationError](err); ok {
		err = sdk.Err // what it adds is the operation, which the project's error names itself
	}
	f := failureOf(err, t.endpoint())
	f.err.Op, f.err.Object = op.name, t.object()
	f.err.Hint = strings.NewReplacer("{action}", op.action(), "{arn}", op.resource(t), "{region}", t.region).Replace(f.err.Hint)
	return f
}

// failureOf says what an error is that came from where.
func failureOf(err error, where string) failure {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return judgeAnswer(answer, httpStatus(err), where)
	}
	if cause := certificateProblem(err); cause != nil {
		return failure{err: &dataflow.Error{
			Code: dataflow.CodeUnreachable, Cause: fmt.Errorf("%s can't be trusted: %w", where, cause),
			Hint: "Check endpoint, and AWS_CA_BUNDLE when certificates are your own.",
		}}
	}
	var send *smithyhttp.RequestSendError
	var transport *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return unreachable(fmt.Errorf("%s did not answer in time", where))
	case errors.As(err, &transport):
		return unreachable(fmt.Errorf("%s does not answer: %w", where, transport.Err))
	case errors.As(err, &send):
		return unreachable(fmt.Errorf("%s does not answer: %w", where, send.Err))
	}
	var garbled *smithy.DeserializationError
	status := httpStatus(err)
	switch {
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		return notCognito(fmt.Errorf("%s answered with HTTP status %d and not in Cognito's form", where, status))
	case errors.As(err, &garbled), status != 0:
		// A dropped connection in the middle of an answer looks like this, and so does a proxy's page. What was
		// received stays out of the message: it may be half a page of users.
		return unreachable(fmt.Errorf("%s gave an answer that is cut off or is not Cognito's", where))
	}
	return failure{err: &dataflow.Error{Code: dataflow.CodeInternal, Cause: errors.New(brief(err.Error()))}}
}

func notCognito(cause error) failure {
	return failure{err: &dataflow.Error{Code: dataflow.CodeUnreachable, Cause: cause, Hint: "Check endpoint: what answers there is not Cognito."}}
}

func unreachable(cause error) failure {
	return failure{remedy: remedyAgain, err: &dataflow.Error{
		Code: dataflow.CodeUnreachable, Cause: cause,
		Hint: "Check region and endpoint, and that this machine may reach it.",
	}}
}

func judgeAnswer(answer smithy.APIError, status int, where string) failure {
	code := answer.ErrorCode()
	if _, after, ok := strings.Cut(code, "#"); ok {
		code = after
	}
	message := brief(answer.ErrorMessage())
	r, known := rules[code]
	switch {
	case known:
	case status >= http.StatusInternalServerError:
		r = rule{code: dataflow.CodeUnreachable, remedy: remedyAgain, hint: hintLater}
	case status == http.StatusTooManyRequests:
		r = rule{code: dataflow.CodeUnreachable, remedy: remedySlower, hint: hintLater}
	case code == "UnknownError":
		return notCognito(fmt.Errorf("%s answered with HTTP status %d and not in Cognito's form", where, status))
	default:
		r = rule{code: dataflow.CodeInternal}
	}
	switch {
	case code == "InvalidSignatureException" && (strings.HasPrefix(message, "Signature expired") || strings.HasPrefix(message, "Signature not yet current")):
		r = rule{code: dataflow.CodeUnauthenticated, remedy: remedyResign, hint: hintClock}
	case r.code == dataflow.CodeInvalid && strings.Contains(message, "'userPoolId'"):
		r = rule{code: dataflow.CodeNoSource, hint: "Check user_pool_id: it looks like us-east-1_AbCdEf123."}
	}
	return failure{remedy: r.remedy, err: &dataflow.Error{Code: r.code, Cause: &serviceError{code: code, message: message}, Hint: r.hint}}
}

func httpStatus(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		return response.HTTPStatusCode()
	}
	return 0
}

func certificateProblem(err error) error {
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate.Err
	}
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return errors.New(record.Msg)
	}
	return nil
}

// longestMessage is the most bytes of a message of AWS's that an error repeats.
const longestMessage = 500

var (
	// What follows these words is the request itself with its headers, or what a credential_process printed.
	secretEcho = regexp.MustCompile(`(?s)(?:The Canonical String|The String-to-Sign|Authorization=).*|(process output): .*`)
	// A page token stands for a place among customers; a username is a customer's.
	tokenEcho = regexp.MustCompile(`(?is)Value '.*?' at '(paginationToken|nextToken|filter|username)'`)
)

// brief makes a message of AWS's one line that repeats nothing of the request.
func brief(message string) string {
	message = secretEcho.ReplaceAllString(message, "$1")
	message = tokenEcho.ReplaceAllString(message, "Value at '$1'")
	message = strings.Join(strings.Fields(message), " ")
	if len(message) > longestMessage {
		message = strings.ToValidUTF8(message[:longestMessage], "") + "…"
	}
	return message
}
