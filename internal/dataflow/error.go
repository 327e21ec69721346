package dataflow

import (
	"errors"
	"strings"
)

// Code says what kind of failure an Error is, for callers that act on it:
// the engine (retry, abandon) and the provider (which attribute the diagnostic belongs to).
type Code string

// The codes. An Error without a code is CodeInternal.
const (
	CodeInternal        Code = "internal"
	CodeInvalid         Code = "invalid"         // the input breaks a rule
	CodeNotFound        Code = "not_found"       // the object does not exist
	CodeExists          Code = "exists"          // a write-once record or a name is already taken
	CodeInUse           Code = "in_use"          // something else needs the object
	CodeNoConnector     Code = "no_connector"    // the dataflow's connector does not exist
	CodeForeign         Code = "foreign"         // a table or database belongs to somebody else
	CodeUnauthenticated Code = "unauthenticated" // the source does not know the key, or it has expired
	CodeAccessDenied    Code = "access_denied"   // the source knows the key and refuses the operation
	CodeNoSource        Code = "no_source"       // the source has no such pool
	CodeUnreachable     Code = "unreachable"     // nothing answers at the endpoint
	CodeBusy            Code = "busy"            // a live process runs the dataflow, or has locked the catalog
	CodeAbandoned       Code = "abandoned"       // another process decided that this run is abandoned
	CodeGuard           Code = "guard"           // a guard of the definition refused the result
	CodePinned          Code = "pinned"          // the dataflow is held at a run
	CodeNewerFormat     Code = "newer_format"    // a record was written by a newer version of the provider
	CodeFilesGone       Code = "files_gone"      // files that a table needs were deleted or cut off behind everybody's back
	CodeCorrupt         Code = "corrupt"         // a record is not what it must be
	CodeWorkspace       Code = "workspace"       // the workspace can't be used: this user may not, or it can't be what a workspace must be
	CodeCatalog         Code = "catalog"         // the catalog's database can't be reached, or does not let this user in
	CodeSecretsKey      Code = "secrets_key"     // the workspace's secrets key is missing or another one
)

// Error is the one error type of this project. It is made once, at the place that knows most,
// and wrapped on the way up with short verbs: fmt.Errorf("table users: %w", err).
//
// No field ever holds a secret or a value of a customer's.
type Error struct {
	Code   Code
	Op     string // the operation that failed, in its owner's words: "ListUsers", "commit", "read record"
	Object string // what it failed on: `connector "App"`, "table customers.users"
	Cause  error  // why, as the library or service says it
	Hint   string // what the person can do about it, a whole sentence
}

// Error gives "object: operation: cause. Hint". Parts that are empty are left out.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Object, e.Op} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if e.Cause != nil {
		parts = append(parts, e.Cause.Error())
	}
	s := strings.Join(parts, ": ")
	if e.Hint != "" {
		s = strings.TrimRight(s, ". \n") + ". " + e.Hint
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf gives the code of the first Error in err's chain, CodeInternal for any other error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return CodeInternal
}

// IsCode says whether err carries the code.
func IsCode(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Sentence makes err the end of a sentence: no trailing line break, exactly one full stop.
func Sentence(err error) string {
	if err == nil {
		return ""
	}
	s := strings.TrimSpace(err.Error())
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
