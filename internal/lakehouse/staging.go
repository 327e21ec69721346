package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/extsort"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// staging is one table being written by one run: a dataflow.Staging.
type staging struct {
	lakehouse *Lakehouse
	catalog   Catalog
	req       dataflow.StageRequest
	codec     rowcodec.Codec
	buffer    int
	limits    limits
	rows      *extsort.Sorter
	scratch   sync.Pool // *encoded
}

type encoded struct{ key, row []byte }

// Stage begins to write what the table will be after this run, on a branch that nobody reads.
// A table that does not exist is created empty, marked with its dataflow and run, in a location of its own.
func (l *Lakehouse) Stage(ctx context.Context, req dataflow.StageRequest) (dataflow.Staging, error) {
	s, err := l.newStaging(ctx, req)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (l *Lakehouse) newStaging(ctx context.Context, req dataflow.StageRequest) (*staging, error) {
	codec, err := rowcodec.New(req.Table.Schema)
	if err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "stage", Object: object(req.ID), Cause: err}
	}
	c, err := l.writing(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.ensure(ctx, c, req); err != nil {
		return nil, err
	}
	s := &staging{lakehouse: l, catalog: c, req: req, codec: codec, buffer: extsort.DefaultBufferBytes, limits: defaultLimits()}
	s.rows = extsort.New(l.config.SpoolDir, s.buffer)
	return s, nil
}

// Put adds a row, which it takes over. It may be called concurrently. It blocks while it spools to disk;
// memory does not grow with the number of rows. Rows with one key count once, the newest by the schema's Version.
func (s *staging) Put(ctx context.Context, row dataflow.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, ok := s.scratch.Get().(*encoded)
	if !ok {
		e = &encoded{} // the pool was empty
	}
	defer s.scratch.Put(e)
	var err error
	if e.row, err = s.codec.AppendRow(e.row[:0], row); err == nil {
		e.key, err = s.codec.AppendKey(e.key[:0], row)
	}
	if err != nil {
		return s.failed("put", dataflow.CodeInvalid, err)
	}
	e.key = s.codec.AppendVersion(e.key, row)
	if err := s.rows.Add(e.key, e.row); err != nil {
		return s.failed("spool", dataflow.CodeInternal, err)
	}
	return nil
}

func (s *staging) failed(op string, code dataflow.Code, err error) error {
	return &dataflow.Error{Code: code, Op: op, Object: object(s.req.ID), Cause: err}
}

// committing limits how many large tables are merged, compared and written at a time: as many as there are processors, however many dataflows run.
// Each takes merge buffers and a Parquet writer, and its work is the processor's. A table that fits in memory does not wait.
var committing = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// stageAttempts is how often a staging commit is tried: the rows are on disk, so when somebody changed the table
// meanwhile the comparison is made again.
const stageAttempts = 4

// Commit compares what was put with the table's current rows and writes the difference to the run's branch.
// The change it returns has Before, After, Ticket, SchemaID, MetadataLocation and Counts (all but KeptAsText).
// Nothing may be put after it has begun. A table whose rows, columns and profile are unchanged gives dataflow.ChangeKeep: the branch is on the snapshot it has,
// and there is no data file.
func (s *staging) Commit(ctx context.Context) (dataflow.TableChange, error) {
	if s.rows.OnDisk() {
		select {
		case committing <- struct{}{}:
			defer func() { <-committing }()
		case <-ctx.Done():
			return dataflow.TableChange{}, s.failed("commit", dataflow.CodeInternal, context.Cause(ctx))
		}
	}
	if err := s.rows.Seal(ctx); err != nil {
		return dataflow.TableChange{}, s.failed("spool", dataflow.CodeInternal, err)
	}
	for attempt := 1; ; attempt++ {
		done, err := s.tryCommit(ctx)
		if !errors.Is(err, errMoved) || attempt == stageAttempts {
			return done, err
		}
	}
}

// Close gives up spool files. It is called once, also after Commit; without a Commit nothing reached the table.
func (s *staging) Close() error {
	if err := s.rows.Close(); err != nil {
		return s.failed("close the spool", dataflow.CodeInternal, err)
	}
	return nil
}

// alreadyStaged refuses what a run has done already.
func alreadyStaged(id dataflow.TableID, run int64) error {
	return &dataflow.Error{Code: dataflow.CodeExists, Op: "stage", Object: object(id), Cause: fmt.Errorf("run %d has staged it already", run)}
}

// errMoved says that somebody changed the table between reading it and committing.
var errMoved = errors.New("the table changed meanwhile")

func (s *staging) tryCommit(ctx context.Context) (dataflow.TableChange, error) {
	none := dataflow.TableChange{}
	tbl, err := s.lakehouse.loadOwn(ctx, s.catalog, s.req.Dataflow, s.req.ID)
	if err != nil {
		return none, err
	}
	if refOf(tbl.Metadata(), stagingBranch(s.req.Run)) != nil {
		return none, alreadyStaged(s.req.ID, s.req.Run)
	}
	to, err := tableLayout(tbl.Metadata(), s.req.Table.Schema)
	if err != nil {
		return none, s.failed("stage", dataflow.CodeInvalid, err)
	}
	view, addSchema, err := ahead(tbl, to.schema, columnProperties(to, s.req.Table.Schema, tbl.Properties()))
	if err != nil {
		return none, s.failed("stage", dataflow.CodeInternal, err)
	}

	now, err := to.readCurrent(ctx, view, s.lakehouse.config.SpoolDir, s.buffer)
	defer func() { _ = now.prints.Close() }() // it was only read
	if err != nil {
		return none, filesGone("compare", s.req.ID, err)
	}
	plan := newRewrite(s.limits, now)
	distinct := newDistinctCounter(to, s.req.Table.Schema, tbl.Properties())
	counts, profile, err := s.count(ctx, now, plan, to, distinct)
	if err != nil {
		return none, s.failed("compare", dataflow.CodeInternal, err)
	}

	result := dataflow.TableChange{
		Key: s.req.Table.Key, FileName: s.req.Table.FileName, TableID: s.req.ID, Definition: s.req.Definition,
		UUID: tbl.Metadata().TableUUID().String(), Before: refOf(tbl.Metadata(), mainBranch), Counts: counts,
	}
	if result.Before != nil && !plan.differs && !now.encoded && addSchema == nil && profile == writtenProfile(tbl.CurrentSnapshot()) {
		result.Change, result.After, result.Ticket = dataflow.ChangeKeep, result.Before, result.Before
		result.MetadataLocation, err = s.keep(ctx, tbl, *result.Before)
		return result, err
	}
	if len(now.loose) > 0 || now.encoded {
		plan.differs = true // there will be a snapshot anyway: its counts shall be those of its rows
	}
	if plan.differs {
		plan.decide()
	}
	files, err := s.write(ctx, view, to, now, plan)
	if err != nil {
		return none, s.failed("write", dataflow.CodeInternal, err)
	}
	snapshot, where, err := s.commitSnapshot(ctx, tbl, view, addSchema, to, now, files, distinct, s.summary(profile))
	if err != nil {
		return none, err
	}
	result.Change, result.After, result.Ticket, result.MetadataLocation = dataflow.ChangePublish, &snapshot, &snapshot, where
	if addSchema != nil {
		id := view.Schema().ID
		result.SchemaID = &id
	}
	return result, nil
}

// keep makes the ticket of an unchanged table. Without one, a process that sleeps before it publishes could tag the table after retention has let the
// run go.
func (s *staging) keep(ctx context.Context, tbl *table.Table, snapshot int64) (string, error) {
	branch := stagingBranch(s.req.Run)
	_, where, err := commitTable(ctx, s.catalog, tbl, []table.Requirement{
		table.AssertTableUUID(tbl.Metadata().TableUUID()), table.AssertRefSnapshotID(branch, nil), table.AssertRefSnapshotID(mainBranch, &snapshot),
	}, []table.Update{table.NewSetSnapshotRefUpdate(branch, snapshot, table.BranchRef, 0, 0, 0)})
	if err != nil {
		_, where, err = s.afterFailedCommit(ctx, tbl, nil, err)
	}
	return where, err
}

// count is the first pass. It takes the rows' profile along, which is empty where the definition wants none, and counts the distinct values of the table.
func (s *staging) count(ctx context.Context, now *current, plan *rewrite, to layout, distinct *distinctCounter) (dataflow.Counts, string, error) {
	var counts dataflow.Counts
	var seen *profiler
	if s.req.Definition.Metadata {
		seen = newProfiler(s.req.Table.Schema)
	}
	err := diff(ctx, s.rows.Records(), now.prints.Records(), func(p pair) error {
		if p.row != nil {
			counts.Read++
			if err := seen.add(p.row); err != nil {
				return err
			}
		}
		p, ok := s.loaded(p)
		if !ok {
			return nil
		}
		if p.row != nil {
			if err := distinct.add(p.row); err != nil {
				return err
			}
		}
		what := p.change()
		plan.note(p, what)
		switch what {
		case added:
			counts.Added++
		case changed:
			counts.Changed++
			counts.Removed += int64(len(p.prints) - 1) // another writer's rows under the same key
		case removed:
			counts.Removed += int64(len(p.prints))
		case unchanged:
			counts.Unchanged++
		}
		return nil
	})
	if err != nil {
		return counts, "", err
	}
	profile, err := seen.profile(to)
	return counts, profile, err
}

// loaded gives the pair without the source's row where the definition loads no data; false: then there is nothing under the key.
//
// The rows of such a table are spooled all the same, while the run lasts, since only then it is known which of two rows with one key counts. The spool is
// a file without a name that nobody else may read, and nothing of it reaches the table.
func (s *staging) loaded(p pair) (pair, bool) {
	if !s.req.Definition.Data {
		p.row = nil
	}
	return p, p.row != nil || len(p.prints) > 0
}

// write writes data and delete files that belong to no snapshot yet.
func (s *staging) write(ctx context.Context, view *table.Table, to layout, now *current, plan *rewrite) (fileChanges, error) {
	files := fileChanges{removed: plan.removed()}
	if !plan.differs {
		return files, nil
	}
	var err error
	if plan.rows > 0 {
		if files.data, err = s.writeRows(ctx, view, to, now, plan); err != nil {
			return files, err
		}
	}
	deletesView, err := deletesView(view)
	if err != nil {
		return files, err
	}
	for i, file := range now.files {
		if !plan.marks(i) {
			continue
		}
		rows := plan.dead[i]
		if file.loose {
			rows.Or(file.deleted)
		} else if err := addDeleted(ctx, deletesView, plan.merged(i), rows); err != nil {
			return files, fmt.Errorf("read a delete file: %w", err)
		}
		written, err := writeDeletes(ctx, deletesView, s.req.Run, file, rows)
		files.deletes = append(files.deletes, written...)
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// writeRows is the second pass: it writes data files in key order.
func (s *staging) writeRows(ctx context.Context, view *table.Table, to layout, now *current, plan *rewrite) ([]iceberg.DataFile, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows := func(yield func([]byte, error) bool) {
		errStop := errors.New("stop")
		err := diff(ctx, s.rows.Records(), now.prints.Records(), func(p pair) error {
			if p, ok := s.loaded(p); ok && plan.writes(p) && !yield(p.row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
	schema, batches, err := to.batches(rows)
	if err != nil {
		return nil, err
	}
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(ctx, view, schema, batches,
		table.WithTargetFileSize(s.limits.fileBytes), table.WithWriteUUID(writeUUID(s.req.Run)), table.WithRecordBatchBufferSize(1)) {
		if err != nil {
			return nil, fmt.Errorf("write a data file: %w", err)
		}
		if file, err = plainFile(view.Spec(), file); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// summary is what the staged snapshot says of itself.
func (s *staging) summary(profile string) iceberg.Properties {
	summary := iceberg.Properties{propertyRun: strconv.FormatInt(s.req.Run, 10)}
	if profile != "" {
		summary[propertyProfile] = profile
	}
	return summary
}

// commitSnapshot commits the files to the run's branch: the staged snapshot and where the table's metadata is now.
func (s *staging) commitSnapshot(ctx context.Context, tbl, view *table.Table, addSchema table.Update, to layout, now *current, files fileChanges, distinct *distinctCounter, summary iceberg.Properties) (int64, string, error) {
	fail := func(err error) (int64, string, error) {
		return 0, "", s.failed("commit", dataflow.CodeInternal, err)
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return fail(err)
	}
	writer, err := newSnapshotWriter(fs, view, s.req.Run, s.limits)
	if err != nil {
		return fail(err)
	}
	snapshot, err := writer.write(now, files, summary)
	if err != nil {
		return fail(err)
	}
	branch := stagingBranch(s.req.Run)
	requirements := []table.Requirement{
		table.AssertTableUUID(tbl.Metadata().TableUUID()), table.AssertRefSnapshotID(branch, nil),
		table.AssertRefSnapshotID(mainBranch, refOf(tbl.Metadata(), mainBranch)),
		table.AssertCurrentSchemaID(tbl.Schema().ID), table.AssertLastAssignedFieldID(tbl.Metadata().LastColumnID()),
	}
	var updates []table.Update
	if addSchema != nil {
		updates = append(updates, addSchema)
	}
	updates = append(updates, table.NewAddSnapshotUpdate(snapshot), table.NewSetSnapshotRefUpdate(branch, snapshot.SnapshotID, table.BranchRef, 0, 0, 0))
	statistics, err := writer.statistics(to, snapshot, distinct)
	if err != nil {
		return fail(err)
	}
	if statistics != nil {
		updates = append(updates, statistics)
	}
	if isEncoded(tbl.Location()) {
		updates = append(updates, table.NewSetLocationUpdate(plain(tbl.Location())))
	}
	wanted := sources(to, s.req.Table.Schema)
	maps.Copy(wanted, columnProperties(to, s.req.Table.Schema, tbl.Properties()))
	if changed := changedProperties(tbl.Properties(), wanted); len(changed) > 0 {
		updates = append(updates, table.NewSetPropertiesUpdate(changed))
	}
	_, where, err := commitTable(ctx, s.catalog, tbl, requirements, updates)
	if err != nil {
		return s.afterFailedCommit(ctx, tbl, append(files.paths(), writer.paths...), err)
	}
	return snapshot.SnapshotID, where, nil
}

// afterFailedCommit looks at the table after a commit that failed: it may have happened nevertheless, or failed because somebody was faster.
func (s *staging) afterFailedCommit(ctx context.Context, before *table.Table, written []string, failure error) (int64, string, error) {
	after, err := load(ctx, s.catalog, s.req.ID)
	isGone := dataflow.IsCode(err, dataflow.CodeNotFound)
	if err != nil && !isGone {
		return 0, "", s.failed("commit", dataflow.CodeInternal, errors.Join(failure, err))
	}
	if !isGone {
		if snapshot := refOf(after.Metadata(), stagingBranch(s.req.Run)); snapshot != nil {
			return *snapshot, after.MetadataLocation(), nil
		}
	}
	if fs, err := before.FS(ctx); err == nil && !errors.Is(failure, errCommitUnknown) {
		for _, file := range written {
			_ = fs.Remove(file) // no snapshot has it; what stays is swept with the run, or with the table
		}
	}
	if isGone {
		return 0, "", err
	}
	if after.MetadataLocation() != before.MetadataLocation() {
		failure = fmt.Errorf("%w: %w", errMoved, failure)
	}
	return 0, "", s.failed("commit", dataflow.CodeInternal, failure)
}

func changedProperties(now, wanted iceberg.Properties) iceberg.Properties {
	changed := iceberg.Properties{}
	for name, value := range wanted {
		if now[name] != value {
			changed[name] = value
		}
	}
	return changed
}

// pause waits before another try, a little longer each time, or until ctx ends.
func pause(ctx context.Context, attempt int) error {
	return dataflow.Sleep(ctx, time.Duration(attempt)*20*time.Millisecond)
}
