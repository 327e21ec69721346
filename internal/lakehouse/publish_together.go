package lakehouse

import (
	"context"
	"errors"

	"github.com/apache/iceberg-go/catalog"
	restcatalog "github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// PublishTogether implements dataflow.Tables. Where the catalog has transactions, all tables change in one: no reader ever sees tables of two runs. What a transaction can't
// do (the entries and files of tables that are dropped) is left to Publish, which finds everything else done.
func (l *Lakehouse) PublishTogether(ctx context.Context, dataflowName string, run int64, changes []dataflow.TableChange) error {
	c, err := l.writing(ctx)
	if err != nil {
		return err
	}
	transactional, ok := c.(catalog.TransactionalCatalog)
	if !ok {
		return nil
	}
	var failure error
	for attempt := 1; attempt <= publishAttempts; attempt++ {
		commits, err := l.commitsOf(ctx, c, dataflowName, run, changes)
		if err != nil || len(commits) < 2 {
			return err
		}
		failure = transactional.CommitTransaction(ctx, commits)
		if failure == nil || errors.Is(failure, restcatalog.ErrEndpointNotSupported) {
			return nil
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return &dataflow.Error{Op: "publish", Object: "tables", Cause: failure}
}

// commitsOf gives the commits that are still to be made. A table that is gone, or that a late call finds changed since, has none: Publish says what is the matter.
func (l *Lakehouse) commitsOf(ctx context.Context, c Catalog, dataflowName string, run int64, changes []dataflow.TableChange) ([]table.TableCommit, error) {
	var commits []table.TableCommit
	for _, change := range changes {
		next := publishing(run, change, &dataflow.TableResult{})
		if change.Change == dataflow.ChangeHide || change.Change == dataflow.ChangeDrop {
			next = hiding(run, change, &dataflow.TableResult{})
		}
		tbl, err := l.mine(ctx, c, dataflowName, change)
		var requirements []table.Requirement
		var updates []table.Update
		if err == nil {
			requirements, updates, err = next(tbl)
		}
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound) || dataflow.IsCode(err, dataflow.CodeFilesGone):
			continue
		case err != nil:
			return nil, err
		case len(updates) > 0:
			requirements = append(requirements, table.AssertTableUUID(tbl.Metadata().TableUUID()))
			commits = append(commits, table.TableCommit{Identifier: tbl.Identifier(), Requirements: requirements, Updates: updates})
		}
	}
	return commits, nil
}
