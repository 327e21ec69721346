package provider_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/reportpage"
)

// onPage gives the dataflows that the workspace's page has, by their names; nil: there is no page.
func (w *world) onPage() map[string]reportpage.Entry {
	w.t.Helper()
	page, err := w.ledger().Store().Read(context.Background(), reportpage.PagePath)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return nil
	}
	w.must(err)
	_, after, _ := strings.Cut(string(page), `<script type="application/json" id="data">`)
	text, _, _ := strings.Cut(after, "</script>")
	var content struct {
		Dataflows []reportpage.Entry `json:"dataflows"`
	}
	w.must(json.Unmarshal([]byte(text), &content))
	found := map[string]reportpage.Entry{}
	for _, e := range content.Dataflows {
		found[e.Name] = e
	}
	return found
}

func TestReport_ShowsWhatRunsDidAndWhichTablesThereAre(t *testing.T) {
	w := newWorld(t, 20)
	hidden := `tables = { users = { columns = { email = { policy = "hash" }, name = { policy = "drop" } } }, groups = {} }
display_name = "Customers of the shop"
`
	c := newCore(t, w, hidden)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	w.deny("ListUsers")
	c.declare(hidden + `refresh_triggers = { build = "2" }`)
	if r := c.apply(); len(r.errors) != 1 {
		t.Fatalf("the second apply said %q", r.errors)
	}
	e := w.onPage()["Customers"]
	if e.DisplayName != "Customers of the shop" || e.Status != "Failed" || *e.CurrentRun != 1 || e.Source != "user pool us-east-1_Test12345 in us-east-1" || e.Type != "AWS Cognito" {
		t.Errorf("the dataflow: %+v", e)
	}
	if len(e.Runs) != 2 || e.Runs[0].Status != "Failed" || !strings.Contains(e.Runs[0].Description, "cognito-idp:ListUsers (users)") || e.Runs[1].Tables[1] != (reportpage.RunCounts{Table: "users", Read: 20, Added: 20}) {
		t.Errorf("its runs: %+v", e.Runs)
	}
	if diff := cmp.Diff([][5]int64{{1, 23, 23, 0, 0}}, e.Points); diff != "" {
		t.Errorf("its points (-want +got):\n%s", diff)
	}
	policies := map[string]string{}
	for _, column := range e.Tables[1].Columns {
		policies[column.Name] = column.Policy
	}
	if e.Tables[1].Records != 20 || policies["email_hashed"] != "hash" || policies["sub"] != "load" {
		t.Errorf("its table: %+v", e.Tables[1])
	}
	w.deny()
	c.succeeds("apply", c.apply(), dataflowType)
	c.succeeds("destroy", c.destroy())
	if page := w.onPage(); page == nil || len(page) > 0 {
		t.Errorf("after its removal the page has %v", page)
	}
}

func TestReport_ThatCanNotBeWrittenIsANote(t *testing.T) {
	w := newWorld(t, 5)
	c := newCore(t, w, "tables = { users = {} }")
	w.must(os.MkdirAll(w.folder(), 0o750))
	w.must(os.WriteFile(filepath.Join(w.folder(), "report"), nil, 0o600)) // where a folder should be
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	if got := c.description(); !strings.HasPrefix(got, "Imported 1 table: users 5 rows (5 added). The report could not be written: ") {
		t.Errorf("the run says %q", got)
	}
	c.succeeds("plan", c.plan())
}

func TestReport_IsNotWrittenWhereNobodyWantsIt(t *testing.T) {
	w := newWorld(t, 5)
	w.run(resource.TestStep{Config: strings.Replace(w.dataflow("  tables = { users = {} }"), "provider \"skypoint\" {\n", "provider \"skypoint\" {\n  report = false\n", 1)})
	if page := w.onPage(); page != nil {
		t.Errorf("there is a page with %v", page)
	}
}
