package lakehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	gluecatalog "github.com/apache/iceberg-go/catalog/glue"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Catalog keeps the pointers to the tables' metadata, and the databases. A kind of catalog is one file of this package and a case in openCatalog.
// TestCatalog_Conforms states these rules one by one, and every kind passes it.
//
// Every method but Close may be called concurrently, by any number of processes. None is retried here: whoever commits reads again and decides.
// A kind that can commit several tables in one transaction is also a catalog.TransactionalCatalog of iceberg-go.
//
// The methods of iceberg-go's catalog.Catalog keep its errors: catalog.ErrNoSuchTable, catalog.ErrTableAlreadyExists, catalog.ErrNoSuchNamespace,
// catalog.ErrNamespaceAlreadyExists, catalog.ErrNamespaceNotEmpty, table.ErrCommitFailed.
type Catalog interface {
	CreateNamespace(ctx context.Context, namespace table.Identifier, properties iceberg.Properties) error
	LoadNamespaceProperties(ctx context.Context, namespace table.Identifier) (iceberg.Properties, error)
	ListNamespaces(ctx context.Context, parent table.Identifier) ([]table.Identifier, error)
	// DropNamespace removes a database in which there is no table.
	DropNamespace(ctx context.Context, namespace table.Identifier) error

	LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error)
	ListTables(ctx context.Context, namespace table.Identifier) iter.Seq2[table.Identifier, error]
	// CommitTable makes one atomic change of a table, if the requirements hold. Where somebody else was faster that is table.ErrCommitFailed,
	// or the error of the requirement that does not hold any more. Where an answer was lost, and looking it up failed too, it is errCommitUnknown.
	CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error)

	// NewTable makes an empty table, whose files lie at location and which other readers find there.
	NewTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (*table.Table, error)
	// DropEntry removes a table's entry while its metadata is still at this location: false when it is not. The files stay.
	DropEntry(ctx context.Context, id dataflow.TableID, metadataLocation string) (bool, error)
	// MetadataLocations gives where the metadata of these tables is, without reading any. A table that the catalog has not is left out.
	MetadataLocations(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error)

	// Files opens what a location is in, with the properties that the catalog was opened with.
	Files(ctx context.Context, location string) (iceio.IO, error)
	// Warehouse is the location below which new tables get theirs.
	Warehouse() string
	// Folder is the folder of this machine that the catalog itself lies in; empty: it lies elsewhere.
	Folder() string
	// PrepareToWrite is called before anything is written. It fails where nothing can be written.
	PrepareToWrite(ctx context.Context) error
	// Explain makes an error of the catalog one that says what can be done about it. One that says so already stays as it is.
	Explain(op, object string, err error) error
	// Close gives up the connections. No other method may be called after or during it.
	Close() error
}

// The kinds of catalogs.
const (
	// CatalogSQLite is the embedded catalog: a SQLite file.
	CatalogSQLite = "sqlite"
	// CatalogPostgres is Iceberg's SQL catalog in a PostgreSQL database, which many machines share.
	CatalogPostgres = "postgres"
	// CatalogREST is a catalog behind Iceberg's REST protocol.
	CatalogREST = "rest"
	// CatalogGlue is the AWS Glue Data Catalog.
	CatalogGlue = "glue"
)

// CatalogTypes lists the kinds in the order in which a person is shown them.
func CatalogTypes() []string {
	return []string{CatalogSQLite, CatalogPostgres, CatalogREST, CatalogGlue}
}

// CatalogConfig says where table pointers live.
type CatalogConfig struct {
	Type string // one of CatalogTypes; empty: CatalogSQLite
	// URI is the path of a SQLite catalog's file, the address of a PostgreSQL database (postgres://USER@HOST:PORT/DATABASE, which may hold a password, so it
	// is in no message), or the address of a REST catalog (https://HOST/PATH).
	URI string
	// Properties say how the tables' files are reached, by Iceberg's own names: s3.endpoint, s3.region, s3.access-key-id, s3.secret-access-key, … What they leave out
	// comes from the environment, as the AWS CLI has it. Those of a REST catalog also say who signs in to it. They may hold secrets, so they are in no message.
	Properties map[string]string
}

// errCommitUnknown says that a commit may have happened, or may happen yet: nothing that it would point at may be removed.
var errCommitUnknown = errors.New("it is not known whether the commit has happened")

// openCatalog opens a catalog. Without create, one that was never written to is errNoCatalog, and nothing is made.
func (l *Lakehouse) openCatalog(ctx context.Context, create bool) (Catalog, error) {
	switch l.config.Catalog.Type {
	case CatalogSQLite:
		return openSQLite(ctx, l.config.Catalog, l.warehouse, l.isOnNetwork, create)
	case CatalogPostgres:
		return openPostgres(ctx, l.config.Catalog, l.warehouse, create)
	case CatalogREST:
		return openREST(ctx, l.config.Catalog, l.warehouse)
	case CatalogGlue:
		return openGlue(ctx, l.config.Catalog, l.warehouse)
	default:
		return nil, noCatalogType(l.config.Catalog.Type)
	}
}

// Check refuses a configuration that no catalog can have, with dataflow.CodeInvalid. It touches nothing.
func (c CatalogConfig) Check() error {
	_, err := c.complete()
	return err
}

// complete fills in what a catalog's kind takes for granted, and refuses what it can't work with. It touches nothing.
func (c CatalogConfig) complete() (CatalogConfig, error) {
	switch c.Type {
	case "", CatalogSQLite:
		return completeSQLite(c)
	case CatalogPostgres:
		return completePostgres(c)
	case CatalogREST:
		return completeREST(c)
	case CatalogGlue:
		return completeGlue(c)
	default:
		return c, noCatalogType(c.Type)
	}
}

// place names the catalog without a secret. A SQLite catalog is the workspace's own, wherever that is.
func (c CatalogConfig) place() string {
	switch c.Type {
	case CatalogPostgres:
		return placeOfPostgres(c.URI)
	case CatalogREST:
		return placeOfREST(c)
	case CatalogGlue:
		return placeOfGlue(c)
	default:
		return c.Type
	}
}

// CheckProperties refuses a property that the catalog's kind does not have, and half a key, with dataflow.CodeInvalid. It never repeats a value.
func (c CatalogConfig) CheckProperties() error {
	known := s3Properties
	switch c.Type {
	case CatalogREST:
		known = slices.Concat(restProperties, s3Properties)
	case CatalogGlue:
		known = slices.Concat(glueProperties, s3Properties)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Properties)) {
		if header, ok := strings.CutPrefix(name, restHeader); ok && header != "" && c.Type == CatalogREST {
			continue
		}
		if !slices.Contains(known, name) {
			return invalidCatalog(fmt.Sprintf("a %s catalog has no property %q", cmp.Or(c.Type, CatalogSQLite), name), "The properties are: "+strings.Join(known, ", ")+".")
		}
	}
	for id, secret := range map[string]string{iceio.S3AccessKeyID: iceio.S3SecretAccessKey, gluecatalog.AccessKeyID: gluecatalog.SecretAccessKey} {
		if (c.Properties[id] == "") != (c.Properties[secret] == "") {
			return invalidCatalog(fmt.Sprintf("%s and %s go together", id, secret), "Set both, or neither: the environment then says how to sign in.")
		}
	}
	if c.Type == CatalogREST {
		return checkRESTProperties(c.Properties)
	}
	return nil
}

func invalidCatalog(cause, hint string) error {
	return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "catalog", Cause: errors.New(cause), Hint: hint}
}

// registrar is a Catalog that drops a table by its name alone. A process that slept between its look and its drop may so take the entry of a table that another one has made
// or changed meanwhile. The files stay, and Lakehouse.restore puts the entry back. TestCatalog_Conforms states these rules too.
type registrar interface {
	// Register makes the entry of the table whose metadata is at this location. Errors: catalog.ErrTableAlreadyExists when the name is taken, catalog.ErrNoSuchNamespace,
	// fs.ErrNotExist when there is no such file.
	Register(ctx context.Context, id dataflow.TableID, metadataLocation string) error
	// Unregister removes the entry of a table whose metadata file is gone. One whose file is there stays.
	Unregister(ctx context.Context, id dataflow.TableID) error
}

func noCatalogType(kind string) error {
	return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "catalog", Cause: fmt.Errorf("there is no catalog type %q", kind)}
}
