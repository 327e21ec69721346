package dataflow_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestError_SaysObjectOperationCauseAndHint(t *testing.T) {
	denied := &dataflow.Error{
		Code: dataflow.CodeAccessDenied, Op: "ListUsers", Object: "user pool us-east-1_A",
		Cause: errors.New("denied (no)"), Hint: "Allow cognito-idp:ListUsers.",
	}
	for want, err := range map[string]error{
		"user pool us-east-1_A: ListUsers: denied (no). Allow cognito-idp:ListUsers.":              denied,
		"table users: user pool us-east-1_A: ListUsers: denied (no). Allow cognito-idp:ListUsers.": fmt.Errorf("table users: %w", denied),
		"commit: gone": &dataflow.Error{Op: "commit", Cause: errors.New("gone")},
		"commit":       &dataflow.Error{Op: "commit"},
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}

func TestCodeOf_FindsTheFirstCodeInTheChain(t *testing.T) {
	guard := fmt.Errorf("table users: %w", &dataflow.Error{Code: dataflow.CodeGuard})
	for _, tc := range []struct {
		err  error
		code dataflow.Code
	}{
		{nil, ""}, {errors.New("bare"), dataflow.CodeInternal}, {&dataflow.Error{}, dataflow.CodeInternal},
		{guard, dataflow.CodeGuard}, {errors.Join(errors.New("first"), guard), dataflow.CodeGuard},
	} {
		if code := dataflow.CodeOf(tc.err); code != tc.code {
			t.Errorf("CodeOf(%v) = %q, want %q", tc.err, code, tc.code)
		}
	}
	if dataflow.IsCode(nil, "") {
		t.Error("no error has a code")
	}
}

func TestSentence_EndsWithOneFullStop(t *testing.T) {
	for text, want := range map[string]string{"gone": "gone.", "gone.": "gone.", "gone \n": "gone.", "gone?": "gone?", "": ""} {
		if got := dataflow.Sentence(errors.New(text)); got != want {
			t.Errorf("Sentence(%q) = %q", text, got)
		}
	}
	if dataflow.Sentence(nil) != "" {
		t.Error("no error is a sentence")
	}
}
