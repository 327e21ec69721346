package ledger

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestEncode_PutsTheFormatFirstAndKeepsTheOrderOfTheFields(t *testing.T) {
	tests := map[string]struct {
		record any
		want   string
	}{
		"fields":        {hint{Dataflow: "App", Run: 13}, "{\n  \"format\": 1,\n  \"dataflow\": \"App\",\n  \"run\": 13\n}\n"},
		"no field":      {struct{}{}, "{\n  \"format\": 1\n}\n"},
		"embedded ones": {struct{ hint }{hint{"App", 1}}, "{\n  \"format\": 1,\n  \"dataflow\": \"App\",\n  \"run\": 1\n}\n"},
		"markup":        {hint{Dataflow: "<a> & b", Run: 1}, "{\n  \"format\": 1,\n  \"dataflow\": \"<a> & b\",\n  \"run\": 1\n}\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := encode(test.record)
			must(t, err)
			if string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestEncode_RefusesWhatIsNoObject(t *testing.T) {
	for _, record := range []any{nil, 1, "text", []int{1}, (*hint)(nil), make(chan int)} {
		if _, err := encode(record); !dataflow.IsCode(err, dataflow.CodeInternal) {
			t.Errorf("%T: %v, want an error", record, err)
		}
	}
}

func TestDecode_GivesBackWhatEncodeGot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := recordOf("App")
		want.UID = rapid.String().Draw(t, "uid")
		want.Definition.Description = rapid.Ptr(rapid.String(), true).Draw(t, "description")
		want.Definition.RefreshTriggers = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "refresh triggers")
		want.Definition.PinnedRun = rapid.Ptr(rapid.Int64(), true).Draw(t, "pinned run")
		if rapid.Bool().Draw(t, "no refresh triggers") {
			want.Definition.RefreshTriggers = nil // is not the same as an empty map
		}
		content, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		var got dataflow.Record
		if err := decode(content, &got); err != nil {
			t.Fatal(err)
		}
		// By JSON, because a nil and an empty map must differ, and == can't compare maps.
		if a, b := mustJSON(t, want), mustJSON(t, got); a != b {
			t.Fatalf("got %s, want %s", b, a)
		}
	})
}

func mustJSON(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// damaged are the ways in which a record can be something else than what was written.
// %s stands for the fields of a record that is fine.
var damaged = map[string]struct {
	content string
	code    dataflow.Code
	says    string
}{
	"empty":               {"", dataflow.CodeCorrupt, "it is empty"},
	"blank":               {" \n", dataflow.CodeCorrupt, "it is empty"},
	"zeros":               {"\x00\x00\x00\x00", dataflow.CodeCorrupt, "invalid character"},
	"cut off":             {`{"format":1,"da`, dataflow.CodeCorrupt, "unexpected end of JSON input"},
	"cut off after a run": {`{"format":1,%s`, dataflow.CodeCorrupt, "unexpected end of JSON input"},
	"two records":         {`{"format":1,%s}{"format":1,%s}`, dataflow.CodeCorrupt, "invalid character"},
	"not JSON":            {"format: 1\n", dataflow.CodeCorrupt, "invalid character"},
	"null":                {"null", dataflow.CodeCorrupt, "it has no format version"},
	"a list":              {`[{"format":1}]`, dataflow.CodeCorrupt, "cannot unmarshal array"},
	"no format":           {`{%s}`, dataflow.CodeCorrupt, "it has no format version"},
	"format null":         {`{"format":null,%s}`, dataflow.CodeCorrupt, "it has no format version"},
	"format 0":            {`{"format":0,%s}`, dataflow.CodeCorrupt, "it has no format version"},
	"format -1":           {`{"format":-1,%s}`, dataflow.CodeCorrupt, "it has no format version"},
	"format as text":      {`{"format":"1",%s}`, dataflow.CodeCorrupt, "cannot unmarshal string"},
	"format 1.5":          {`{"format":1.5,%s}`, dataflow.CodeCorrupt, "cannot unmarshal number 1.5"},
	"format 3":            {`{"format":3,%s}`, dataflow.CodeNewerFormat, "its format is 3, and this version of the provider knows formats up to "},
	"format 3, all new":   {`{"format":3,"run":{"number":13}}`, dataflow.CodeNewerFormat, "Upgrade the provider"},
	"a name too little":   {`{"format":1}`, dataflow.CodeCorrupt, "which belongs elsewhere"},
	"a field of another type": {
		`{"format":1,%s,"started_at":1,"at":1,"decided_at":1,"created_at":1}`, dataflow.CodeCorrupt, "Time.UnmarshalJSON",
	},
}

func TestLedger_NeverTakesADamagedRecordForOne(t *testing.T) {
	run := "dataflows/customers/runs/00000001/"
	records := map[string]struct {
		path   string
		fields string
		read   func(t *testing.T, l *Ledger) error
	}{
		"connector": {"connectors/app.json", `"name":"App"`, readConnector("App")},
		"dataflow":  {"dataflows/customers/definitions/00000001.json", `"version":1,"phase":"created","definition":{"name":"Customers"}`, readDataflow("Customers")},
		"started":   {run + "started.json", `"dataflow":"Customers","run":1,"kind":"import"`, readStarted("Customers", 1)},
		"decision":  {run + "decision.json", `"dataflow":"Customers","run":1,"outcome":"publish"`, readDecision("Customers", 1)},
		"finished":  {run + "finished.json", `"dataflow":"Customers","run":1,"kind":"import","status":"Failed"`, readFinished("Customers", 1)},
		"heartbeat": {run + "heartbeat.json", `"owner":"me"`, func(t *testing.T, l *Ledger) error {
			t.Helper()
			_, err := l.Heartbeat(t.Context(), "Customers", 1)
			return err
		}},
	}
	for kind, record := range records {
		t.Run(kind, func(t *testing.T) {
			l, store := inMemory()
			must(t, store.Replace(t.Context(), record.path, []byte(`{"format":1,`+record.fields+`,"a_later_field":[1,{}]}`)))
			must(t, record.read(t, l)) // a record that is fine is read, with a field more too

			for name, damage := range damaged {
				t.Run(name, func(t *testing.T) {
					content := strings.ReplaceAll(damage.content, "%s", record.fields)
					says := damage.says
					if name == "a name too little" && kind == "heartbeat" {
						says = "it has no owner"
					}
					must(t, store.Replace(t.Context(), record.path, []byte(content)))
					err := record.read(t, l)
					wantError(t, err, damage.code, "memory:"+record.path+": read record: ")
					wantError(t, err, damage.code, says)
				})
			}
		})
	}
}

func TestLedger_NeverTakesARecordForAnotherOne(t *testing.T) {
	run := "dataflows/customers/runs/00000002/"
	tests := map[string]struct {
		path, content string
		read          func(t *testing.T, l *Ledger) error
		code          dataflow.Code
		says          string
	}{
		"another connector's": {
			"connectors/app.json", `{"format":1,"name":"Shop"}`, readConnector("App"), dataflow.CodeCorrupt,
			`it is the record of connector "Shop", which belongs elsewhere`,
		},
		"a connector whose name differs in case": {
			"connectors/app.json", `{"format":1,"name":"App"}`, readConnector("app"), dataflow.CodeInvalid,
			`connector "app" differs only in case from the existing connector "App"`,
		},
		"another dataflow's": {
			"dataflows/customers/definitions/00000001.json", `{"format":1,"version":1,"phase":"created","definition":{"name":"Orders"}}`, readDataflow("Customers"), dataflow.CodeCorrupt,
			`it is the record of dataflow "Orders", which belongs elsewhere`,
		},
		"a dataflow whose name differs in case": {
			"dataflows/customers/definitions/00000001.json", `{"format":1,"version":1,"phase":"created","definition":{"name":"Customers"}}`, readDataflow("CUSTOMERS"), dataflow.CodeInvalid,
			`dataflow "CUSTOMERS" differs only in case from the existing dataflow "Customers"`,
		},
		"another version of a dataflow's": {
			"dataflows/customers/definitions/00000002.json", `{"format":1,"version":1,"phase":"created","definition":{"name":"Customers"}}`, readDataflow("Customers"), dataflow.CodeCorrupt,
			"it is version 1 of the record, which belongs elsewhere",
		},
		"a phase that nobody knows": {
			"dataflows/customers/definitions/00000001.json", `{"format":1,"version":1,"phase":"resting","definition":{"name":"Customers"}}`, readDataflow("Customers"), dataflow.CodeCorrupt,
			`its phase is "resting"`,
		},
		"another run's": {
			run + "started.json", `{"format":1,"dataflow":"Customers","run":1,"kind":"import"}`, readStarted("Customers", 2), dataflow.CodeCorrupt,
			"it is a record of run 1, which belongs elsewhere",
		},
		"another dataflow's run": {
			run + "started.json", `{"format":1,"dataflow":"Orders","run":2,"kind":"import"}`, readStarted("Customers", 2), dataflow.CodeCorrupt,
			`it is the record of dataflow "Orders", which belongs elsewhere`,
		},
		"a run of a dataflow whose name differs in case": {
			run + "started.json", `{"format":1,"dataflow":"Customers","run":2,"kind":"import"}`, readStarted("customers", 2), dataflow.CodeInvalid,
			`dataflow "customers" differs only in case from the existing dataflow "Customers"`,
		},
		"a kind that nobody knows": {
			run + "started.json", `{"format":1,"dataflow":"Customers","run":2,"kind":"export"}`, readStarted("Customers", 2), dataflow.CodeCorrupt,
			`its kind is "export"`,
		},
		"an outcome that nobody knows": {
			run + "decision.json", `{"format":1,"dataflow":"Customers","run":2,"outcome":"perhaps"}`, readDecision("Customers", 2), dataflow.CodeCorrupt,
			`its outcome is "perhaps"`,
		},
		"a started record where the finished one lies": {
			run + "finished.json", `{"format":1,"dataflow":"Customers","run":2,"kind":"import","status":"Processing"}`, readFinished("Customers", 2), dataflow.CodeCorrupt,
			`its status is "Processing"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, store := inMemory()
			must(t, store.Create(t.Context(), test.path, []byte(test.content)))
			wantError(t, test.read(t, l), test.code, test.says)
		})
	}
}

func readConnector(name string) func(*testing.T, *Ledger) error {
	return func(t *testing.T, l *Ledger) error { t.Helper(); _, err := l.Connector(t.Context(), name); return err }
}

func readDataflow(name string) func(*testing.T, *Ledger) error {
	return func(t *testing.T, l *Ledger) error { t.Helper(); _, err := l.Dataflow(t.Context(), name); return err }
}

func readStarted(name string, run int64) func(*testing.T, *Ledger) error {
	return func(t *testing.T, l *Ledger) error {
		t.Helper()
		_, err := l.Started(t.Context(), name, run)
		return err
	}
}

func readDecision(name string, run int64) func(*testing.T, *Ledger) error {
	return func(t *testing.T, l *Ledger) error {
		t.Helper()
		_, err := l.Decision(t.Context(), name, run)
		return err
	}
}

func readFinished(name string, run int64) func(*testing.T, *Ledger) error {
	return func(t *testing.T, l *Ledger) error {
		t.Helper()
		_, err := l.Finished(t.Context(), name, run)
		return err
	}
}
