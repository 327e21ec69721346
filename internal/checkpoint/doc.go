// Package checkpoint keeps the parts of tables that runs have read to their end, in a folder of this machine, so that an import of hours that was
// interrupted need not begin anew.
//
// A checkpoint is one file: <folder>/<dataflow>/<run>/<table key>.rows, mode 0600, since it holds customers' values. It begins with a line that says
// what was read; blocks follow, each with its checksum: rows of one part, or that a part was read to its end. Blocks are only ever added, so a process
// that is killed loses the parts it had not done, and a machine that fails what it had not written yet: what follows a block that is
// cut off or damaged counts for nothing.
package checkpoint
