package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	gluecatalog "github.com/apache/iceberg-go/catalog/glue"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// glueCatalog is the Catalog in the AWS Glue Data Catalog, which Athena, EMR, Redshift and others read.
//
// A commit holds where the version of the table's entry is the one that was read (https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html, VersionId). An entry is
// dropped by its name alone: see registrar for what follows from that. There are no transactions over several tables. Names are in lower case there, and Athena takes letters,
// digits and underscores alone (https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html): dataflow.IdentifierRule allows nothing else anywhere.
type glueCatalog struct {
	*gluecatalog.Catalog
	glueErrors
	service    *glue.Client
	warehouse  string
	properties map[string]string
}

var (
	_ Catalog   = (*glueCatalog)(nil)
	_ registrar = (*glueCatalog)(nil)
)

// glueProperties are the catalog's properties that say how Glue is reached: https://py.iceberg.apache.org/configuration/#glue-catalog
var glueProperties = []string{
	gluecatalog.CatalogIdKey, gluecatalog.Region, gluecatalog.Endpoint, gluecatalog.AccessKeyID, gluecatalog.SecretAccessKey, gluecatalog.SessionToken, gluecatalog.SkipArchive,
}

// completeGlue gives the catalog the place that Lakehouse wants of every catalog: Glue has one for each account and Region.
func completeGlue(config CatalogConfig) (CatalogConfig, error) {
	config.URI = placeOfGlue(config)
	return config, nil
}

// placeOfGlue names the catalog as far as the properties do: the account and the Region may come from the environment.
func placeOfGlue(config CatalogConfig) string {
	parts := []string{CatalogGlue, config.Properties[gluecatalog.Region], config.Properties[gluecatalog.CatalogIdKey]}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

// openGlue opens a catalog. Nothing is asked of it.
func openGlue(ctx context.Context, from CatalogConfig, warehouse string) (Catalog, error) {
	has := func(name string) string { return from.Properties[name] }
	var options []func(*awsconfig.LoadOptions) error
	if region := has(gluecatalog.Region); region != "" {
		options = append(options, awsconfig.WithRegion(region))
	}
	if key := has(gluecatalog.AccessKeyID); key != "" {
		options = append(options, awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, has(gluecatalog.SecretAccessKey), has(gluecatalog.SessionToken))))
	}
	config, err := awsconfig.LoadDefaultConfig(context.WithoutCancel(ctx), options...)
	if err == nil && config.Region == "" {
		err = errors.New("it has no Region")
	}
	if err != nil {
		return nil, &dataflow.Error{
			Code: dataflow.CodeCatalog, Op: "open", Object: "catalog " + placeOfGlue(from), Cause: err, Hint: "Set glue.region in catalog.properties, or AWS_REGION in the environment.",
		}
	}
	if endpoint := has(gluecatalog.Endpoint); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	opened, err := gluecatalog.NewCatalog(gluecatalog.WithAwsConfig(config), gluecatalog.WithAwsProperties(gluecatalog.AwsProperties(from.Properties)))
	if err != nil {
		return nil, glueErrors{}.Explain("open", "catalog "+placeOfGlue(from), err)
	}
	return &glueCatalog{Catalog: opened, service: glue.NewFromConfig(config), warehouse: warehouse, properties: from.Properties}, nil
}

// Warehouse implements Catalog.
func (c *glueCatalog) Warehouse() string { return c.warehouse }

// Folder implements Catalog.
func (*glueCatalog) Folder() string { return "" }

// PrepareToWrite implements Catalog.
func (*glueCatalog) PrepareToWrite(context.Context) error { return nil }

// Files implements Catalog.
func (c *glueCatalog) Files(ctx context.Context, location string) (iceio.IO, error) {
	return iceio.LoadFS(ctx, c.properties, location)
}

// CommitTable implements Catalog. The SDK makes a call again whose answer is lost; the second one finds another version where the first has happened.
func (c *glueCatalog) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	meta, where, err := c.Catalog.CommitTable(ctx, ident, append(slices.Clone(requirements), isThere{}), updates)
	if call, ok := errors.AsType[*smithy.OperationError](err); ok && call.Operation() == "UpdateTable" && !isClientFault(err) {
		err = fmt.Errorf("%w: %w", errCommitUnknown, err)
	}
	return meta, where, err
}

// isThere requires that there is a table: the library makes one where there is none.
// https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/glue/glue.go (CommitTable)
type isThere struct{}

// Validate implements table.Requirement.
func (isThere) Validate(meta table.Metadata) error {
	if meta == nil {
		return catalog.ErrNoSuchTable
	}
	return nil
}

// GetType implements table.Requirement.
func (isThere) GetType() string { return "is-there" }

// isClientFault says whether the service has refused a call.
func isClientFault(err error) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	return ok && answer.ErrorFault() == smithy.FaultClient
}

// NewTable implements Catalog.
func (c *glueCatalog) NewTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (*table.Table, error) {
	tbl, err := c.CreateTable(ctx, identifier(id), schema, catalog.WithLocation(location), catalog.WithProperties(properties))
	if isNoEntity(err) {
		err = fmt.Errorf("%w: %w", catalog.ErrNoSuchNamespace, err)
	}
	return tbl, err
}

// metadataLocation is the parameter of a table's entry that says where its metadata is: https://iceberg.apache.org/docs/latest/aws/#glue-catalog
const metadataLocation = "metadata_location"

// DropEntry implements Catalog as well as Glue lets it: between the look and the drop another process may put another table there.
func (c *glueCatalog) DropEntry(ctx context.Context, id dataflow.TableID, at string) (bool, error) {
	where, err := c.MetadataLocations(ctx, []dataflow.TableID{id})
	if err != nil || where[id] != at {
		return false, err
	}
	err = c.DropTable(ctx, identifier(id))
	if isNoTable(err) || isNoEntity(err) {
		return false, nil
	}
	return err == nil, err
}

// Register implements registrar.
func (c *glueCatalog) Register(ctx context.Context, id dataflow.TableID, at string) error {
	if _, err := c.LoadNamespaceProperties(ctx, table.Identifier{id.Database}); err != nil {
		return err
	}
	_, err := c.RegisterTable(ctx, identifier(id), at)
	return err
}

// Unregister implements registrar.
func (c *glueCatalog) Unregister(ctx context.Context, id dataflow.TableID) error {
	where, err := c.MetadataLocations(ctx, []dataflow.TableID{id})
	if err != nil || where[id] == "" {
		return err
	}
	files, err := c.Files(ctx, where[id])
	if err != nil {
		return err
	}
	if there, err := hasFile(files, where[id]); err != nil || there {
		return err
	}
	_, err = c.DropEntry(ctx, id, where[id])
	return err
}

// MetadataLocations implements Catalog: the entries of a database's tables come a hundred in an answer, and each says where its metadata is.
func (c *glueCatalog) MetadataLocations(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	asked := map[string]map[string]bool{} // database → table
	for _, id := range ids {
		if asked[id.Database] == nil {
			asked[id.Database] = map[string]bool{}
		}
		asked[id.Database][id.Name] = true
	}
	for _, database := range slices.Sorted(maps.Keys(asked)) {
		input := &glue.GetTablesInput{DatabaseName: aws.String(database)}
		if id := c.properties[gluecatalog.CatalogIdKey]; id != "" {
			input.CatalogId = aws.String(id)
		}
		pages := glue.NewGetTablesPaginator(c.service, input)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if isNoEntity(err) {
				break // there is no such database
			}
			if err != nil {
				return nil, fmt.Errorf("read where the tables are: %w", err)
			}
			for _, entry := range page.TableList {
				name, at := aws.ToString(entry.Name), entry.Parameters[metadataLocation]
				if at != "" && asked[database][name] {
					where[dataflow.TableID{Database: database, Name: name}] = at
				}
			}
		}
	}
	return where, nil
}

// ListTables implements Catalog. The library's has no error of its own for a database that is not there.
func (c *glueCatalog) ListTables(ctx context.Context, namespace table.Identifier) iter.Seq2[table.Identifier, error] {
	return func(yield func(table.Identifier, error) bool) {
		for ident, err := range c.Catalog.ListTables(ctx, namespace) {
			if isNoEntity(err) {
				err = fmt.Errorf("%w: %w", catalog.ErrNoSuchNamespace, err)
			}
			if !yield(ident, err) {
				return
			}
		}
	}
}

// LoadTable implements Catalog. Glue says of a table whose database is not there that the database is not there.
func (c *glueCatalog) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	tbl, err := c.Catalog.LoadTable(ctx, ident)
	if isNoEntity(err) {
		err = fmt.Errorf("%w: %w", catalog.ErrNoSuchTable, err)
	}
	return tbl, err
}

// isNoEntity says whether Glue has no such database or table.
func isNoEntity(err error) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	return ok && answer.ErrorCode() == "EntityNotFoundException"
}

// glueErrors are what the service's errors mean.
type glueErrors struct{}

// Explain implements Catalog.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html
func (glueErrors) Explain(op, object string, err error) error {
	if _, said := errors.AsType[*dataflow.Error](err); said || errors.Is(err, errNoCatalog) {
		return err
	}
	e := &dataflow.Error{Op: op, Object: object, Cause: err}
	answer, answered := errors.AsType[smithy.APIError](err)
	_, network := errors.AsType[net.Error](err)
	switch {
	case answered && strings.HasPrefix(answer.ErrorCode(), "AccessDenied"):
		e.Code, e.Hint = dataflow.CodeCatalog, "Allow glue:GetDatabase, GetDatabases, CreateDatabase, DeleteDatabase, GetTable, GetTables, CreateTable, UpdateTable and DeleteTable on the catalog, the database and its tables. Where Lake Formation governs the catalog, grant them there."
	case answered && slices.Contains([]string{"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId"}, answer.ErrorCode()):
		e.Code, e.Hint = dataflow.CodeCatalog, "Sign in to AWS anew, and apply again: the catalog's credentials, those of catalog.properties or of the environment, are wrong or have expired."
	case answered && slices.Contains([]string{"ThrottlingException", "OperationTimeoutException", "ResourceNumberLimitExceededException", "InternalServiceException"}, answer.ErrorCode()):
		e.Code, e.Hint = dataflow.CodeBusy, "The Glue Data Catalog takes no more now: apply again later."
	case !answered && network:
		e.Code, e.Hint = dataflow.CodeCatalog, "Check glue.region and glue.endpoint of catalog.properties, and that the service answers there."
	}
	return e
}
