//go:build docs

package docs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// versions is what an example leaves out, because a page shows it once.
const versions = "terraform {\n  required_providers {\n    skypoint = {\n      source = \"skypointcloud/skypoint\"\n    }\n  }\n}\n"

// TestExamples_EndInAnEmptyPlan applies every example that a page shows, and expects that it ends in an empty plan. What a page says of importing is done to what was
// applied: it ends in an empty plan too.
func TestExamples_EndInAnEmptyPlan(t *testing.T) {
	for _, pattern := range []string{"provider/provider.tf", "resources/*/resource.tf", "data-sources/*/data-source.tf", "functions/*/function.tf", "ephemeral-resources/*/ephemeral-resource.tf", "actions/*/action.tf"} {
		files, err := filepath.Glob("../../examples/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no example: %s %v", pattern, err)
		}
		for _, file := range files {
			t.Run(strings.TrimPrefix(filepath.Dir(file), "../../examples/"), func(t *testing.T) {
				t.Parallel()
				s := newShell(t)
				s.copy(file, "main.tf")
				if pattern != "provider/provider.tf" {
					s.write("versions.tf", versions)
				}
				s.succeeds("terraform init")
				s.succeeds("terraform apply -auto-approve")
				s.settled()
				for _, command := range invocation.FindAllString(s.read("main.tf"), -1) {
					s.succeeds(strings.TrimPrefix(command, "# ") + " -auto-approve")
				}
				s.imports(filepath.Dir(file))
			})
		}
	}
}

var (
	invocation = regexp.MustCompile(`(?m)^# terraform apply -invoke=\S+$`)
	imported   = regexp.MustCompile(`(?m)^\s*(?:to = |terraform import )(\S+)`)
)

// imports forgets what was applied and imports it again, in each way that the page shows.
func (s *shell) imports(folder string) {
	s.t.Helper()
	for _, way := range []string{"import.sh", "import-by-string-id.tf", "import-by-identity.tf"} {
		if _, err := os.Stat(filepath.Join(folder, way)); err != nil {
			continue
		}
		s.copy(filepath.Join(folder, way), way)
		s.succeeds("terraform state rm " + imported.FindStringSubmatch(s.read(way))[1])
		if way == "import.sh" {
			s.succeeds("bash -e import.sh")
		} else {
			s.succeeds("terraform apply -auto-approve")
		}
		s.succeeds("rm " + way)
		s.settled()
	}
}

// TestListExamples_FindWhatIsThere finds what another example has made.
func TestListExamples_FindWhatIsThere(t *testing.T) {
	for _, kind := range []string{"skypoint_dataflow", "skypoint_cognito_connector"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.copy("../../examples/resources/skypoint_dataflow/resource.tf", "main.tf")
			s.write("versions.tf", versions)
			s.copy("../../examples/list-resources/"+kind+"/list-resource.tfquery.hcl", "all.tfquery.hcl")
			s.succeeds("terraform init")
			s.succeeds("terraform apply -auto-approve")
			if out := s.succeeds("terraform query -generate-config-out=found.tf"); !strings.Contains(out, "list."+kind+".all") {
				t.Errorf("the query found nothing:\n%s", out)
			}
			if found := s.read("found.tf"); !strings.Contains(found, `resource "`+kind+`"`) || !strings.Contains(found, "import {") {
				t.Errorf("the configuration that was written:\n%s", found)
			}
		})
	}
}

// TestModules_EndInAnEmptyPlan applies each module of examples/modules, runs its tests, and expects that it ends in an empty plan.
func TestModules_EndInAnEmptyPlan(t *testing.T) {
	modules, err := filepath.Glob("../../examples/modules/*/main.tf")
	if err != nil || len(modules) == 0 {
		t.Fatalf("no modules: %v", err)
	}
	for _, module := range modules {
		t.Run(filepath.Base(filepath.Dir(module)), func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.must(os.CopyFS(s.dir, os.DirFS(filepath.Dir(module))))
			s.succeeds("terraform init")
			if tests, _ := filepath.Glob(filepath.Join(s.dir, "tests", "*.tftest.hcl")); len(tests) > 0 {
				s.succeeds("terraform test")
			}
			workflows, _ := filepath.Glob(filepath.Join(s.dir, ".github", "workflows", "*.yml"))
			for _, workflow := range workflows {
				s.works(strings.TrimPrefix(workflow, s.dir))
			}
			s.succeeds("terraform apply -auto-approve")
			s.settled()
		})
	}
}

var (
	// runs are the commands of a workflow.
	runs = regexp.MustCompile(`(?m)^ +- run: (.*)$`)
	// expression is what GitHub puts a value in place of.
	expression = regexp.MustCompile(`\$\{\{.*?\}\}`)
)

// works runs the commands of a workflow, one after the other.
func (s *shell) works(workflow string) {
	s.t.Helper()
	commands := runs.FindAllStringSubmatch(s.read(workflow), -1)
	if len(commands) == 0 {
		s.t.Errorf("%s has no command", workflow)
	}
	for _, command := range commands {
		s.succeeds("GITHUB_STEP_SUMMARY=summary.md; " + expression.ReplaceAllString(command[1], "42"))
	}
	if summary := s.read("summary.md"); !strings.HasPrefix(summary, "Imported ") {
		s.t.Errorf("the workflow's summary: %s", summary)
	}
}

// TestSchema_HasEveryObject asks a CLI that knows every kind of object what the provider has.
func TestSchema_HasEveryObject(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("versions.tf", versions)
	s.succeeds("terraform init")
	var printed struct {
		Providers map[string]map[string]json.RawMessage `json:"provider_schemas"`
	}
	s.must(json.Unmarshal([]byte(s.succeeds("terraform providers schema -json")), &printed))
	for kind, want := range map[string][]string{
		"resource_schemas": {"skypoint_cognito_connector", "skypoint_dataflow", "skypoint_dataflow_run"},
		"data_source_schemas": {
			"skypoint_cognito_connector", "skypoint_cognito_user_pool", "skypoint_connector_types", "skypoint_dataflow", "skypoint_dataflow_runs",
			"skypoint_dataflows", "skypoint_table", "skypoint_table_rows", "skypoint_tables",
		},
		"ephemeral_resource_schemas": {"skypoint_table_rows"},
		"action_schemas":             {"skypoint_dataflow_rollback", "skypoint_dataflow_run"},
		"list_resource_schemas":      {"skypoint_cognito_connector", "skypoint_dataflow"},
		"functions":                  {"cognito_policy", "dataflow_name"},
	} {
		has := map[string]json.RawMessage{}
		for _, provider := range printed.Providers {
			s.must(json.Unmarshal(provider[kind], &has))
		}
		if got := slices.Sorted(maps.Keys(has)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func (s *shell) succeeds(commands string) string {
	s.t.Helper()
	out, ok := s.run(commands)
	if !ok {
		s.t.Fatalf("%s\n%s", commands, out)
	}
	return out
}

func (s *shell) settled() { s.t.Helper(); s.succeeds("terraform plan -detailed-exitcode") }

func (s *shell) copy(from, to string) {
	s.t.Helper()
	text, err := os.ReadFile(from)
	s.must(err)
	s.write(to, string(text))
}

func (s *shell) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	s.must(err)
	return string(text)
}
