package resttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/servertest"
)

// StartIceberg runs Iceberg's own REST catalog server, over a SQLite database, until the test ends, and gives its address. It has no table. Settings are the server's
// environment, NAME=VALUE. `make interop` installs it and says where it is (REST), `make matrix` also what it needs for S3 (STORES).
//
// https://github.com/apache/iceberg/tree/main/open-api (RESTCatalogServer)
func StartIceberg(t testing.TB, settings ...string) string {
	t.Helper()
	folder := os.Getenv("REST")
	if folder == "" {
		t.Fatal("REST is not set: run `make interop`")
	}
	jars := filepath.Join(folder, "jars", "*") + string(os.PathListSeparator) + filepath.Join(os.Getenv("STORES"), "jars", "*")
	dir := t.TempDir()
	return servertest.Start(t, "/v1/config", func(port string) *exec.Cmd {
		server := exec.CommandContext(t.Context(), "java", "-Xmx256m", "-cp", jars, "org.apache.iceberg.rest.RESTCatalogServer") //nolint:gosec // the part's own
		server.Env = append(os.Environ(), "CATALOG_REST_PORT="+port, "CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog",
			"CATALOG_URI=jdbc:sqlite:"+filepath.Join(dir, "catalog.db"), "CATALOG_WAREHOUSE=file://"+filepath.Join(dir, "warehouse"), "CATALOG_JDBC_SCHEMA__VERSION=V1",
			"CATALOG_JDBC_STRICT__MODE=true", // else it makes tables in databases that are not there
			"CATALOG_JDBC_USER=u", "CATALOG_JDBC_PASSWORD=p", "CATALOG_IO__IMPL=org.apache.iceberg.hadoop.HadoopFileIO")
		server.Env = append(server.Env, settings...)
		return server
	})
}
