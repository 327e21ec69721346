package ledger

import (
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

func TestDataflow_ComesBackAsItWasWritten(t *testing.T) {
	l, _ := openTemp(t)
	want := recordOf("Customers")
	must(t, l.PutDataflow(t.Context(), want))
	got, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got, want)

	want.Version = 2
	want.Phase = dataflow.PhaseRemoved
	want.Definition.Description = nil
	must(t, l.PutDataflow(t.Context(), want))
	got, err = l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got, want)
}

func TestPutDataflow_WritesEachVersionOnce(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	second, late := recordOf("Customers"), recordOf("Customers")
	second.Version, late.Version, late.UID = 2, 2, "another"
	must(t, l.PutDataflow(t.Context(), second))
	wantError(t, l.PutDataflow(t.Context(), late), dataflow.CodeExists, `dataflow "Customers": create: `)
	late.Version = 1
	wantError(t, l.PutDataflow(t.Context(), late), dataflow.CodeExists, `dataflow "Customers": create: `)
	standing, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, standing, second)
}

func TestPutDataflow_LeavesNoVersionOut(t *testing.T) {
	l, _ := openTemp(t)
	for _, version := range []int64{-1, 0, 2} {
		record := recordOf("Customers")
		record.Version = version
		wantError(t, l.PutDataflow(t.Context(), record), dataflow.CodeInvalid, "does not follow version 0")
	}
}

func TestPutDataflow_RefusesANameThatIsTakenInAnotherCase(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	wantError(t, l.PutDataflow(t.Context(), recordOf("customers")), dataflow.CodeInvalid,
		`dataflow "customers" differs only in case from the existing dataflow "Customers"`)
}

func TestDataflow_TheNewestVersionIsTheOneWithTheHighestNumber(t *testing.T) {
	l, store := inMemory()
	record := recordOf("Customers")
	for record.Version = 1; record.Version <= 11; record.Version++ {
		must(t, l.PutDataflow(t.Context(), record))
	}
	for _, notes := range []string{"99999999", "99999999.txt", "0000012.json", "00000012.json.old", "-0000012.json"} {
		must(t, store.Create(t.Context(), "dataflows/customers/definitions/"+notes, nil))
	}
	got, err := l.Dataflow(t.Context(), "Customers")
	must(t, err)
	wantEqual(t, got.Version, int64(11))
}

func TestPutDataflow_LeavesARecordThatItDoesNotUnderstand(t *testing.T) {
	tests := map[string]struct {
		standing string
		code     dataflow.Code
	}{
		"newer":                {`{"format":3}`, dataflow.CodeNewerFormat},
		"damaged":              {`{"format":1`, dataflow.CodeCorrupt},
		"of a different case":  {`{"format":1,"version":1,"phase":"created","definition":{"name":"CUSTOMERS"}}`, dataflow.CodeInvalid},
		"of another dataflow":  {`{"format":1,"version":1,"phase":"created","definition":{"name":"Orders"}}`, dataflow.CodeCorrupt},
		"in a phase not known": {`{"format":1,"version":1,"phase":"resting","definition":{"name":"Customers"}}`, dataflow.CodeCorrupt},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, store := inMemory()
			const path = "dataflows/customers/definitions/00000001.json"
			must(t, store.Create(t.Context(), path, []byte(test.standing)))
			next := recordOf("Customers")
			next.Version = 2
			wantCode(t, l.PutDataflow(t.Context(), next), test.code)
			wantContent(t, store, path, test.standing)
		})
	}
}

func TestDataflows_GivesTheirRealNamesInOrder(t *testing.T) {
	l, workspace := openTemp(t)
	for _, name := range []string{"orders", "Zoo", "Customers", "a1", "A10", "B"} {
		must(t, l.PutDataflow(t.Context(), recordOf(name)))
	}
	store := openFolder(t, workspace)
	must(t, store.Create(t.Context(), "dataflows/notes.txt", nil))
	must(t, store.Create(t.Context(), "dataflows/not-a-name/definitions/00000001.json", nil))
	must(t, disk.MkdirAll(store.Location("dataflows/killed"), 0o700)) // before its record was written
	must(t, l.Start(t.Context(), startedOf("Lost", 1)))               // a record that was deleted, with its history
	names, err := l.Dataflows(t.Context())
	must(t, err)
	wantEqual(t, names, []string{"a1", "A10", "B", "Customers", "orders", "Zoo"})
}

func TestDataflows_HidesNoRecordThatItCannotRead(t *testing.T) {
	for content, want := range map[string]dataflow.Code{
		`{"format":3}`: dataflow.CodeNewerFormat,
		`{`:            dataflow.CodeCorrupt,
		`{"format":1,"version":1,"phase":"resting","definition":{"name":"Customers"}}`: dataflow.CodeCorrupt,
		`{"format":1,"version":1,"phase":"created","definition":{"name":"Orders"}}`:    dataflow.CodeCorrupt,
	} {
		l, store := inMemory()
		must(t, l.PutDataflow(t.Context(), recordOf("App")))
		must(t, store.Create(t.Context(), "dataflows/customers/definitions/00000001.json", []byte(content)))
		_, err := l.Dataflows(t.Context())
		wantError(t, err, want, "memory:dataflows/customers/definitions/00000001.json")
	}
}

// The history of runs is not what a listing of dataflows costs.
func TestDataflows_ReadsOneRecordEach(t *testing.T) {
	store := &countingStore{Store: NewMemoryStore()}
	l := New(store, Config{})
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	play(t, l, 20)
	store.calls.Store(0)
	names, err := l.Dataflows(t.Context())
	must(t, err)
	if strings.Join(names, " ") != "Customers" || store.calls.Load() != 2 {
		t.Errorf("%v with %d calls, want Customers with 2", names, store.calls.Load())
	}
}
