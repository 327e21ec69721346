package resttest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// StartIceberg runs Iceberg's own REST catalog server, over a SQLite database, until the test ends, and gives its address. It has no table. Settings are the server's
// environment, NAME=VALUE. `make interop` installs it and says where it is (REST), `make matrix` also what it needs for S3 (STORES).
//
// https://github.com/apache/iceberg/tree/main/open-api (RESTCatalogServer)
func StartIceberg(t testing.TB, settings ...string) string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	folder := os.Getenv("REST")
	if folder == "" {
		t.Fatal("REST is not set: run `make interop`")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	must(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(err)
	must(listener.Close())
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "server.log"))
	must(err)
	server := exec.CommandContext(t.Context(), "java", "-Xmx256m", "-cp", filepath.Join(folder, "jars", "*")+string(os.PathListSeparator)+filepath.Join(os.Getenv("STORES"), "jars", "*"), "org.apache.iceberg.rest.RESTCatalogServer") //nolint:gosec // the part's own
	server.Env = append(os.Environ(), "CATALOG_REST_PORT="+port, "CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog",
		"CATALOG_URI=jdbc:sqlite:"+filepath.Join(dir, "catalog.db"), "CATALOG_WAREHOUSE=file://"+filepath.Join(dir, "warehouse"), "CATALOG_JDBC_SCHEMA__VERSION=V1", "CATALOG_JDBC_STRICT__MODE=true", // else it makes tables in databases that are not there

		"CATALOG_JDBC_USER=u", "CATALOG_JDBC_PASSWORD=p", "CATALOG_IO__IMPL=org.apache.iceberg.hadoop.HadoopFileIO")
	server.Env = append(server.Env, settings...)
	server.Stdout, server.Stderr = log, log
	must(server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed: its status says nothing
		_ = log.Close()
	})
	address := "http://127.0.0.1:" + port
	for begun := time.Now(); ; {
		answer, err := http.Get(address + "/v1/config") //nolint:noctx // this machine's, until the deadline below
		if err == nil {
			must(answer.Body.Close())
			return address
		}
		if time.Since(begun) > time.Minute {
			said, _ := os.ReadFile(log.Name()) // best effort
			t.Fatal(fmt.Errorf("the REST catalog does not answer: %w\n%s", err, said))
		}
		must(dataflow.Sleep(t.Context(), 50*time.Millisecond))
	}
}
