package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/starter"
)

// places are where a configured provider keeps things: from HCL, else from the environment, else the defaults.
type places struct {
	workspace  string // the absolute path of a folder, or the URL of a bucket
	warehouse  string // the same
	scratch    string // the absolute path of a folder
	catalog    lakehouse.CatalogConfig
	secretsKey string // a URL; empty: the workspace makes its own
	noReport   bool   // runs leave no page
}

// unknown gives the settings that are known only after apply, in order.
func (m providerModel) unknown(ctx context.Context, diags *diag.Diagnostics) []string {
	var unknown []string
	if _, known := m.catalog(ctx, diags); !known {
		unknown = append(unknown, "catalog")
	}
	if m.Report.IsUnknown() {
		unknown = append(unknown, "report")
	}
	for _, setting := range []struct {
		name  string
		value types.String
	}{{"scratch", m.Scratch}, {"secrets_key", m.SecretsKey}, {"warehouse", m.Warehouse}, {"workspace", m.Workspace}} {
		if setting.value.IsUnknown() {
			unknown = append(unknown, setting.name)
		}
	}
	return unknown
}

// catalog gives what is configured, and whether all of it is known.
func (m providerModel) catalog(ctx context.Context, diags *diag.Diagnostics) (lakehouse.CatalogConfig, bool) {
	if m.Catalog.IsNull() || m.Catalog.IsUnknown() {
		return lakehouse.CatalogConfig{}, m.Catalog.IsNull()
	}
	var c catalogModel
	diags.Append(m.Catalog.As(ctx, &c, basetypes.ObjectAsOptions{})...)
	config := lakehouse.CatalogConfig{Type: c.Type.ValueString(), URI: c.URI.ValueString(), Properties: map[string]string{}}
	known := !c.Type.IsUnknown() && !c.URI.IsUnknown() && !c.Properties.IsUnknown()
	for name, value := range c.Properties.Elements() {
		text, ok := value.(types.String)
		if !ok || text.IsUnknown() {
			known = false
			continue
		}
		config.Properties[name] = text.ValueString()
	}
	return config, known
}

// places settles everything, and says at the argument that it is about what can't be.
func (m providerModel) places(ctx context.Context, diags *diag.Diagnostics) places {
	checkEnvironment(workspaceEnv, path.Root("workspace"), m.Workspace, workspacePlace(), diags)
	checkEnvironment(secretsKeyEnv, path.Root("secrets_key"), m.SecretsKey, secretsKeyURL(), diags)
	if diags.HasError() {
		return places{}
	}
	catalog, _ := m.catalog(ctx, diags)
	p := places{
		workspace:  place(diags, path.Root("workspace"), cmp.Or(m.Workspace.ValueString(), os.Getenv(workspaceEnv), defaultWorkspace)),
		secretsKey: cmp.Or(m.SecretsKey.ValueString(), os.Getenv(secretsKeyEnv)),
		catalog:    catalog,
	}
	inBucket := ledger.IsBucket(p.workspace)
	if err := ledger.CheckSecretsKey(p.workspace, p.secretsKey); err != nil {
		report(diags, "Missing secrets key", err, blame{dataflow.CodeSecretsKey: path.Root("secrets_key")})
	}
	switch {
	case p.catalog.Type == lakehouse.CatalogPostgres:
	case p.catalog.Type == lakehouse.CatalogREST:
		p.catalog.Properties = signInFromEnvironment(p.catalog.Properties)
		if err := p.catalog.CheckProperties(); err != nil {
			report(diags, "Invalid value", err, blame{dataflow.CodeInvalid: path.Root("catalog").AtName("properties")})
		}
	case p.catalog.Type == lakehouse.CatalogGlue:
	case inBucket:
		diags.AddAttributeError(path.Root("catalog"), "Missing catalog", "A workspace in a bucket is for several machines, and a sqlite catalog is a file on one of them. "+
			"Set catalog = { type = \"postgres\", uri = \"postgres://USER@HOST:PORT/DATABASE\" }, { type = \"rest\", uri = \"https://HOST/PATH\" } or { type = \"glue\" }.")
	default:
		p.catalog.URI = filepath.Join(p.workspace, "catalog.db")
	}
	switch {
	case !m.Warehouse.IsNull():
		p.warehouse = place(diags, path.Root("warehouse"), m.Warehouse.ValueString())
	case inBucket:
		p.defaultToBucket(diags)
	default:
		p.warehouse = filepath.Join(p.workspace, "warehouse")
	}
	if p.catalog.Type == lakehouse.CatalogGlue && !strings.HasPrefix(p.warehouse, "s3://") && !diags.HasError() {
		diags.AddAttributeError(path.Root("warehouse"), "Missing warehouse", "Who reads the Glue Data Catalog (Athena, EMR, Redshift) finds tables in S3 alone. Set warehouse to s3://BUCKET/PREFIX.")
	}
	if err := lakehouse.CheckWarehouse(p.warehouse); err != nil && !diags.HasError() {
		report(diags, "Readers would not find the tables", err, blame{dataflow.CodeInvalid: path.Root("warehouse")})
	}
	p.scratch = m.scratchFor(p.workspace, diags)
	p.noReport = m.Report.Equal(types.BoolValue(false))
	warnOfWorkspaceThatGoes(p.workspace, starter.Current().System, diags)
	return p
}

// signInFromEnvironment takes who signs in to a REST catalog from the environment where the properties don't say it.
func signInFromEnvironment(given map[string]string) map[string]string {
	properties := maps.Clone(given)
	if properties["token"] != "" || properties["credential"] != "" || strings.EqualFold(properties["rest.sigv4-enabled"], "true") {
		return properties
	}
	for property, name := range map[string]string{"token": catalogTokenEnv, "credential": catalogCredentialEnv} {
		if value := os.Getenv(name); value != "" {
			properties[property] = value
		}
	}
	return properties
}

// warnOfWorkspaceThatGoes says what is lost with a CI system's machine. A folder outside of the job's own is left alone: somebody has mounted it there.
func warnOfWorkspaceThatGoes(workspace, system string, diags *diag.Diagnostics) {
	job, err := os.Getwd()
	if err != nil || system == "" || ledger.IsBucket(workspace) {
		return
	}
	if within, err := filepath.Rel(job, workspace); err != nil || !filepath.IsLocal(within) {
		return
	}
	diags.AddAttributeWarning(path.Root("workspace"), "Workspace goes with the job's machine", fmt.Sprintf("%s runs this job, and its workspace is the folder %s. "+
		"Where the machine is thrown away after the job, so are the records, the key that seals the secrets and, by default, the tables: the next job finds a state without its workspace, and fails.\n\n"+
		"Set workspace to a bucket (s3://BUCKET/PREFIX?region=REGION), with a secrets_key and a postgres catalog, or to a folder outside of the job's that stays.", system, workspace))
}

// defaultToBucket puts the warehouse into the workspace's bucket, and reaches it there where the workspace is reached.
func (p *places) defaultToBucket(diags *diag.Diagnostics) {
	workspace, err := url.Parse(p.workspace)
	if err != nil || workspace.Scheme != "s3" {
		diags.AddAttributeError(path.Root("warehouse"), "Missing warehouse", "Tables can be in a folder or in a bucket of S3, and not beside this workspace. Set warehouse to s3://BUCKET/PREFIX.")
		return
	}
	if workspace.Query().Has("profile") {
		diags.AddAttributeError(path.Root("workspace"), "Profile holds for the records alone", "Tables in the workspace's bucket are reached with the environment's sign-in, not with a profile of the workspace's URL. "+
			"Set the environment variable AWS_PROFILE in its place, or give the tables a warehouse and catalog.properties of their own.")
		return
	}
	p.warehouse = "s3://" + strings.TrimSuffix(workspace.Host+workspace.Path, "/") + "/warehouse"
	properties := map[string]string{}
	for parameter, property := range map[string]string{"endpoint": "s3.endpoint", "region": "s3.region"} {
		if value := workspace.Query().Get(parameter); value != "" {
			properties[property] = value
		}
	}
	maps.Copy(properties, p.catalog.Properties)
	p.catalog.Properties = properties
}

// scratchFor gives the folder for a workspace's work: a folder workspace itself, or one of its own, so that the work of two workspaces does not mix.
func (m providerModel) scratchFor(workspace string, diags *diag.Diagnostics) string {
	folder := m.Scratch.ValueString()
	if folder == "" && !ledger.IsBucket(workspace) {
		return workspace
	}
	if folder == "" { // not the system's temporary folder, which may be memory
		cache, err := os.UserCacheDir()
		if err != nil {
			diags.AddAttributeError(path.Root("scratch"), "Missing scratch folder", "This user has no cache folder ("+err.Error()+"). Set scratch to a folder on a disk of this machine.")
			return ""
		}
		folder = filepath.Join(cache, "terraform-provider-skypoint")
	}
	digest := sha256.Sum256([]byte(workspace))
	return filepath.Join(place(diags, path.Root("scratch"), folder), hex.EncodeToString(digest[:8]))
}

// place gives a bucket's URL as it is, and a folder's path from the root.
func place(diags *diag.Diagnostics, at path.Path, where string) string {
	if ledger.IsBucket(where) {
		return where
	}
	abs, err := filepath.Abs(where)
	if err != nil {
		diags.AddAttributeError(at, "Unusable path", err.Error())
	}
	return abs
}

// checkEnvironment checks a value from the environment by the rule for the argument, unless HCL gives the argument. The value may be a
// secret and is not repeated.
func checkEnvironment(name string, at path.Path, given types.String, rule stringRule, diags *diag.Diagnostics) {
	value := os.Getenv(name)
	if value == "" || given.ValueString() != "" {
		return
	}
	if err := rule.check(value); err != nil {
		diags.AddAttributeError(at, "Invalid environment variable", fmt.Sprintf("%s: %s.", name, strings.TrimSuffix(err.Error(), ".")))
	}
}
