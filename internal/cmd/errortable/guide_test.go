package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestGuide_IsTheOneInTheTemplates(t *testing.T) {
	page, err := guide("../..")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../../templates/guides/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if page != string(committed) {
		t.Error("templates/guides/errors.md is not what the code says: make generate writes it")
	}
	code, err := os.ReadFile("../../dataflow/error.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Code\w+ +Code = "(\w+)"`).FindAllStringSubmatch(string(code), -1)
	if len(codes) < 19 {
		t.Fatalf("found %d codes", len(codes))
	}
	for _, match := range codes {
		if !strings.Contains(page, "\n## "+match[1]+"\n") {
			t.Errorf("no error of code %s is in the guide", match[1])
		}
	}
}

func TestScan_FindsEveryWayThatAnErrorIsMade(t *testing.T) {
	tests := map[string]struct{ code, want string }{
		"a literal":               {`func f() error { return &dataflow.Error{Code: dataflow.CodeBusy, Cause: errors.New("it runs"), Hint: "Wait."} }`, "busy|it runs|Wait."},
		"without a code":          {`func f() error { return &dataflow.Error{Op: "read", Cause: errors.New("it broke")} }`, "internal|it broke|"},
		"values":                  {`func f(n int) error { return &dataflow.Error{Code: dataflow.CodeGuard, Cause: fmt.Errorf("%d of %5.2f%% at " + where, n, 1.0)} }`, "guard|… of …% at …|"},
		"constants":               {`const hint = "Do " + "it."; var errGone = errors.New("gone"); func f() error { return &dataflow.Error{Code: dataflow.CodeNotFound, Cause: errGone, Hint: hint} }`, "not_found|gone|Do it."},
		"a variable":              {`func f() error { hint := "One."; if x { hint = "Two." }; return &dataflow.Error{Code: dataflow.CodeBusy, Cause: errors.New("it runs"), Hint: hint} }`, "busy|it runs|One.\nbusy|it runs|Two."},
		"parameters":              {`func f(c dataflow.Code, cause, hint string) error { return &dataflow.Error{Code: c, Cause: errors.New(cause), Hint: hint} }; var a = f; func g() { f(dataflow.CodeBusy, "a", "A."); f(dataflow.CodeGuard, "b", "B.") }`, "busy|a|A.\nguard|b|B."},
		"a hint that comes later": {`func f(err error) error { e := &dataflow.Error{Op: "open", Cause: err}; if x { e.Code, e.Hint = dataflow.CodeInvalid, "Make it." }; return e }`, "internal|open: …|\ninvalid|open: …|Make it."},
		"an answer of AWS's":      {`var rules = map[string]rule{"Throttled": {code: dataflow.CodeUnreachable, hint: "Later."}}`, "unreachable|AWS answers with Throttled|Later."},
		"a diagnostic":            {`func f() { d.AddAttributeError(p, "Name is taken", "Choose another."); d.AddError("Other", err.Error()) }`, "plan|Name is taken|Choose another."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "a.go"), []byte("package a\n"+strings.ReplaceAll(tc.code, "; func", "\nfunc")), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := scan(folder)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range found {
				got = append(got, e.code+"|"+e.when+"|"+e.hint)
			}
			if strings.Join(got, "\n") != tc.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tc.want)
			}
		})
	}
}
