package ledger

import (
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestDataflow_ComesBackAsItWasWritten(t *testing.T) {
	l, _ := openTemp(t)
	want := recordOf("Customers")
	must(t, l.CreateDataflow(t.Context(), want))
	got, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got, want)

	want.Phase = dataflow.PhaseRemoved
	want.Definition.Description = nil
	must(t, l.PutDataflow(t.Context(), want))
	got, err = l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got, want)
}

func TestCreateDataflow_RefusesANameThatIsTakenInAnyCase(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.CreateDataflow(t.Context(), recordOf("Customers")))
	second := recordOf("Customers")
	second.UID = "another"
	wantError(t, l.CreateDataflow(t.Context(), second), dataflow.CodeExists, `dataflow "Customers": create: `)
	wantError(t, l.CreateDataflow(t.Context(), recordOf("customers")), dataflow.CodeExists,
		`dataflow "customers" differs only in case from the existing dataflow "Customers"`)
	standing, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, standing, recordOf("Customers"))
}

func TestPutDataflow_MakesARecordThatIsGone(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	got, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got, recordOf("Customers"))
}

func TestPutDataflow_LeavesARecordThatItDoesNotUnderstand(t *testing.T) {
	tests := map[string]struct {
		standing string
		code     dataflow.Code
	}{
		"newer":                {`{"format":2}`, dataflow.CodeNewerFormat},
		"damaged":              {`{"format":1`, dataflow.CodeCorrupt},
		"of a different case":  {`{"format":1,"phase":"created","definition":{"name":"CUSTOMERS"}}`, dataflow.CodeInvalid},
		"of another dataflow":  {`{"format":1,"phase":"created","definition":{"name":"Orders"}}`, dataflow.CodeCorrupt},
		"in a phase not known": {`{"format":1,"phase":"resting","definition":{"name":"Customers"}}`, dataflow.CodeCorrupt},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, store := inMemory()
			const path = "dataflows/customers/dataflow.json"
			must(t, store.Create(t.Context(), path, []byte(test.standing)))
			wantCode(t, l.PutDataflow(t.Context(), recordOf("Customers")), test.code)
			wantContent(t, store, path, test.standing)
		})
	}
}

func TestDataflows_GivesTheirRealNamesInOrder(t *testing.T) {
	l, workspace := openTemp(t)
	for _, name := range []string{"orders", "Zoo", "Customers", "a1", "A10", "B"} {
		must(t, l.CreateDataflow(t.Context(), recordOf(name)))
	}
	store := openFolder(t, workspace)
	must(t, store.Create(t.Context(), "dataflows/notes.txt", nil))
	must(t, store.Create(t.Context(), "dataflows/not-a-name/dataflow.json", nil))
	must(t, makeFolder(store.Location("dataflows/killed"))) // before its record was written
	must(t, l.Start(t.Context(), startedOf("Lost", 1)))     // a record that was deleted, with its history
	names, err := l.Dataflows(t.Context())
	must(t, err)
	wantEqual(t, names, []string{"a1", "A10", "B", "Customers", "orders", "Zoo"})
}

func TestDataflows_HidesNoRecordThatItCannotRead(t *testing.T) {
	for content, want := range map[string]dataflow.Code{
		`{"format":2}`: dataflow.CodeNewerFormat,
		`{`:            dataflow.CodeCorrupt,
		`{"format":1,"phase":"resting","definition":{"name":"Customers"}}`: dataflow.CodeCorrupt,
		`{"format":1,"phase":"created","definition":{"name":"Orders"}}`:    dataflow.CodeCorrupt,
	} {
		l, store := inMemory()
		must(t, l.CreateDataflow(t.Context(), recordOf("App")))
		must(t, store.Create(t.Context(), "dataflows/customers/dataflow.json", []byte(content)))
		_, err := l.Dataflows(t.Context())
		wantError(t, err, want, "memory:dataflows/customers/dataflow.json")
	}
}

// The history of runs is not what a listing of dataflows costs.
func TestDataflows_ReadsOneRecordEach(t *testing.T) {
	store := &countingStore{Store: NewMemoryStore()}
	l := New(store, Config{})
	must(t, l.CreateDataflow(t.Context(), recordOf("Customers")))
	play(t, l, 20)
	store.calls = 0
	names, err := l.Dataflows(t.Context())
	must(t, err)
	if strings.Join(names, " ") != "Customers" || store.calls != 2 {
		t.Errorf("%v with %d calls, want Customers with 2", names, store.calls)
	}
}
