package lakehouse

import (
	"testing"

	"github.com/apache/iceberg-go/table"
)

func TestCreate_KnowsADatabaseThatWasDroppedMeanwhile(t *testing.T) {
	p := newPlace(t)
	c, err := p.writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := stageRequest(1, usersSchema())
	if err := p.useDatabase(t.Context(), c, req.Dataflow, req.ID.Database); err != nil {
		t.Fatal(err)
	}
	if err := c.DropNamespace(t.Context(), table.Identifier{req.ID.Database}); err != nil { // as a removal that comes late does
		t.Fatal(err)
	}
	if _, err := p.create(t.Context(), c, req); !isDropped(err) {
		t.Errorf("the table could not be made: %v", err)
	}
	if err := p.ensure(t.Context(), c, req); err != nil {
		t.Error(err)
	}
}
