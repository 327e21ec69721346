package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func TestConfigure_RefusesPlacesThatDoNotGoTogether(t *testing.T) {
	const (
		bucket   = "workspace = \"s3://bucket/skypoint\"\n"
		postgres = "catalog = { type = \"postgres\", uri = \"postgres://me@localhost/db\" }\n"
		rest     = "catalog = { type = \"rest\", uri = \"https://catalog.example.com\" }\n"
		key      = "secrets_key = \"awskms:///arn:aws:kms:us-east-1:111122223333:key/1234\"\n"
	)
	p := newProtocol(t)
	t.Setenv("SKYPOINT_SECRETS_KEY", "")
	t.Setenv("SKYPOINT_WORKSPACE", "")
	for _, c := range []struct{ name, arguments, home, at, says string }{
		{"a bucket with everything", bucket + postgres + key, "/home/me", "", ""},
		{"a folder with a database", "workspace = \"/srv/skypoint\"\n" + postgres, "", "", ""},
		{"a folder with tables in a bucket", "workspace = \"/srv/skypoint\"\nwarehouse = \"s3://bucket/warehouse\"", "", "", ""},
		{"a bucket of Google's with tables in S3", "workspace = \"gs://bucket\"\nwarehouse = \"s3://bucket/warehouse\"\n" + postgres + key, "/home/me", "", ""},
		{"a bucket without a key", bucket + postgres, "/home/me", "secrets_key", "a workspace in a bucket needs one: a key beside the secrets that it seals would protect them from nobody. Set secrets_key or SKYPOINT_SECRETS_KEY to one of: base64key://"},
		{"a bucket with SQLite", bucket + key, "/home/me", "catalog", `Set catalog = { type = "postgres", uri = "postgres://USER@HOST:PORT/DATABASE" }, { type = "rest", uri = "https://HOST/PATH" } or { type = "glue" }.`},
		{"a Glue catalog with tables in a folder", "workspace = \"/srv/skypoint\"\ncatalog = { type = \"glue\" }", "/home/me", "warehouse", "Set warehouse to s3://BUCKET/PREFIX."},
		{"a Glue catalog with tables in S3", "workspace = \"/srv/skypoint\"\nwarehouse = \"s3://bucket/lake\"\ncatalog = { type = \"glue\" }", "/home/me", "", ""},
		{"a bucket with a Glue catalog", bucket + key + "catalog = { type = \"glue\" }", "/home/me", "", ""},
		{"a bucket with a REST catalog", bucket + rest + key, "/home/me", "", ""},
		{"a bucket of Google's without a warehouse", "workspace = \"gs://bucket/skypoint\"\n" + postgres + key, "/home/me", "warehouse", "Set warehouse to s3://BUCKET/PREFIX."},
		{"a bucket of Azure's without a warehouse", "workspace = \"azblob://bucket/skypoint\"\n" + postgres + key, "/home/me", "warehouse", "Set warehouse to s3://BUCKET/PREFIX."},
		{"a bucket in which readers would not find the tables", "workspace = \"s3://bucket/my team\"\n" + postgres + key, "/home/me", "warehouse", "Set warehouse to s3://BUCKET/PREFIX"},
		{"a bucket with a profile", "workspace = \"s3://bucket/skypoint?profile=team\"\n" + postgres + key, "/home/me", "workspace", "Set the environment variable AWS_PROFILE in its place"},
		{"a bucket with a profile, and tables elsewhere", "workspace = \"s3://bucket/skypoint?profile=team\"\nwarehouse = \"s3://lake/team\"\n" + postgres + key, "/home/me", "", ""},
		{"a bucket where there is no cache", bucket + postgres + key, "", "scratch", "Set scratch to a folder on a disk of this machine."},
		{"a bucket where there is no cache, with a scratch folder", bucket + postgres + key + `scratch = "/mnt/disk"`, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HOME", c.home)
			t.Setenv("XDG_CACHE_HOME", "")
			t.Setenv("LocalAppData", c.home)
			response, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.11.0", Config: p.config(t, "provider", c.arguments, nil)})
			if err != nil {
				t.Fatal(err)
			}
			if c.says == "" {
				for _, d := range response.Diagnostics {
					t.Errorf("%s: %s", hclPath(d.Attribute), d.Detail)
				}
				return
			}
			if len(response.Diagnostics) != 1 || hclPath(response.Diagnostics[0].Attribute) != c.at || !strings.Contains(spaced(response.Diagnostics[0].Detail), c.says) {
				t.Errorf("it says %v, want at %s: %s", response.Diagnostics, c.at, c.says)
			}
		})
	}
}

func TestConfigure_WarnsOnceOfAFolderThatGoesWithTheMachine(t *testing.T) {
	p := newProtocol(t)
	t.Setenv("SKYPOINT_SECRETS_KEY", "")
	t.Setenv("SKYPOINT_WORKSPACE", "")
	for _, c := range []struct {
		name, arguments string
		env             map[string]string
		says            string
	}{
		{"GitHub, the default", "", map[string]string{"GITHUB_RUN_ID": "7"}, "GitHub Actions runs this job, and its workspace is the folder "},
		{"HCP Terraform, a folder of the root module's", `workspace = "records"`, map[string]string{"TFC_RUN_ID": "run-1"}, "HCP Terraform runs this job, and its workspace is the folder "},
		{"GitHub, a folder elsewhere", `workspace = "/mnt/records"`, map[string]string{"GITHUB_RUN_ID": "7"}, ""},
		{"GitHub, a bucket", "workspace = \"s3://bucket\"\nscratch = \"/mnt/disk\"\ncatalog = { type = \"postgres\", uri = \"postgres://me@localhost/db\" }\nsecrets_key = \"awskms:///arn:aws:kms:us-east-1:111122223333:key/1\"", map[string]string{"GITHUB_RUN_ID": "7"}, ""},
		{"a person's machine", "", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{"TFC_RUN_ID", "GITHUB_RUN_ID", "GITLAB_CI", "TF_BUILD", "CIRCLECI", "BUILDKITE", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL"} {
				t.Setenv(name, c.env[name])
			}
			response, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.11.0", Config: p.config(t, "provider", c.arguments, nil)})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, d := range response.Diagnostics {
				said = append(said, fmt.Sprintf("%s %s: %s", d.Severity, hclPath(d.Attribute), spaced(d.Detail)))
			}
			switch {
			case c.says == "" && len(said) > 0, c.says != "" && len(said) != 1:
				t.Errorf("it says %q", said)
			case c.says != "" && (!strings.HasPrefix(said[0], "WARNING workspace: "+c.says) || !strings.Contains(said[0], "Set workspace to a bucket (s3://BUCKET/PREFIX?region=REGION), with a secrets_key and a postgres catalog")):
				t.Error(said[0])
			}
		})
	}
}

// The tables are reached where the workspace's bucket is, unless the catalog says where.
func TestTeam_AWarehouseInTheWorkspacesBucketIsReachedAsTheWorkspaceIs(t *testing.T) {
	w := newTeamWorld(t, 3)
	c := newCore(t, w, allTables) // its properties have keys alone
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	if keys := w.team.keys(".metadata.json"); len(keys) == 0 || !strings.HasPrefix(keys[0], "skypoint/warehouse/customers/") {
		t.Errorf("the tables are not in the workspace's bucket: %q", keys)
	}
	if made, err := filepath.Glob(filepath.Join(c.workspace, "*")); err != nil || len(made) > 0 {
		t.Errorf("on this machine lies %q: %v", made, err)
	}
}
