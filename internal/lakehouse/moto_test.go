//go:build interop

package lakehouse

import (
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	iceio "github.com/apache/iceberg-go/io"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/tablestest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/mototest"
)

// motoSubject is a warehouse in an S3 that nobody here wrote.
type motoSubject struct {
	subject
	warehouse string
}

// Process implements tablestest.Subject.
func (s motoSubject) Process(workspace string) (dataflow.Tables, error) {
	return openIn(s.t, s.warehouse, s.catalog, s.dir, workspace), nil
}

// DataFiles implements tablestest.Subject.
func (s motoSubject) DataFiles() ([]string, error) {
	files, err := iceio.LoadFS(s.t.Context(), s.catalog.Properties, s.warehouse)
	if err != nil {
		return nil, err
	}
	all, err := list(files, s.warehouse)
	var names []string
	for _, file := range all {
		if strings.HasSuffix(file, ".parquet") {
			names = append(names, path.Base(file))
		}
	}
	slices.Sort(names)
	return names, err
}

// motoLake starts moto, and gives the properties of its S3, with the bucket lake.
func motoLake(t testing.TB) map[string]string {
	t.Helper()
	endpoint := mototest.Start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/lake", http.NoBody)
	mustDo(t, err)
	made, err := http.DefaultClient.Do(request)
	mustDo(t, err)
	mustDo(t, made.Body.Close())
	return map[string]string{"s3.endpoint": endpoint, "s3.region": "us-east-1", "s3.access-key-id": "AKIALAKE", "s3.secret-access-key": "any"}
}

func TestMoto_LakehouseConforms(t *testing.T) {
	properties := motoLake(t)
	worlds := 0
	tablestest.Suite(t, func(t testing.TB) tablestest.Subject {
		worlds++
		dir, warehouse := t.TempDir(), fmt.Sprintf("s3://lake/%d", worlds)
		catalog := CatalogConfig{URI: filepath.Join(dir, "catalog.db"), Properties: properties}
		return motoSubject{subject{&place{Lakehouse: openIn(t, warehouse, catalog, dir, "workspace-1"), t: t, dir: dir}, catalog}, warehouse}
	})
}
