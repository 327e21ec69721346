package ledger

import (
	"encoding/json"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func connectorOf(name string) dataflow.Connector {
	return dataflow.Connector{
		Type: "AWS Cognito", Name: name, UID: "uid of " + name, DisplayName: new("a <b> & c"),
		Settings: json.RawMessage(`{"access_key_id":"AKIAEXAMPLE","assume_role":{"role_arn":"arn:aws:iam::123456789012:role/skypoint"},"max_requests_per_second":20}`),
		Check: dataflow.ConnectionCheck{
			Source:          json.RawMessage(`{"estimated_users":700}`),
			AvailableTables: []dataflow.AvailableTable{{Key: "users", FileName: "Users", Readable: true}},
		},
		CreatedAt: noon, UpdatedAt: noon,
	}
}

func wantSecret(t *testing.T, l *Ledger, connector, want string) {
	t.Helper()
	got, err := l.ConnectorSecret(t.Context(), connector)
	must(t, err)
	if got != want {
		t.Errorf("the secret of %s is %q, want %q", connector, got, want)
	}
}

func TestConnector_ComesBackAsItWasWritten(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")))
	got, err := l.Connector(t.Context(), "App")
	must(t, err)
	wantEqual(t, got, connectorOf("App"))
	wantSecret(t, l, "App", "s3cret")
}

func TestCreateConnector_RefusesANameThatIsTakenInAnyCase(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")))
	wantError(t, l.CreateConnector(t.Context(), connectorOf("App"), new("other")), dataflow.CodeExists, `connector "App": create: `)
	wantError(t, l.CreateConnector(t.Context(), connectorOf("aPP"), nil), dataflow.CodeExists,
		`connector "aPP" differs only in case from the existing connector "App"`)
	wantSecret(t, l, "App", "s3cret")
}

func TestPutConnector_KeepsReplacesOrTakesAwayTheSecret(t *testing.T) {
	l, _ := openTemp(t)
	wantCode(t, l.PutConnector(t.Context(), connectorOf("App"), nil), dataflow.CodeNotFound)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("first")))

	changed := connectorOf("App")
	changed.DisplayName = new("App users")
	must(t, l.PutConnector(t.Context(), changed, nil))
	got, err := l.Connector(t.Context(), "App")
	must(t, err)
	wantEqual(t, got, changed)
	wantSecret(t, l, "App", "first")

	must(t, l.PutConnector(t.Context(), changed, new("second")))
	wantSecret(t, l, "App", "second")

	must(t, l.PutConnector(t.Context(), changed, new("")))
	_, err = l.ConnectorSecret(t.Context(), "App")
	wantError(t, err, dataflow.CodeNotFound, `connector "App": open secret: the connector has no secret. Set secret_access_key_wo`)
}

func TestConnector_TheWrongCaseReachesNothing(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")))
	const says = `connector "app" differs only in case from the existing connector "App"`
	_, err := l.ConnectorSecret(t.Context(), "app")
	wantError(t, err, dataflow.CodeInvalid, says)
	wantError(t, l.PutConnector(t.Context(), connectorOf("app"), nil), dataflow.CodeInvalid, says)
	wantError(t, l.DeleteConnector(t.Context(), "app"), dataflow.CodeInvalid, says)
	wantSecret(t, l, "App", "s3cret")
}

func TestDeleteConnector_TakesItsSecretAlong(t *testing.T) {
	l, workspace := openTemp(t)
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new("s3cret")))
	must(t, l.DeleteConnector(t.Context(), "App"))
	wantCode(t, l.DeleteConnector(t.Context(), "App"), dataflow.CodeNotFound)
	_, err := l.ConnectorSecret(t.Context(), "App")
	wantCode(t, err, dataflow.CodeNotFound)
	wantList(t, openFolder(t, workspace), "connectors")
	must(t, l.CreateConnector(t.Context(), connectorOf("app"), nil)) // the name is free, in whatever case
}

func TestDeleteConnector_LeavesARecordThatItDoesNotUnderstand(t *testing.T) {
	l, store := inMemory()
	must(t, store.Create(t.Context(), "connectors/app.json", []byte(`{"format":3}`)))
	wantCode(t, l.DeleteConnector(t.Context(), "App"), dataflow.CodeNewerFormat)
	wantList(t, store, "connectors", "app.json")
}

func TestConnector_OfTheFirstFormatIsReadAndIsWrittenInTheNewest(t *testing.T) {
	l, store := inMemory()
	must(t, store.Create(t.Context(), "connectors/app.json", []byte(`{"format":1,"type":"AWS Cognito","name":"App","uid":"u","display_name":null,"description":"Ours",
		"user_pool_id":"us-east-1_AbCdEf123","region":"us-east-1","access_key_id":null,"assume_role":{"role_arn":"arn:aws:iam::123456789012:role/r","external_id":null},
		"max_requests_per_second":20,"check":{"user_pool_name":"app","estimated_users":700,"available_tables":[{"key":"users","file_name":"Users","description":"","readable":true,"reason":""}]},
		"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z","sealed_secret":"c2VhbGVk"}`)))
	want := dataflow.Connector{
		Type: "AWS Cognito", Name: "App", UID: "u", Description: new("Ours"), CreatedAt: noon, UpdatedAt: noon,
		Settings: json.RawMessage(`{"access_key_id":null,"assume_role":{"role_arn":"arn:aws:iam::123456789012:role/r","external_id":null},"max_requests_per_second":20,"region":"us-east-1","user_pool_id":"us-east-1_AbCdEf123"}`),
		Check: dataflow.ConnectionCheck{
			Source:          json.RawMessage(`{"estimated_users":700,"user_pool_name":"app"}`),
			AvailableTables: []dataflow.AvailableTable{{Key: "users", FileName: "Users", Readable: true}},
		},
	}
	got, err := l.Connector(t.Context(), "App")
	must(t, err)
	wantEqual(t, got, want)
	must(t, l.PutConnector(t.Context(), got, nil))
	content, err := store.Read(t.Context(), "connectors/app.json")
	must(t, err)
	var written struct {
		Format       int             `json:"format"`
		Settings     json.RawMessage `json:"settings"`
		SealedSecret string          `json:"sealed_secret"`
	}
	must(t, json.Unmarshal(content, &written))
	if written.Format != 2 || len(written.Settings) == 0 || written.SealedSecret != "c2VhbGVk" {
		t.Errorf("written as %s", content)
	}
	got, err = l.Connector(t.Context(), "App")
	must(t, err)
	wantEqual(t, got, want)
}

func TestConnectors_GivesThemInTheOrderOfTheirNames(t *testing.T) {
	l, workspace := openTemp(t)
	for _, name := range []string{"shop", "App", "B2B", "app2"} {
		must(t, l.CreateConnector(t.Context(), connectorOf(name), nil))
	}
	must(t, openFolder(t, workspace).Create(t.Context(), "connectors/notes.txt", nil))
	got, err := l.Connectors(t.Context())
	must(t, err)
	wantEqual(t, got, []dataflow.Connector{connectorOf("App"), connectorOf("app2"), connectorOf("B2B"), connectorOf("shop")})
}
