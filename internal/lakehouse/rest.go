package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"strings"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	restcatalog "github.com/apache/iceberg-go/catalog/rest"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// restCatalog is the Catalog behind Iceberg's REST protocol (https://iceberg.apache.org/rest-catalog-spec/): Polaris, Lakekeeper, Nessie, Unity Catalog, Glue's
// own endpoint and others.
//
// The server writes the metadata files and keeps the pointers. Its transactions change several tables at once. It drops a table by its name alone:
// see registrar for what follows from that.
type restCatalog struct {
	*restcatalog.Catalog
	restErrors
	warehouse  string
	properties map[string]string
}

var (
	_ Catalog                      = (*restCatalog)(nil)
	_ registrar                    = (*restCatalog)(nil)
	_ catalog.TransactionalCatalog = (*restCatalog)(nil)
)

// The properties of a REST catalog: https://py.iceberg.apache.org/configuration/#rest-catalog and
// https://iceberg.apache.org/docs/latest/configuration/#catalog-properties. One that begins with restHeader is sent as a header with every request.
const (
	restToken      = "token"
	restCredential = "credential"
	restAuthURI    = "oauth2-server-uri"
	restScope      = "scope"
	restAudience   = "audience"
	restResource   = "resource"
	restPrefix     = "prefix"
	restWarehouse  = "warehouse"
	restSigV4      = "rest.sigv4-enabled"
	restSigRegion  = "rest.signing-region"
	restSigName    = "rest.signing-name"
	restHeader     = "header."
)

var restProperties = []string{
	restToken, restCredential, restAuthURI, restScope, restAudience, restResource, restPrefix, restWarehouse, restSigV4, restSigRegion, restSigName,
}

// completeREST checks the address. What it says never holds it.
func completeREST(config CatalogConfig) (CatalogConfig, error) {
	at, err := url.Parse(config.URI)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return config, invalidCatalog("its uri is not the address of an Iceberg REST catalog",
			"Give catalog.uri as https://HOST/PATH, without /v1 at its end and without a user: who signs in is said in catalog.properties (token or credential), or in the environment.")
	}
	config.URI = strings.TrimSuffix(strings.TrimRight(config.URI, "/"), "/v1") // which the protocol adds itself
	return config, nil
}

// checkRESTProperties refuses ways to sign in that contradict each other. What it says never holds a value.
func checkRESTProperties(properties map[string]string) error {
	has := func(name string) bool { return properties[name] != "" }
	signed := strings.EqualFold(properties[restSigV4], "true")
	server, err := url.Parse(properties[restAuthURI])
	switch {
	case has(restToken) && has(restCredential):
		return invalidCatalog("it has a token and a credential", "Set one of token (a bearer token) and credential (CLIENT_ID:CLIENT_SECRET).")
	case has(restSigV4) && !signed && !strings.EqualFold(properties[restSigV4], "false"):
		return invalidCatalog("rest.sigv4-enabled is neither true nor false", "Set it to \"true\" where requests are signed with AWS credentials.")
	case signed && (has(restToken) || has(restCredential)):
		return invalidCatalog("its requests can't be signed with AWS credentials and bear a token", "Leave out token and credential, or rest.sigv4-enabled.")
	case signed && !has(restSigRegion):
		return invalidCatalog("requests that are signed need rest.signing-region", "Set rest.signing-region to the Region of the catalog, and rest.signing-name to its service: glue, s3tables or execute-api.")
	case has(restAuthURI) && (err != nil || server.Scheme != "https" && server.Scheme != "http" || server.Host == ""):
		return invalidCatalog("oauth2-server-uri is not an address", "Give it as https://HOST/PATH of the endpoint that hands out tokens.")
	}
	return nil
}

// openREST opens a catalog. It asks the server for its configuration at once, so that an address or a sign-in that does not work is known.
func openREST(ctx context.Context, from CatalogConfig, warehouse string) (Catalog, error) {
	c := &restCatalog{warehouse: warehouse, properties: from.Properties}
	transport := newRESTTransport()
	_, err := patiently(ctx, isTransientREST, func() (err error) {
		c.Catalog, err = restcatalog.NewCatalog(ctx, CatalogName, from.URI, restOptions(from.Properties, transport)...)
		return err
	})
	if err != nil {
		return nil, c.Explain("open", "catalog "+from.place(), err)
	}
	return c, nil
}

func restOptions(properties map[string]string, transport *restTransport) []restcatalog.Option {
	options := []restcatalog.Option{restcatalog.WithCustomTransport(transport)}
	others := iceberg.Properties{}
	maps.Copy(others, properties)
	for name, option := range map[string]func(string) restcatalog.Option{
		restToken: restcatalog.WithOAuthToken, restCredential: restcatalog.WithCredential, restScope: restcatalog.WithScope, restAudience: restcatalog.WithAudience,
		restResource: restcatalog.WithResource, restPrefix: restcatalog.WithPrefix, restWarehouse: restcatalog.WithWarehouseLocation,
	} {
		if value := properties[name]; value != "" {
			options = append(options, option(value))
		}
		delete(others, name)
	}
	if server, err := url.Parse(properties[restAuthURI]); err == nil && server.Host != "" {
		options = append(options, restcatalog.WithAuthURI(server))
	}
	if strings.EqualFold(properties[restSigV4], "true") {
		options = append(options, restcatalog.WithSigV4RegionSvc(properties[restSigRegion], properties[restSigName]))
	}
	for _, name := range []string{restAuthURI, restSigV4, restSigRegion, restSigName} {
		delete(others, name)
	}
	return append(options, restcatalog.WithAdditionalProps(others))
}

// placeOfREST names a catalog without who signs in to it. Several catalogs may be behind one address: their warehouses' names tell them apart.
func placeOfREST(config CatalogConfig) string {
	if name := config.Properties[restWarehouse]; name != "" {
		return config.URI + " (" + name + ")"
	}
	return config.URI
}

// Warehouse implements Catalog.
func (c *restCatalog) Warehouse() string { return c.warehouse }

// Folder implements Catalog.
func (*restCatalog) Folder() string { return "" }

// PrepareToWrite implements Catalog.
func (*restCatalog) PrepareToWrite(context.Context) error { return nil }

// Files implements Catalog.
func (c *restCatalog) Files(ctx context.Context, location string) (iceio.IO, error) {
	return iceio.LoadFS(ctx, c.properties, location)
}

// LoadTable implements Catalog.
func (c *restCatalog) LoadTable(ctx context.Context, ident table.Identifier) (tbl *table.Table, err error) {
	_, err = patiently(ctx, isTransientREST, func() error {
		tbl, err = c.Catalog.LoadTable(ctx, ident)
		return err
	})
	return tbl, err
}

// CommitTable implements Catalog. A commit whose answer is lost is made again: its requirements refuse it where it has happened, and whoever made it reads the table
// again then.
func (c *restCatalog) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (meta table.Metadata, where string, err error) {
	err = c.commit(ctx, func() error {
		meta, where, err = c.Catalog.CommitTable(ctx, ident, requirements, updates)
		return err
	})
	return meta, where, err
}

// CommitTransaction implements catalog.TransactionalCatalog, as CommitTable does.
func (c *restCatalog) CommitTransaction(ctx context.Context, commits []table.TableCommit) error {
	return c.commit(ctx, func() error { return c.Catalog.CommitTransaction(ctx, commits) })
}

// commit makes a commit, again and again while answers are lost. Once one was lost it is not known what has happened, whatever the next answer says.
func (c *restCatalog) commit(ctx context.Context, call func() error) error {
	unknown := false
	_, err := patiently(ctx, isTransientREST, func() error {
		err := call()
		unknown = unknown || err != nil && !isRefusal(err)
		return err
	})
	if err != nil && unknown {
		return fmt.Errorf("%w: %w", errCommitUnknown, err)
	}
	return err
}

// NewTable implements Catalog. The server may number the columns in its own way. A call whose answer is lost finds the table that it made.
func (c *restCatalog) NewTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (tbl *table.Table, err error) {
	_, err = patiently(ctx, isTransientREST, func() error {
		tbl, err = c.CreateTable(ctx, identifier(id), schema, catalog.WithLocation(location), catalog.WithProperties(properties))
		return err
	})
	return tbl, err
}

// DropEntry implements Catalog as well as the protocol lets it: a server drops by name, so between the look and the drop another process may put another table there.
func (c *restCatalog) DropEntry(ctx context.Context, id dataflow.TableID, metadataLocation string) (bool, error) {
	tbl, err := c.LoadTable(ctx, identifier(id))
	if isNoTable(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if tbl.MetadataLocation() != metadataLocation {
		return false, nil
	}
	calls, err := patiently(ctx, isTransientREST, func() error { return c.DropTable(ctx, identifier(id)) })
	if isNoTable(err) {
		return calls > 1, nil // its first answer was lost, or another process was faster
	}
	return err == nil, err
}

// Register implements registrar.
func (c *restCatalog) Register(ctx context.Context, id dataflow.TableID, metadataLocation string) error {
	_, err := patiently(ctx, isTransientREST, func() error {
		_, err := c.RegisterTable(ctx, identifier(id), metadataLocation)
		return err
	})
	return err
}

// Unregister implements registrar.
func (c *restCatalog) Unregister(ctx context.Context, id dataflow.TableID) error {
	_, err := c.LoadTable(ctx, identifier(id))
	if isNoTable(err) || err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = patiently(ctx, isTransientREST, func() error { return c.DropTable(ctx, identifier(id)) })
	if isNoTable(err) {
		return nil
	}
	return err
}

// lookups is how many tables are asked for at a time: the protocol has no question for many.
const lookups = 8

// MetadataLocations implements Catalog. The protocol gives a table's location with its metadata only.
func (c *restCatalog) MetadataLocations(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	var mu sync.Mutex
	where := map[dataflow.TableID]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookups)
	for _, id := range ids {
		group.Go(func() error {
			tbl, err := c.LoadTable(ctx, identifier(id))
			if isNoTable(err) || errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read where table %s is: %w", id, err)
			}
			mu.Lock()
			defer mu.Unlock()
			where[id] = tbl.MetadataLocation()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return where, nil
}

// CreateNamespace implements Catalog. One whose answer is lost is there already the next time.
func (c *restCatalog) CreateNamespace(ctx context.Context, name table.Identifier, properties iceberg.Properties) error {
	_, err := patiently(ctx, isTransientREST, func() error { return c.Catalog.CreateNamespace(ctx, name, properties) })
	return err
}

// LoadNamespaceProperties implements Catalog.
func (c *restCatalog) LoadNamespaceProperties(ctx context.Context, name table.Identifier) (properties iceberg.Properties, err error) {
	_, err = patiently(ctx, isTransientREST, func() error {
		properties, err = c.Catalog.LoadNamespaceProperties(ctx, name)
		return err
	})
	return properties, err
}

// ListNamespaces implements Catalog.
func (c *restCatalog) ListNamespaces(ctx context.Context, parent table.Identifier) (names []table.Identifier, err error) {
	_, err = patiently(ctx, isTransientREST, func() error {
		names, err = c.Catalog.ListNamespaces(ctx, parent)
		return err
	})
	return names, err
}

// ListTables implements Catalog.
func (c *restCatalog) ListTables(ctx context.Context, name table.Identifier) iter.Seq2[table.Identifier, error] {
	return func(yield func(table.Identifier, error) bool) {
		var all []table.Identifier
		_, err := patiently(ctx, isTransientREST, func() error {
			all = nil
			for ident, err := range c.Catalog.ListTables(ctx, name) {
				if err != nil {
					return err
				}
				all = append(all, ident)
			}
			return nil
		})
		for _, ident := range all {
			if !yield(ident, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// DropNamespace implements Catalog. Servers say in different ways that there is something in it.
func (c *restCatalog) DropNamespace(ctx context.Context, name table.Identifier) error {
	_, err := patiently(ctx, isTransientREST, func() error { return c.Catalog.DropNamespace(ctx, name) })
	if err == nil || errors.Is(err, catalog.ErrNoSuchNamespace) || errors.Is(err, catalog.ErrNamespaceNotEmpty) {
		return err
	}
	for _, listErr := range c.ListTables(ctx, name) {
		if listErr == nil {
			return fmt.Errorf("%w: %w", catalog.ErrNamespaceNotEmpty, err)
		}
		break
	}
	return err
}

// isNoTable says whether the catalog has no such table.
func isNoTable(err error) bool {
	return errors.Is(err, catalog.ErrNoSuchTable) || errors.Is(err, catalog.ErrNoSuchNamespace)
}
