package engine

import (
	"context"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// checkCatalog refuses to work on a dataflow whose tables are in another catalog than the one that is configured now. Nothing of them is in this one, so they
// would look as if somebody had dropped them: an import would make them anew, and a removal would leave them for ever.
//
// A catalog that is only called otherwise (another host name of one server) has the tables, and is no other one.
func (e *Engine) checkCatalog(ctx context.Context, name string, standing dataflow.Standing) error {
	var ids []dataflow.TableID
	for _, t := range standing.Tables {
		ids = append(ids, t.TableID)
	}
	return e.checkTablesAreHere(ctx, name, standing.Catalog, ids)
}

// checkDecided refuses to carry out a run whose owner has staged its tables in another catalog: they would all look dropped.
func (e *Engine) checkDecided(ctx context.Context, started dataflow.Started, decision dataflow.Decision) error {
	var ids []dataflow.TableID
	for _, change := range decision.Tables {
		ids = append(ids, change.TableID)
	}
	return e.checkTablesAreHere(ctx, started.Dataflow, started.Catalog, ids)
}

func (e *Engine) checkTablesAreHere(ctx context.Context, name, catalog string, ids []dataflow.TableID) error {
	here := e.tables.Place()
	if catalog == "" || catalog == here || len(ids) == 0 {
		return nil
	}
	where, err := e.tables.Where(ctx, ids)
	if err != nil || len(where) > 0 {
		return err
	}
	return &dataflow.Error{
		Code: dataflow.CodeCatalog, Object: fmt.Sprintf("dataflow %q", name),
		Cause: fmt.Errorf("its tables are in catalog %s, and the provider is configured with catalog %s, which has none of them", catalog, here),
		Hint:  "Set catalog of the provider back. To move the dataflow, destroy it there and create it with the new catalog: its tables are imported anew, and its history stays.",
	}
}
