package provider

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

// EngineFor gives an engine over a workspace, put together as the provider does it.
func EngineFor(t *testing.T, workspace string) *engine.Engine {
	t.Helper()
	e, err := OpenEngine(context.Background(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// EngineWithClock is EngineFor with another clock.
func EngineWithClock(t *testing.T, workspace string, now func() time.Time) *engine.Engine {
	t.Helper()
	s := servicesOf(workspace)
	s.now = now
	e, err := s.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// OpenEngine is EngineFor where there is no test.
func OpenEngine(ctx context.Context, workspace string) (*engine.Engine, error) {
	return servicesOf(workspace).engine(ctx)
}

func servicesOf(workspace string) *services { return FolderHome(workspace).services() }

// Home is where a provider keeps things, put together as it does.
type Home struct{ places places }

// FolderHome is a folder with everything in its default place.
func FolderHome(workspace string) Home {
	return Home{places{
		workspace: workspace, warehouse: filepath.Join(workspace, "warehouse"), scratch: workspace,
		catalog: lakehouse.CatalogConfig{URI: filepath.Join(workspace, "catalog.db")},
	}}
}

// RESTHome is a folder with a REST catalog.
func RESTHome(workspace, uri string) Home {
	home := FolderHome(workspace)
	home.places.catalog = lakehouse.CatalogConfig{Type: lakehouse.CatalogREST, URI: uri}
	return home
}

// TeamHome is a bucket of S3 and a PostgreSQL database.
func TeamHome(workspace, scratch, secretsKey, catalogURI string, properties map[string]string) Home {
	return Home{places{
		workspace: workspace, warehouse: strings.Split(workspace, "?")[0] + "/warehouse", scratch: scratch, secretsKey: secretsKey,
		catalog: lakehouse.CatalogConfig{Type: lakehouse.CatalogPostgres, URI: catalogURI, Properties: properties},
	}}
}

func (h Home) services() *services {
	s := newServices(allConnectorTypes("test"))
	s.places = h.places
	return s
}

// Engine opens an engine there; self: the process that owns its runs, this one where it is zero.
func (h Home) Engine(ctx context.Context, self dataflow.Process) (*engine.Engine, error) {
	s := h.services()
	s.self = self
	return s.engine(ctx)
}

// Ledger opens the records there.
func (h Home) Ledger(ctx context.Context) (*ledger.Ledger, error) { return h.services().ledger(ctx) }

// Lakehouse opens the tables there.
func (h Home) Lakehouse(ctx context.Context) (*lakehouse.Lakehouse, error) {
	return h.services().lakehouse(ctx)
}

// variant is the provider with resources of its own.
type variant struct {
	skypointProvider
	resources []func() resource.Resource
}

func (v *variant) Resources(context.Context) []func() resource.Resource { return v.resources }

// Variants are providers for tests, by their names.
var Variants = map[string]func() provider.Provider{
	"renamed": func() provider.Provider {
		types := allConnectorTypes("test")
		return &variant{skypointProvider: skypointProvider{types: types}, resources: []func() resource.Resource{types[0].resource, func() resource.Resource {
			return &renamedDataflow{dataflowResource{resourceObject: resourceObject{configured{types: types}}}}
		}}}
	},
	"panics": func() provider.Provider {
		return New("test", func(p *skypointProvider) { p.types[0].ConnectorType = panickingType{p.types[0].ConnectorType} })()
	},
	"with folders": func() provider.Provider {
		return New("test", func(p *skypointProvider) { p.types = append(p.types, folderConnectorType()) })()
	},
	"read at once": func() provider.Provider {
		types := allConnectorTypes("test")
		return &variant{skypointProvider: skypointProvider{types: types}, resources: []func() resource.Resource{
			func() resource.Resource { return &connectorAtOnce{} }, func() resource.Resource {
				return &dataflowAtOnce{dataflowResource{resourceObject: resourceObject{configured{types: types}}}}
			},
		}}
	},
}

// renamedDataflow is the dataflow as it would be if its connector_id had been called source_id.
type renamedDataflow struct{ dataflowResource }

func (r *renamedDataflow) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	r.dataflowResource.Schema(ctx, req, resp)
	resp.Schema.Version = 1
}

func (*renamedDataflow) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgraders([]stateChange{renamed("source_id", "connector_id")})
}

// panickingType opens sources that panic.
type panickingType struct{ dataflow.ConnectorType }

func (t panickingType) Open(ctx context.Context, c dataflow.Connector, secret func(context.Context) (string, error)) (dataflow.Source, error) {
	source, err := t.ConnectorType.Open(ctx, c, secret)
	if err != nil {
		return nil, err
	}
	opened, err := secret(ctx)
	return panicking{source, opened}, err
}

// panicking is a source whose reading panics with the secret of its connector.
type panicking struct {
	dataflow.Source
	secret string
}

func (p panicking) Scan(context.Context, string, dataflow.Schema, dataflow.Sink) (dataflow.ScanReport, error) {
	panic(p.secret)
}

// connectorAtOnce and dataflowAtOnce read nothing: the framework has the state ready as it was.
type connectorAtOnce struct{ cognitoConnectorResource }

func (*connectorAtOnce) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readAtOnce(ctx, req, resp)
}

type dataflowAtOnce struct{ dataflowResource }

func (*dataflowAtOnce) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readAtOnce(ctx, req, resp)
}

// readAtOnce gives the identity, which a CLI without identities has not kept.
func readAtOnce(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
}
