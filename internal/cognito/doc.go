// Package cognito reads the tables of an Amazon Cognito user pool.
//
// The way of a row: Open signs in; Pool.Table describes a table (tables.go names them, one file each); Pool.Scan reads
// its pages to their end (scan.go); every request goes through call (call.go), which waits for the quota (limiter.go),
// sends, and tells what is worth another try from what is an answer (errors.go).
//
// A new table is a file of its own and one line in the registry of tables.go. What it must have permission for is tried by check.go.
//
// Source of the operations: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html
package cognito
