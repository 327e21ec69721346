package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/s3test"
)

// team is a bucket and a PostgreSQL database of the demo's own. Both end with it.
type team struct {
	bucket   *httptest.Server
	database *postgrestest.Server
	uri      string // of the database
	key      string // the secrets key's URL
}

const teamBucket = "demo"

func startTeam() (*team, error) {
	database, err := postgrestest.New()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	t := &team{database: database}
	if t.uri, err = database.Create(); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	t.bucket = httptest.NewServer(s3test.New(teamBucket))
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	t.key = "base64key://" + base64.URLEncoding.EncodeToString(key)
	return t, nil
}

func (t *team) stop() error {
	t.bucket.Close()
	return t.database.Close()
}

// env gives what the CLI needs to reach both.
func (t *team) env() []string {
	return []string{
		"TF_VAR_workspace=s3://" + teamBucket + "/skypoint?region=us-east-1&use_path_style=true&endpoint=" + t.bucket.URL,
		"TF_VAR_secrets_key=" + t.key, "TF_VAR_catalog_uri=" + t.uri,
		"AWS_ACCESS_KEY_ID=AKIADEMO", "AWS_SECRET_ACCESS_KEY=any",
	}
}

// layOver puts the team's provider block in place of the example's own.
func layOver(dir, example string) error {
	path := filepath.Join(dir, "main.tf")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const block = "provider \"skypoint\" {}\n"
	if strings.Count(string(content), block) != 1 {
		return fmt.Errorf("%s has no empty provider block", path)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), block, "", 1)), 0o600); err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS(example))
}

// whereTheTeamLooks says what a person would do with a bucket and a database that stay.
func whereTheTeamLooks(dir string) string {
	return fmt.Sprintf(`
The tables are in the bucket, under s3://%s/skypoint/warehouse, and the catalog is in PostgreSQL: every machine that has the two applies and reads the same.
Both have ended with this demo. On ones that stay, with Python (pip install "pyiceberg[sql-postgres,pyarrow]"):

  from pyiceberg.catalog import load_catalog
  catalog = load_catalog("skypoint", type="sql", uri="postgresql+psycopg2://USER:PASSWORD@HOST:PORT/DATABASE", **{"s3.region": "REGION"})
  print(catalog.load_table("customers.users").scan().to_arrow())

On this machine are the configuration and the state alone:  %s
To clean up:  make demo-clean
`, teamBucket, dir)
}
