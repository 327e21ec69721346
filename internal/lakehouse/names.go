package lakehouse

import (
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// mainBranch is the branch that readers see.
const mainBranch = "main"

// stagingSuffix is what the name of a run's branch has after that of its tag.
const stagingSuffix = "_staging"

// stagingBranch is the branch that a run stages on: the table's ticket.
func stagingBranch(run int64) string { return RunTag(run) + stagingSuffix }

// RunTag is the tag of the snapshot that a table has since a run.
func RunTag(run int64) string { return "run_" + strconv.FormatInt(run, 10) }

// runOfTag is the run that a tag stands for; false for a tag of somebody else's.
func runOfTag(tag string) (int64, bool) {
	digits, ok := strings.CutPrefix(tag, "run_")
	if !ok {
		return 0, false
	}
	run, err := strconv.ParseInt(digits, 10, 64)
	return run, err == nil && run > 0 && RunTag(run) == tag
}

// writeUUID makes a UUID that begins with the run's number. It is in the name of every data file, manifest and manifest list,
// so that what an abandoned run left can be told from what any other run wrote. The rest is random: a second try never meets the files of the first.
func writeUUID(run int64) uuid.UUID {
	id := uuid.New()
	binary.BigEndian.PutUint32(id[:4], uint32(run)) //nolint:gosec // 2^32 runs, one a second, are 136 years
	return id
}

var metadataRule = regexp.MustCompile(`(?:^|/)([0-9]{1,18})-[^/]*\.metadata\.json$`)

// versionOf is the version of the table that a metadata file has, by its path (https://iceberg.apache.org/spec/#file-system-tables has the form).
func versionOf(path string) (int, bool) {
	match := metadataRule.FindStringSubmatch(path)
	if match == nil {
		return 0, false
	}
	version, err := strconv.Atoi(match[1])
	return version, err == nil
}

var fileRule = regexp.MustCompile(`-([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-[0-9]+\.[a-z]+$`)

// runOfFile is the run that wrote a data file, a manifest or a manifest list, by its path; false for a file of another writer's.
func runOfFile(path string) (int64, bool) {
	match := fileRule.FindStringSubmatch(path)
	if match == nil {
		return 0, false
	}
	run, err := strconv.ParseUint(match[1], 16, 32)
	return int64(run), err == nil // 32 bits
}
