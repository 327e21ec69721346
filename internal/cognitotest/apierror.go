package cognitotest

import (
	"fmt"
	"net/http"
)

// apiError is an error in AWS's form.
// Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func fail(code, format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(message string) error { return fail("InvalidParameterException", "%s", message) }

// violated is what AWS says when a value breaks a constraint of the API's model.
func violated(value, member, constraint string) error {
	return fail("InvalidParameterException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}
