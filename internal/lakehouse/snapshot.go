package lakehouse

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// fileChanges are how the files of a new snapshot differ from main's.
type fileChanges struct {
	data, deletes []iceberg.DataFile // added
	removed       map[string]bool    // data and delete files, by their paths
}

// paths are where the added files lie.
func (f fileChanges) paths() []string {
	var paths []string
	for _, file := range slices.Concat(f.data, f.deletes) {
		paths = append(paths, file.FilePath())
	}
	return paths
}

// snapshotWriter writes a snapshot in which some files are added and some removed: its manifests, its manifest list and its statistics.
//
// Transaction.NewRowDelta and ReplaceFilesWithDeleteFiles were rejected. The one removes nothing, the other adds a delete file only in place of
// another one and with a sequence number of those: a data file that was added since could not be given its first one
// while others are rewritten. Two snapshots a run would do, one of them on no branch. Neither merges manifests, so their number would grow with every run.
type snapshotWriter struct {
	fs     iceio.WriteFileIO
	view   *table.Table
	limits limits
	id     int64
	commit uuid.UUID
	paths  []string // of what was written
}

func newSnapshotWriter(fs iceio.IO, view *table.Table, run int64, limits limits) (*snapshotWriter, error) {
	writable, ok := fs.(iceio.WriteFileIO)
	if !ok {
		return nil, errors.New("this warehouse can't be written to")
	}
	commit := writeUUID(run)
	id := int64(0)
	for _, b := range commit[8:] {
		id = id<<8 | int64(b)
	}
	return &snapshotWriter{fs: writable, view: view, limits: limits, id: id & math.MaxInt64, commit: commit}, nil
}

// write makes the snapshot that follows main. It belongs to no branch yet.
func (w *snapshotWriter) write(now *current, files fileChanges, properties iceberg.Properties) (*table.Snapshot, error) {
	meta := w.view.Metadata()
	snapshot := &table.Snapshot{
		SnapshotID: w.id, SequenceNumber: meta.LastSequenceNumber() + 1, TimestampMs: time.Now().UnixMilli(), SchemaID: new(w.view.Schema().ID),
	}
	if now.snapshot != nil {
		snapshot.ParentSnapshotID = &now.snapshot.SnapshotID
	}
	manifests, err := w.manifests(now, iceberg.ManifestContentData, files.removed, files.data)
	if err != nil {
		return nil, fmt.Errorf("write a manifest: %w", err)
	}
	deletes, err := w.manifests(now, iceberg.ManifestContentDeletes, files.removed, files.deletes)
	if err != nil {
		return nil, fmt.Errorf("write a manifest: %w", err)
	}
	snapshot.ManifestList, err = w.manifestList(snapshot, append(manifests, deletes...))
	if err != nil {
		return nil, fmt.Errorf("write the manifest list: %w", err)
	}
	snapshot.Summary = summarize(now, files, properties)
	return snapshot, nil
}

// newEntries are the entries of a manifest that is to be written. Files of different partition specs can't share one.
type newEntries struct {
	added             []iceberg.DataFile
	existing, removed []iceberg.ManifestEntry
}

// manifests gives the manifests of one kind. Those in which nothing is removed stay, unless there are many; the entries of the others go into new ones.
func (w *snapshotWriter) manifests(now *current, content iceberg.ManifestContent, removed map[string]bool, added []iceberg.DataFile) ([]iceberg.ManifestFile, error) {
	var kept, opened []manifest
	for _, m := range now.manifests {
		switch {
		case m.ManifestContent() != content || len(m.entries) == 0:
		case slices.ContainsFunc(m.entries, func(e iceberg.ManifestEntry) bool { return removed[e.DataFile().FilePath()] }):
			opened = append(opened, m)
		default:
			kept = append(kept, m)
		}
	}
	if len(kept) >= w.limits.manifests {
		kept, opened = nil, append(opened, kept...)
	}
	bySpec := map[int]*newEntries{}
	of := func(spec int) *newEntries {
		if bySpec[spec] == nil {
			bySpec[spec] = &newEntries{}
		}
		return bySpec[spec]
	}
	for _, file := range added {
		to := of(int(file.SpecID()))
		to.added = append(to.added, file)
	}
	for _, m := range opened {
		to := of(int(m.PartitionSpecID()))
		for _, entry := range m.entries {
			if removed[entry.DataFile().FilePath()] {
				to.removed = append(to.removed, entry)
			} else {
				to.existing = append(to.existing, entry)
			}
		}
	}
	var all []iceberg.ManifestFile
	for _, spec := range slices.Sorted(maps.Keys(bySpec)) {
		file, err := w.manifest(spec, content, bySpec[spec])
		if err != nil {
			return nil, err
		}
		all = append(all, file)
	}
	for _, m := range kept {
		all = append(all, m.ManifestFile)
	}
	return all, nil
}

func (w *snapshotWriter) manifest(specID int, content iceberg.ManifestContent, entries *newEntries) (iceberg.ManifestFile, error) {
	spec := w.view.Metadata().PartitionSpecByID(specID)
	if spec == nil {
		return nil, fmt.Errorf("the table has no partition spec %d", specID)
	}
	var buffer bytes.Buffer
	out, err := iceberg.NewManifestWriter(w.view.Metadata().Version(), &buffer, *spec, w.view.Schema(), w.id, iceberg.WithManifestWriterContent(content))
	if err != nil {
		return nil, err
	}
	for _, file := range entries.added {
		if err := out.Add(iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &w.id, nil, nil, file)); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries.existing {
		if err := out.Existing(entry); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries.removed {
		if err := out.Delete(entry); err != nil {
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	path, err := w.create("m", "avro", buffer.Bytes())
	if err != nil {
		return nil, err
	}
	return out.ToManifestFile(path, int64(buffer.Len()), iceberg.WithManifestFileContent(content))
}

func (w *snapshotWriter) manifestList(snapshot *table.Snapshot, manifests []iceberg.ManifestFile) (string, error) {
	var buffer bytes.Buffer
	var list *iceberg.ManifestListWriter
	var err error
	first := w.view.Metadata().NextRowID()
	switch version := w.view.Metadata().Version(); version {
	case 2:
		list, err = iceberg.NewManifestListWriterV2(&buffer, w.id, snapshot.SequenceNumber, snapshot.ParentSnapshotID)
	case 3:
		list, err = iceberg.NewManifestListWriterV3(&buffer, w.id, snapshot.SequenceNumber, first, snapshot.ParentSnapshotID)
	default:
		err = fmt.Errorf("the table's format version is %d", version)
	}
	if err != nil {
		return "", err
	}
	if err := list.AddManifests(manifests); err != nil {
		return "", err
	}
	if next := list.NextRowID(); next != nil { // format version 3: https://iceberg.apache.org/spec/#row-lineage
		snapshot.FirstRowID, snapshot.AddedRows = &first, new(*next-first)
	}
	if err := list.Close(); err != nil {
		return "", err
	}
	return w.create(fmt.Sprintf("snap-%d", w.id), "avro", buffer.Bytes())
}

// statistics writes the statistics file of a snapshot, and gives the update that adds it; nil: there is none.
func (w *snapshotWriter) statistics(to layout, snapshot *table.Snapshot, distinct *distinctCounter) (table.Update, error) {
	file, content, err := distinct.file(to, snapshot)
	if err != nil || content == nil {
		return nil, err
	}
	if file.StatisticsPath, err = w.create("stats", "puffin", content); err != nil {
		return nil, fmt.Errorf("write the statistics: %w", err)
	}
	return table.NewSetStatisticsUpdate(file), nil
}

// create writes a file into the table's metadata folder.
func (w *snapshotWriter) create(kind, format string, content []byte) (string, error) {
	locations, err := w.view.LocationProvider()
	if err != nil {
		return "", err
	}
	path := plain(locations.NewMetadataLocation(fmt.Sprintf("%s-%s-%d.%s", kind, w.commit, len(w.paths), format)))
	w.paths = append(w.paths, path)
	return path, w.fs.WriteFile(path, content)
}

// summarize counts what the snapshot adds, removes and has: https://iceberg.apache.org/spec/#optional-snapshot-summary-fields.
// The totals are counted from the files: the summary before may be another writer's.
func summarize(now *current, files fileChanges, properties iceberg.Properties) *table.Summary {
	counts := map[string]int64{}
	for _, total := range []string{"data-files", "delete-files", "records", "files-size", "position-deletes", "equality-deletes"} {
		counts["total-"+total] = 0
	}
	for _, m := range now.manifests {
		for _, entry := range m.entries {
			file := entry.DataFile()
			switch {
			case !files.removed[file.FilePath()]:
				count(counts, "total-", file)
			case file.ContentType() == iceberg.EntryContentData:
				count(counts, "deleted-", file)
			default:
				count(counts, "removed-", file)
			}
		}
	}
	for _, file := range slices.Concat(files.data, files.deletes) {
		count(counts, "total-", file)
		count(counts, "added-", file)
	}
	if size, ok := counts["deleted-files-size"]; ok { // the one name that the spec makes otherwise
		counts["removed-files-size"] += size
		delete(counts, "deleted-files-size")
	}
	summary := &table.Summary{Operation: operation(files), Properties: iceberg.Properties{}}
	maps.Copy(summary.Properties, properties)
	for name, n := range counts {
		summary.Properties[name] = strconv.FormatInt(n, 10)
	}
	return summary
}

func count(counts map[string]int64, prefix string, file iceberg.DataFile) {
	counts[prefix+"files-size"] += file.FileSizeBytes()
	switch file.ContentType() {
	case iceberg.EntryContentData:
		counts[prefix+"data-files"]++
		counts[prefix+"records"] += file.Count()
		return
	case iceberg.EntryContentPosDeletes:
		counts[prefix+"position-deletes"] += file.Count()
	case iceberg.EntryContentEqDeletes:
		counts[prefix+"equality-deletes"] += file.Count()
	}
	counts[prefix+"delete-files"]++
}

func operation(files fileChanges) table.Operation {
	switch {
	case len(files.removed)+len(files.deletes) == 0:
		return table.OpAppend
	case len(files.data) == 0:
		return table.OpDelete
	}
	return table.OpOverwrite
}
