package dataflow

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReservedDatabase may not be used as a database: the embedded catalog bears this name,
// and Spark cannot tell a catalog from a namespace of the same name.
const ReservedDatabase = "skypoint"

// MaxIdentifier is the longest table or database name, in bytes: the lowest limit among the catalogs (Glue: 255).
const MaxIdentifier = 255

var (
	nameRule       = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)
	identifierRule = regexp.MustCompile(`^[a-z][a-z0-9_]{0,254}$`)
)

// NameRule says in words what CheckName allows.
const NameRule = "1 to 64 letters and digits (A-Z, a-z, 0-9), starting with a letter"

// IdentifierRule says in words what CheckIdentifier allows.
const IdentifierRule = "1 to 255 lower-case letters, digits and underscores (a-z, 0-9, _), starting with a letter"

// CheckName checks the name of a connector or a dataflow. Names are unique without regard to case: see FoldName.
func CheckName(name string) error {
	if nameRule.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is not a valid name: a name has %s", name, NameRule)
}

// ReferenceRule says in words what CheckReference allows.
const ReferenceRule = "1 to 64 characters without white space, slashes and control characters"

// CheckReference checks what names a connector or a dataflow: only for what no name can be, so that the ids which a mock of the provider
// makes up ("8moxhqs2") pass. Whether there is such an object shows when it is looked for.
func CheckReference(name string) error {
	bad := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if n := utf8.RuneCountInString(name); n == 0 || n > nameLength || strings.ContainsFunc(name, bad) || !utf8.ValidString(name) {
		return fmt.Errorf("%q can't be a name: a name has %s", name, ReferenceRule)
	}
	return nil
}

// FoldName gives the form in which two names are compared: "App" and "app" are the same name.
func FoldName(name string) string { return strings.ToLower(name) }

// CheckDatabase checks the name of a database.
func CheckDatabase(name string) error {
	if name == ReservedDatabase {
		return fmt.Errorf("a database can't be called %q: the catalog has this name, and readers such as Spark need the two to differ", name)
	}
	return checkIdentifier("database", name)
}

// CheckTableName checks the name of a table.
func CheckTableName(name string) error { return checkIdentifier("table", name) }

// DefaultDatabase is the database of a dataflow that names none.
func DefaultDatabase(dataflow string) string { return strings.ToLower(dataflow) }

func checkIdentifier(kind, name string) error {
	if identifierRule.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is not a valid %s name: it has %s", name, kind, IdentifierRule)
}
