// Package lakehouse keeps the tables of dataflows as Apache Iceberg tables: it stages, publishes, hides, drops and reads them.
// It alone knows Iceberg (https://iceberg.apache.org/spec/).
//
// # Where things lie
//
//	<catalog>                                          the table pointers; the embedded one is a SQLite file in Iceberg's SQL catalog layout
//	<warehouse>/<database>/<table_name>-<8 hex>/       one table; the name never comes back, so files of a dropped table are never mistaken
//	    metadata/                                      Iceberg's metadata, manifest lists and manifests
//	    data/…-<8 hex: the run's number>-….parquet     data files; the write's UUID begins with the number of the run that wrote them
//
// A local location is a file:// URL. Where the folder's path has characters that a URL escapes (a space, for one), this package
// reads and writes it rightly, but some other readers take the escape literally: such readers want a plain path.
//
// # Whose a table is
//
// Properties say it: skypoint.workspace and skypoint.dataflow on every table, and on every database that this package made.
// Nothing of another dataflow is ever touched. A database that somebody made without such a mark may be used: its tables are guarded one by one.
//
// # How a run goes through
//
// Stage spools rows to disk, sorted by key (sort.go), and Commit compares them with the rows that main has: what is read
// back from the table is reduced to a fingerprint per row, sorted the same way, and the two streams are merged (diff.go). So
// memory does not depend on the number of rows, nor the result on how the table's files are cut or ordered: another engine may compact the table.
// A first pass counts, and marks in each data file the rows that changed or went; then rewrite.go decides which files get a position-delete
// file (deletes.go) and which are replaced, and a second pass writes, in key order, what is new and what the replaced files hold besides (snapshot.go).
// The result is a snapshot on the branch run_N_staging, which nobody reads. Publish moves main to it, tags it run_N and removes
// the branch, in one commit whose requirements are what makes it safe to repeat, race or come late. A table
// that did not change has a branch too, on the snapshot that it has: without one a process that sleeps could tag it when its run is long let go.
// What somebody else had put on main, and the run replaced, is remembered in skypoint.replaced, for whoever has to finish the run.
//
// # What is known of a table
//
// A snapshot has the profile of the rows that the source gave: in its summary, as skypoint.profile (profile.go). It is taken in the first pass,
// of one row a key, and is a function of the rows alone. So it goes where the snapshot goes: a rollback takes it back and retention
// takes it away. A table whose rows are unchanged and whose profile is not gets a snapshot without a data file. A table whose data is
// not loaded holds nothing but profiles; its rows are on disk in the spool, while the run lasts.
//
// # Columns
//
// A column that the source no longer has stays, and is absent in the rows of later runs. A column whose type the source changed
// stays as well, and a new one named <column>_<type> takes the values: Iceberg has no way from string to number
// (https://iceberg.apache.org/spec/#schema-evolution), and neither a run that fails for ever nor a value that changes its meaning is one.
package lakehouse
