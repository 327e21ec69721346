package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/reportpage"
)

const (
	defaultWorkspace = ".skypoint"
	workspaceEnv     = "SKYPOINT_WORKSPACE"
	secretsKeyEnv    = "SKYPOINT_SECRETS_KEY"

	catalogTokenEnv      = "SKYPOINT_CATALOG_TOKEN"      // of a rest catalog
	catalogCredentialEnv = "SKYPOINT_CATALOG_CREDENTIAL" // the same
)

var (
	_ provider.Provider                       = (*skypointProvider)(nil)
	_ provider.ProviderWithListResources      = (*skypointProvider)(nil)
	_ provider.ProviderWithActions            = (*skypointProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*skypointProvider)(nil)
	_ provider.ProviderWithFunctions          = (*skypointProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*skypointProvider)(nil)
)

type skypointProvider struct {
	version     string
	types       connectorTypes
	resumeAfter time.Duration // of the engine; 0: its own
	lease       time.Duration // the same
}

// Option is something that a build of the provider does otherwise.
type Option func(*skypointProvider)

// WithResumeAfter lets an import go on where a failed one ended that had read for so long; without it: for five minutes.
func WithResumeAfter(read time.Duration) Option {
	return func(p *skypointProvider) { p.resumeAfter = read }
}

// WithLease takes an owner on another host for dead when its heart has not beaten for so long; without it: for a minute. Everybody who shares a workspace must have the same.
func WithLease(lease time.Duration) Option {
	return func(p *skypointProvider) { p.lease = lease }
}

// New gives the constructor of the provider for a build of this version.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &skypointProvider{version: version, types: allConnectorTypes(version)}
		for _, option := range options {
			option(p)
		}
		return p
	}
}

type providerModel struct {
	Workspace  types.String `tfsdk:"workspace"`
	Warehouse  types.String `tfsdk:"warehouse"`
	Scratch    types.String `tfsdk:"scratch"`
	SecretsKey types.String `tfsdk:"secrets_key"`
	Catalog    types.Object `tfsdk:"catalog"`
	Report     types.Bool   `tfsdk:"report"`
}

type catalogModel struct {
	Type       types.String `tfsdk:"type"`
	URI        types.String `tfsdk:"uri"`
	Properties types.Map    `tfsdk:"properties"`
}

func (p *skypointProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "skypoint"
	resp.Version = p.version
}

func (p *skypointProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Imports AWS Cognito user pools into open Apache Iceberg tables. An engine inside the provider does the work: " +
			"there is no service to operate. Everything is optional: without any setting, records and tables live in the folder `.skypoint` beside the root module.",
		Attributes: map[string]schema.Attribute{
			"workspace": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Where the records are (connectors, dataflows, run history): the path of a folder, from the root module, or the URL of a bucket that several machines share: " +
					"`s3://BUCKET/PREFIX?region=REGION`, `gs://BUCKET/PREFIX` or `azblob://CONTAINER/PREFIX`, with the [parameters](https://gocloud.dev/howto/blob/) of the service. " +
					"To a bucket it signs in as the service's own tools do. A bucket needs a `secrets_key`, and a `catalog` that is not in a folder. " +
					"Default: `" + defaultWorkspace + "`, or the environment variable `" + workspaceEnv + "`. Changing it points at other records: nothing is moved.",
				Validators: []validator.String{workspacePlace()},
			},
			"warehouse": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Where the tables' files are: the path of a folder, from the root module, or `s3://BUCKET/PREFIX`, reached as `catalog.properties` says. Default: `warehouse` in the workspace. " +
					"Changing it holds for tables made from then on; the ones that exist stay where they are.",
				Validators: []validator.String{warehousePlace()},
			},
			"scratch": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The folder on this machine for what is only needed while a run works: rows on their way, and what a failed import has read. It may become as large as a table. " +
					"Default: a folder workspace itself; with a bucket, the user's cache folder.",
				Validators: []validator.String{localFolder("scratch folder")},
			},
			"secrets_key": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "The key that seals connectors' secrets in the workspace: `awskms:///ARN?region=REGION`, `gcpkms://projects/…/cryptoKeys/KEY`, `azurekeyvault://VAULT.vault.azure.net/keys/KEY`, " +
					"`hashivault://KEY` (Vault's transit engine) or `base64key://` with 32 bytes in URL-safe base64, as [gocloud.dev](https://gocloud.dev/howto/secrets/) has them. Required with a workspace in a bucket. " +
					"Default: the environment variable `" + secretsKeyEnv + "`, else a key file that a folder workspace makes for itself (`key`, mode 0600).",
				Validators: []validator.String{secretsKeyURL()},
			},
			"report": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether every run brings the page `" + reportpage.PagePath + "` in the workspace up to date: dataflows, run history and tables for people who do not use Terraform, without a row and without a secret. " +
					"A page that can't be written is a note in the run's description. Default: `true`.",
			},
			"catalog": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "The Iceberg catalog that the tables are in, which readers open. Default: a SQLite file in the workspace (`catalog.db`). " +
					"It can't be changed under a dataflow that has tables.",
				Attributes: map[string]schema.Attribute{
					"type": schema.StringAttribute{
						Required: true,
						MarkdownDescription: "`sqlite`: a file in the workspace, for processes on one machine. `postgres`: a PostgreSQL database, which machines share, " +
							"in the layout of Iceberg's SQL (JDBC) catalog under the catalog name `skypoint`. `rest`: any catalog that speaks Iceberg's REST protocol; " +
							"a run's tables change there in one transaction, where its server has such. `glue`: the AWS Glue Data Catalog, which Athena and EMR read; it needs a `warehouse` in S3.",
						Validators: []validator.String{stringvalidator.OneOf(lakehouse.CatalogTypes()...)},
					},
					"uri": schema.StringAttribute{
						Optional: true, Sensitive: true,
						MarkdownDescription: "The address of a `rest` catalog: `https://HOST/PATH`, without `/v1` at its end. Or the address of a `postgres` catalog: `postgres://USER@HOST:PORT/DATABASE`, with `?sslmode=verify-full` where the server has a certificate. " +
							"The password comes from the environment variable `PGPASSWORD` or from the address. What the address leaves out comes from PostgreSQL's other " +
							"[environment variables](https://www.postgresql.org/docs/current/libpq-envars.html). Not with `sqlite` and `glue`.",
						Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
					},
					"properties": schema.MapAttribute{
						Optional: true, Sensitive: true, ElementType: types.StringType, Validators: []validator.Map{mapvalidator.NoNullValues()},
						MarkdownDescription: "Of a `rest` catalog, who signs in to it, by [Iceberg's names](https://py.iceberg.apache.org/configuration/#rest-catalog): `token` (or the environment variable `" + catalogTokenEnv + "`), " +
							"or `credential` (`CLIENT_ID:CLIENT_SECRET`, or `" + catalogCredentialEnv + "`) with `oauth2-server-uri`, `scope`, `audience`, `resource`; or `rest.sigv4-enabled` with `rest.signing-region` and `rest.signing-name`, " +
							"signed as the AWS CLI would. `warehouse` is the catalog's own name on its server, `prefix` a part of its addresses, and `header.NAME` is sent along.\n\n" +
							"Of a `glue` catalog, how Glue is reached: `glue.region`, `glue.id` (the account, if it is another one), `glue.access-key-id`, `glue.secret-access-key`, `glue.session-token`, `glue.endpoint`, `glue.skip-archive`.\n\n" +
							"Of every catalog, how tables in a bucket are reached, by [Iceberg's names](https://py.iceberg.apache.org/configuration/#s3): `s3.endpoint`, `s3.region`, `s3.access-key-id`, `s3.secret-access-key`, " +
							"`s3.session-token`, `s3.force-virtual-addressing`, `s3.connect-timeout`, `s3.proxy-uri`. What is left out comes from the environment, as the AWS CLI has it: " +
							"never from a connector. For a warehouse in the workspace's own bucket, endpoint and region are the workspace's.",
					},
				},
			},
		},
	}
}

func (p *skypointProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := newServices(p.types)
	s.resumeAfter, s.lease = p.resumeAfter, p.lease
	// What is unknown now is known at apply: nothing is opened before somebody needs it.
	if s.unknownSettings = model.unknown(ctx, &resp.Diagnostics); len(s.unknownSettings) > 0 {
		s.unknown = true
	} else {
		s.places = model.places(ctx, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = s
	resp.DataSourceData = s
	resp.ListResourceData = s
	resp.EphemeralResourceData = s
	resp.ActionData = s
}

// ValidateConfig checks what the catalog's type needs.
func (p *skypointProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	catalog, known := model.catalog(ctx, &resp.Diagnostics)
	if !known || resp.Diagnostics.HasError() {
		return
	}
	at := path.Root("catalog")
	address := map[string]string{lakehouse.CatalogPostgres: "postgres://USER@HOST:PORT/DATABASE", lakehouse.CatalogREST: "https://HOST/PATH"}[catalog.Type]
	switch {
	case address != "" && catalog.URI == "":
		resp.Diagnostics.AddAttributeError(at.AtName("uri"), "Missing address", fmt.Sprintf("A %s catalog needs its address: set catalog.uri to %s.", catalog.Type, address))
	case address != "":
		if err := catalog.Check(); err != nil {
			report(&resp.Diagnostics, "Invalid value", err, blame{dataflow.CodeInvalid: at.AtName("uri")})
		}
	case catalog.URI != "" && catalog.Type == lakehouse.CatalogGlue:
		resp.Diagnostics.AddAttributeError(at.AtName("uri"), "Invalid value", "A glue catalog is that of the account and the Region: leave catalog.uri out, and set glue.region in catalog.properties.")
	case catalog.URI != "":
		resp.Diagnostics.AddAttributeError(at.AtName("uri"), "Invalid value", "A sqlite catalog is the file catalog.db in the workspace: leave catalog.uri out.")
	}
	if err := catalog.CheckProperties(); err != nil {
		report(&resp.Diagnostics, "Invalid value", err, blame{dataflow.CodeInvalid: at.AtName("properties")})
	}
}

func (p *skypointProvider) Resources(context.Context) []func() resource.Resource {
	var all []func() resource.Resource
	for _, t := range p.types {
		all = append(all, t.resource)
	}
	return append(all, with(p.types, newDataflowResource), newDataflowRunResource)
}

// EphemeralResources give what is in no plan and in no state.
func (p *skypointProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{with(p.types, newTableRowsEphemeral)}
}

// Actions are an extra of Terraform 1.14 and newer.
func (p *skypointProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newDataflowRunAction, newDataflowRollbackAction}
}

// ListResources are an extra of Terraform 1.14 and newer.
func (p *skypointProvider) ListResources(context.Context) []func() list.ListResource {
	var all []func() list.ListResource
	for _, t := range p.types {
		if t.listResource != nil {
			all = append(all, t.listResource)
		}
	}
	return append(all, with(p.types, newDataflowListResource))
}

func (p *skypointProvider) DataSources(context.Context) []func() datasource.DataSource {
	all := []func() datasource.DataSource{
		with(p.types, newConnectorTypesDataSource),
		newDataflowDataSource, with(p.types, newDataflowsDataSource), newDataflowRunsDataSource,
		newTablesDataSource, with(p.types, newTableDataSource), with(p.types, newTableRowsDataSource),
	}
	for _, t := range p.types {
		all = append(all, t.dataSources...)
	}
	return all
}

// Functions are pure: they read neither the workspace nor AWS.
func (p *skypointProvider) Functions(context.Context) []func() function.Function {
	all := []func() function.Function{newDataflowNameFunction}
	for _, t := range p.types {
		all = append(all, t.functions...)
	}
	return all
}

// with gives the constructor of an object that knows the connector types.
func with[Object any](types connectorTypes, construct func(connectorTypes) Object) func() Object {
	return func() Object { return construct(types) }
}
