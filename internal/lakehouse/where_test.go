package lakehouse

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestWhere_IsWhatThePublishSaidUntilTheTableChanges(t *testing.T) {
	p := newPlace(t)
	ids := []dataflow.TableID{usersID, {Database: "customers", Name: "groups"}, {Database: "nobody", Name: "users"}}
	where := func(want map[dataflow.TableID]string) {
		t.Helper()
		got, err := p.Where(t.Context(), ids)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	where(map[dataflow.TableID]string{}) // there is no catalog
	published := p.publishChange(1, p.stage(stageRequest(1, usersSchema()), user("a", "a@x", 1)))
	where(map[dataflow.TableID]string{usersID: published.PublishedMetadataLocation})

	p.foreignDelete("a")
	moved := p.describe().MetadataLocation
	if moved == published.PublishedMetadataLocation {
		t.Fatal("another writer's commit has moved nothing")
	}
	where(map[dataflow.TableID]string{usersID: moved})

	path, _ := localPath(moved)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	where(map[dataflow.TableID]string{})
}
