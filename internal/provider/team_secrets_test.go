package provider_test

import (
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

// The password of the database, the keys of the bucket and the key that seals secrets are in no state, plan, log, message, object or row.
func TestTeam_SecretsAreInNoStatePlanLogBucketOrDatabase(t *testing.T) {
	w := newTeamWorld(t, 20)
	const variables = `
variable "catalog_uri" {
  type      = string
  ephemeral = true
}
variable "secrets_key" {
  type      = string
  ephemeral = true
}
variable "bucket_secret" {
  type      = string
  ephemeral = true
}
variable "build" { type = string }
variable "secret" {
  type      = string
  ephemeral = true
}
`
	config := requires + variables + w.dataflow("tables = { users = {} }\nrefresh_triggers = { build = var.build }")
	for text, variable := range map[string]string{w.team.catalogURI: "catalog_uri", teamSecretsKey: "secrets_key", teamSecret: "bucket_secret", testSecret: "secret"} {
		if strings.Count(config, `"`+text+`"`) != 1 {
			t.Fatalf("the configuration has %s not once", variable)
		}
		config = strings.Replace(config, `"`+text+`"`, "var."+variable, 1)
	}
	r := newRoot(t, config)
	r.env["TF_VAR_catalog_uri"], r.env["TF_VAR_secrets_key"], r.env["TF_VAR_bucket_secret"], r.env["TF_VAR_secret"] = w.team.catalogURI, teamSecretsKey, teamSecret, testSecret
	r.env["TF_VAR_build"] = "1"
	r.succeed("plan", "-out=first.tfplan")
	shown := r.succeed("show", "-json", "first.tfplan")
	r.succeed("apply", "first.tfplan")
	r.env["TF_VAR_build"] = "2"
	for name, wrong := range map[string]string{
		"catalog_uri": strings.Replace(w.team.catalogURI, "correct", "wrong", 1), "bucket_secret": "", "secrets_key": "base64key://c2hvcnQ=",
	} {
		right := r.env["TF_VAR_"+name]
		r.env["TF_VAR_"+name] = wrong
		if code, out := r.run("apply", "-auto-approve"); code == 0 {
			t.Errorf("with a wrong %s the apply ended well:\n%s", name, out)
		}
		r.env["TF_VAR_"+name] = right
	}
	r.succeed("apply", "-auto-approve")
	r.succeed("show", "-json")

	files := r.files()
	files["the plan as JSON"] = []byte(shown)
	for _, key := range w.team.bucket.Keys(teamBucket) {
		files["s3://"+key] = w.team.bucket.Content(teamBucket, key)
	}
	rows, err := w.catalog().QueryContext(t.Context(), "SELECT metadata_location FROM iceberg_tables UNION ALL SELECT property_value FROM iceberg_namespace_properties")
	w.must(err)
	defer func() { w.must(rows.Close()) }()
	for rows.Next() {
		var text string
		w.must(rows.Scan(&text))
		files["a row of the catalog"] = append(append(files["a row of the catalog"], text...), '\n')
	}
	w.must(rows.Err())
	if len(files["a row of the catalog"]) == 0 || len(w.team.keys("finished.json")) != 2 {
		t.Fatal("there is nothing to look into")
	}
	r.noSecrets(files, map[string]string{
		"the database's password": postgrestest.Password, "the bucket's secret": teamSecret,
		"the secrets key": strings.TrimRight(strings.TrimPrefix(teamSecretsKey, "base64key://"), "="), "the connector's secret": testSecret,
	})
}
