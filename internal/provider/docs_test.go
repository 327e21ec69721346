package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// documented are the objects of the provider: the folder and name of each one's page, and its example.
func documented(s *tfprotov6.GetProviderSchemaResponse) map[string]map[string]*tfprotov6.Schema {
	actions, lists := map[string]*tfprotov6.Schema{}, map[string]*tfprotov6.Schema{}
	for name, schema := range s.ActionSchemas {
		actions[name] = schema.Schema
	}
	maps.Copy(lists, s.ListResourceSchemas)
	return map[string]map[string]*tfprotov6.Schema{
		"resources/resource.tf": s.ResourceSchemas, "data-sources/data-source.tf": s.DataSourceSchemas, "ephemeral-resources/ephemeral-resource.tf": s.EphemeralResourceSchemas,
		"actions/action.tf": actions, "list-resources/list-resource.tfquery.hcl": lists,
	}
}

func providerSchema(t *testing.T) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	s, err := providerserver.NewProtocol6(provider.New("test")())().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(s.Diagnostics) > 0 {
		t.Fatal(err, s.Diagnostics)
	}
	return s
}

func TestDocs_EveryObjectHasAPageAndAnExample(t *testing.T) {
	s := providerSchema(t)
	var pages []string
	for kind, schemas := range documented(s) {
		folder, example := filepath.Split(kind)
		for name := range schemas {
			pages = append(pages, folder+strings.TrimPrefix(name, "skypoint_")+".md")
			if _, err := os.Stat(filepath.Join("..", "..", "examples", folder, name, example)); err != nil {
				t.Error(err)
			}
		}
	}
	for name := range s.Functions {
		pages = append(pages, "functions/"+name+".md")
		if _, err := os.Stat(filepath.Join("..", "..", "examples", "functions", name, "function.tf")); err != nil {
			t.Error(err)
		}
	}
	for name := range s.ResourceSchemas {
		if _, err := os.Stat(filepath.Join("..", "..", "examples", "resources", name, "import.sh")); err != nil {
			t.Errorf("nothing says how it is imported: %v", err)
		}
	}
	var found []string
	for _, folder := range []string{"resources", "data-sources", "ephemeral-resources", "actions", "list-resources", "functions"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "docs", folder, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			found = append(found, folder+"/"+filepath.Base(file))
		}
	}
	slices.Sort(pages)
	slices.Sort(found)
	if !slices.Equal(pages, found) {
		t.Errorf("the objects want the pages\n%s\nand docs/ has\n%s\n`make generate` writes them", strings.Join(pages, "\n"), strings.Join(found, "\n"))
	}
	if len(pages) != 3+9+1+2+2+2 {
		t.Errorf("%d objects", len(pages))
	}
}

func TestReadme_ListsTheObjects(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := providerSchema(t)
	listed := map[string][]string{"Functions": slices.Collect(maps.Keys(s.Functions))}
	for kind, schemas := range documented(s) {
		folder, _ := filepath.Split(kind)
		title := strings.ReplaceAll(strings.TrimSuffix(folder, "/"), "-", " ")
		listed[strings.ToUpper(title[:1])+title[1:]] = slices.Collect(maps.Keys(schemas))
	}
	for title, want := range listed {
		_, rest, there := strings.Cut(string(text), "\n| "+title+" | ")
		row, _, _ := strings.Cut(rest, " |\n")
		found := strings.Split(strings.ReplaceAll(row, "`", ""), ", ")
		slices.Sort(want)
		slices.Sort(found)
		if !there || !slices.Equal(want, found) {
			t.Errorf("%s are %q, and the README lists %q", title, want, found)
		}
	}
}

func TestDocs_EveryAttributeHasADescription(t *testing.T) {
	s := providerSchema(t)
	all := documented(s)
	all["provider/"] = map[string]*tfprotov6.Schema{"provider": s.Provider}
	for kind, schemas := range all {
		for name, schema := range schemas {
			if schema.Block.Description == "" {
				t.Errorf("%s: %s has no description", kind, name)
			}
			if len(schema.Block.BlockTypes) > 0 {
				t.Errorf("%s: %s has blocks: nothing here looks into them", kind, name)
			}
			for _, missing := range undescribed(name, schema.Block.Attributes) {
				t.Errorf("%s: %s has no description", kind, missing)
			}
		}
	}
	for name, f := range s.Functions {
		if f.Summary == "" || f.Description == "" {
			t.Errorf("function %s has no description", name)
		}
		for _, p := range f.Parameters {
			if !isSentence(p.Description) {
				t.Errorf("parameter %s of function %s has no description", p.Name, name)
			}
		}
	}
}

// undescribed gives the attributes that no whole sentence describes.
func undescribed(at string, attributes []*tfprotov6.SchemaAttribute) []string {
	var missing []string
	for _, a := range attributes {
		here := at + "." + a.Name
		if !isSentence(a.Description) {
			missing = append(missing, fmt.Sprintf("%s (%q)", here, a.Description))
		}
		if a.NestedType != nil {
			missing = append(missing, undescribed(here, a.NestedType.Attributes)...)
		}
	}
	return missing
}

func isSentence(text string) bool {
	return len(text) > 3 && strings.HasSuffix(strings.TrimSpace(text), ".")
}

// Whoever reads a plan wants to know what a change of an argument will do.
func TestDocs_EveryArgumentOfAResourceSaysWhatChangingItDoes(t *testing.T) {
	for name, schema := range providerSchema(t).ResourceSchemas {
		for _, a := range schema.Block.Attributes {
			if (a.Required || a.Optional) && !strings.Contains(a.Description, "Changing") && !strings.Contains(a.Description, "change") {
				t.Errorf("%s.%s does not say what changing it does: %s", name, a.Name, a.Description)
			}
		}
	}
}
