package dataflow

import "context"

// Sources opens the source behind a connector.
type Sources interface {
	// Open signs in to the connector's source. It may be called concurrently. The caller closes what it gets.
	// A connector that does not exist is an error with CodeNoConnector.
	Open(ctx context.Context, connector string) (Source, error)

	// Source gives what people call the place that a connector leads to, as SourceTable.Source has it. It asks nobody but the ledger.
	Source(ctx context.Context, connector string) (string, error)

	// Type gives the type of a connector.
	Type(ctx context.Context, connector string) (string, error)
}

// Source reads the tables of one connector. Every method may be called concurrently.
//
// Throttles, answers that say the server failed, and dropped connections are retried inside, within ctx;
// an error that comes out is final for this run. Errors are *Error with a code, a cause and a hint.
type Source interface {
	// CheckTables tries every permission that reading these tables needs, before anything is read. Scanned says of each key
	// whether its rows are read, or only its columns. An import calls it once. Permissions that are lacking are one
	// error with CodeAccessDenied, which lists all of them.
	CheckTables(ctx context.Context, scanned map[string]bool) error

	// Table describes a table: its file name, and the columns it has now. It costs a call or a few, never a scan.
	Table(ctx context.Context, key string) (SourceTable, error)

	// Scan reads the whole table and hands every row over, with the columns of schema.
	//
	// Rows may come from many goroutines at once and in any order.
	// One row may be given twice (pages of a changing source overlap): schema.Version says which is the newer.
	// An error of the sink ends the scan and is returned as it is. Scan returns nil only when the table was read to its end:
	// a scan that is cut short is an error, never a smaller table.
	Scan(ctx context.Context, key string, schema Schema, to Sink) (ScanReport, error)

	// Usage says what was asked of the source since it was opened.
	Usage() Usage

	// Close releases what the source holds. No other method may be called after or during it.
	Close() error
}
