package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// Each part of a benchmark is a process of its own, so that nothing is measured but what it says: the server, the importer
// (this test binary again, with the engine put together as the provider does it) or the provider, and the test that starts both.

// poolSizes are the pools that are imported: memory at the larger may be little more than at the smaller.
var poolSizes = []int{benchUsers(100_000), benchUsers(1_000_000)}

// benchUsers gives the number of users that a benchmark is made for, or the share of it that SKYPOINT_BENCH_SCALE names: 0.01 tries
// in a short time whether a benchmark works.
func benchUsers(n int) int {
	if scale, err := strconv.ParseFloat(os.Getenv("SKYPOINT_BENCH_SCALE"), 64); err == nil {
		return int(float64(n) * scale)
	}
	return n
}

// fewChanged is how many users change before the third import.
const fewChanged = 100

// BenchmarkImport imports a pool three times: first, again, and after a few users have changed. A bare SDK loop over the
// same server comes before it, so that the two can be compared whatever the machine is doing.
//
// SKYPOINT_BENCH_PROFILES names a folder for profiles of each import: <users>-<tables>-<import>.cpu.pprof and .heap.pprof.
func BenchmarkImport(b *testing.B) {
	bin := buildPrograms(b)
	for _, users := range poolSizes {
		for _, tables := range [][]string{{"users"}, {"users", "groups", "group_memberships"}} {
			b.Run(fmt.Sprintf("users=%d/tables=%d", users, len(tables)), func(b *testing.B) {
				server := startServer(b, bin, users)
				for b.Loop() {
					bare := server.readBare(b)
					first := float64(users) / benchmarkImports(b, server, users, tables)["first"].Seconds
					if len(tables) == 1 { // the loop reads no other
						b.ReportMetric(bare.usersPerSecond, "bare-users/s")
						b.ReportMetric(bare.cpuSeconds, "bare-cpu-s")
						b.ReportMetric(100*first/bare.usersPerSecond, "of-bare-%")
					}
				}
				b.ReportMetric(0, "ns/op") // of three imports and a loop: says nothing
			})
		}
	}
}

// BenchmarkBareSDKLoop reads a pool with the SDK alone: what any import of it must do at least.
func BenchmarkBareSDKLoop(b *testing.B) {
	bin := buildPrograms(b)
	for _, users := range poolSizes {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			server := startServer(b, bin, users)
			for b.Loop() {
				bare := server.readBare(b)
				b.ReportMetric(bare.usersPerSecond, "users/s")
				b.ReportMetric(bare.cpuSeconds, "cpu-s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkApply imports a pool as a person does: a CLI applies a configuration, with the provider in a process of its own.
// The time holds all of `apply`: the plan, the connection check, the import, and reading back what it made.
func BenchmarkApply(b *testing.B) {
	bin := buildPrograms(b)
	for _, users := range poolSizes {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			server := startServer(b, bin, users)
			for b.Loop() {
				key := cognitotest.DefaultCredential()
				r := newRoot(b, fmt.Sprintf(`
terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}

resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = %q
  access_key_id                = %q
  secret_access_key_wo         = %q
  secret_access_key_wo_version = 1
  endpoint                     = %q
  max_requests_per_second      = 10000
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {} }
}
`, server.UserPoolID, key.AccessKeyID, key.SecretAccessKey, server.Endpoint))
				peaks := b.TempDir()
				r.env[peaksEnv] = peaks
				delete(r.env, "TF_LOG")
				began := time.Now()
				r.succeed("apply", "-auto-approve")
				b.ReportMetric(float64(users)/time.Since(began).Seconds(), "users/s")
				b.ReportMetric(highestPeak(b, peaks), "peak-MB")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// benchmarkImports makes a workspace and imports the pool into it three times: "first", "again" and, after a few users changed, "few".
func benchmarkImports(b *testing.B, server *server, users int, tables []string) map[string]imported {
	b.Helper()
	workspace := filepath.Join(b.TempDir(), "skypoint")
	return benchmarkImportsAt(b, workspace, func() map[string]int64 { return dataFiles(b, workspace) }, server, users, tables)
}

// benchmarkImportsAt is benchmarkImports at another place, see homeAt; files gives its data files with their sizes.
func benchmarkImportsAt(b *testing.B, workspace string, files func() map[string]int64, server *server, users int, tables []string) map[string]imported {
	b.Helper()
	declare(b, workspace, server, unlimited, tables, "Customers")
	imports := map[string]imported{}
	before := map[string]int64{}
	for _, run := range []struct {
		name   string
		change int
	}{{"first", 0}, {"again", 0}, {"few", fewChanged}} {
		if run.change > 0 {
			server.evolve(b, run.change)
		}
		done := startImporter(b, workspace, fmt.Sprintf("%d-%d-%s", users, len(tables), run.name))
		done.check(b, run.name, users)
		imports[run.name] = done
		after := files()
		var written int64
		for file, size := range after {
			if _, there := before[file]; !there {
				written += size
			}
		}
		before = after
		b.ReportMetric(float64(users)/done.Seconds, run.name+"-users/s")
		b.ReportMetric(done.cpuSeconds, run.name+"-cpu-s")
		b.ReportMetric(done.PeakMB, run.name+"-peak-MB")
		b.ReportMetric(float64(written)/1e6, run.name+"-written-MB")
	}
	return imports
}

// check compares what the runs counted in the users table with what they must have.
func (i imported) check(b *testing.B, name string, users int) {
	b.Helper()
	total := int64(users)
	want := map[string]dataflow.Counts{
		"first": {Read: total, Added: total},
		"again": {Read: total, Unchanged: total},
		"few":   {Read: total, Changed: fewChanged, Unchanged: total - fewChanged},
	}[name]
	for _, run := range i.Runs {
		found := slices.ContainsFunc(run.Tables, func(table dataflow.TableResult) bool { return table.Key == "users" && table.Counts == want })
		if !found {
			b.Fatalf("import %s: not %+v but %s", name, want, run.Description)
		}
	}
}

// dataFiles gives the sizes of the warehouse's data files.
func dataFiles(b *testing.B, workspace string) map[string]int64 {
	b.Helper()
	sizes := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(workspace, "warehouse"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		info, err := d.Info()
		sizes[path] = info.Size()
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return sizes
}

// unlimited requests per second: the limiter is not what is measured.
const unlimited = 1_000_000

// declare makes the records that an apply would make before its runs: a connector, and dataflows with these names.
func declare(b testing.TB, workspace string, server *server, perSecond int64, tables []string, names ...string) {
	b.Helper()
	l, err := homeAt(workspace).Ledger(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	key := cognitotest.DefaultCredential()
	err = l.CreateConnector(b.Context(), dataflow.Connector{
		Type: cognito.TypeName, Name: "App", Settings: cognito.Settings{
			UserPoolID: server.UserPoolID, Region: server.Region, AccessKeyID: &key.AccessKeyID, Endpoint: &server.Endpoint, MaxRequestsPerSecond: perSecond,
		}.Raw(),
	}, &key.SecretAccessKey)
	if err != nil {
		b.Fatal(err)
	}
	e, err := homeAt(workspace).Engine(b.Context(), dataflow.Process{})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		definition := dataflow.Definition{
			Name: name, Connector: "App", Database: strings.ToLower(name), Tables: map[string]dataflow.TableDefinition{},
			MaxRemovedPercent: dataflow.DefaultMaxRemovedPercent, RetainRuns: dataflow.DefaultRetainRuns,
		}
		for _, key := range tables {
			definition.Tables[key] = dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: key}
		}
		if _, err := e.Declare(b.Context(), definition); err != nil {
			b.Fatal(err)
		}
	}
}

// homeAt gives the home at a folder's path, or at a team's place (team.place).
func homeAt(place string) provider.Home {
	var p teamPlace
	if err := json.Unmarshal([]byte(place), &p); err == nil {
		return provider.TeamHome(p.Workspace, p.Scratch, p.SecretsKey, p.CatalogURI, p.Properties)
	}
	return provider.FolderHome(place)
}

// The importer: a process that imports once.

// importerEnv holds the workspace whose dataflows this process is to import side by side, if that is what it was started for.
const importerEnv = "SKYPOINT_BENCH_IMPORT"

// importerProfileEnv holds how the paths of the importer's profiles begin.
const importerProfileEnv = "SKYPOINT_BENCH_PROFILE"

// imported is what an importer says on its standard output.
type imported struct {
	Seconds float64        `json:"seconds"` // from opening the workspace to the end of the last run
	PeakMB  float64        `json:"peak_mb"` // the most memory that the process had resident; 0: the system does not tell
	Runs    []dataflow.Run `json:"runs"`    // one per dataflow

	cpuSeconds float64 // of the whole process: less at the mercy of a busy machine than Seconds
}

func startImporter(b *testing.B, workspace, name string) imported {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	env := []string{importerEnv + "=" + workspace}
	if folder := os.Getenv("SKYPOINT_BENCH_PROFILES"); folder != "" {
		env = append(env, importerProfileEnv+"="+filepath.Join(folder, name))
	}
	var done imported
	done.cpuSeconds = ask(b, exec.CommandContext(b.Context(), self), env, &done).cpuSeconds
	return done
}

// importerMain is main of an importer. It gives the process's status.
func importerMain(workspace string) int {
	done, err := importOnce(context.Background(), workspace)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(done)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func importOnce(ctx context.Context, workspace string) (imported, error) {
	stop, err := profile(os.Getenv(importerProfileEnv))
	if err != nil {
		return imported{}, err
	}
	began := time.Now()
	l, err := homeAt(workspace).Ledger(ctx)
	if err != nil {
		return imported{}, err
	}
	names, err := l.Dataflows(ctx)
	if err != nil {
		return imported{}, err
	}
	e, err := homeAt(workspace).Engine(ctx, dataflow.Process{})
	if err != nil {
		return imported{}, err
	}
	runs := make([]dataflow.Run, len(names))
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() error {
			record, err := l.Dataflow(ctx, name)
			if err != nil {
				return err
			}
			runs[i], err = e.Import(ctx, engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerResource})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return imported{}, err
	}
	done := imported{Seconds: time.Since(began).Seconds(), PeakMB: peakMB(), Runs: runs}
	return done, stop()
}

// peakMB reads the process's own peak of resident memory. What wait4 tells of a child would hold the parent's too,
// in whose memory a child begins.
// Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err == nil {
				return kib * 1024 / 1e6
			}
		}
	}
	return 0
}

// peaksEnv names a folder in which every provider that a CLI starts notes its peak of memory at its end.
const peaksEnv = "SKYPOINT_BENCH_PEAKS"

func notePeak() error {
	folder := os.Getenv(peaksEnv)
	if folder == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(folder, strconv.Itoa(os.Getpid())), fmt.Append(nil, peakMB()), 0o600)
}

func highestPeak(b *testing.B, folder string) float64 {
	b.Helper()
	notes, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(notes) == 0 {
		b.Fatal("no provider noted its peak of memory: ", err)
	}
	var highest float64
	for _, note := range notes {
		text, err := os.ReadFile(note)
		if err != nil {
			b.Fatal(err)
		}
		peak, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			b.Fatal(err)
		}
		highest = max(highest, peak)
	}
	return highest
}

// profile begins to profile the process, if it is to be; stop ends that and writes the profiles.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		if err := cpu.Close(); err != nil {
			return err
		}
		runtime.GC()
		heap, err := os.Create(path + ".heap.pprof")
		if err != nil {
			return err
		}
		if err := pprof.WriteHeapProfile(heap); err != nil {
			return err
		}
		return heap.Close()
	}, nil
}

// The server: cognitotest in a process of its own.

type programs struct{ serve, bare string }

// server is a running Cognito with one pool.
type server struct {
	Endpoint   string `json:"endpoint"`
	UserPoolID string `json:"user_pool_id"`
	Region     string `json:"region"`
	bare       string
}

// buildPrograms builds the server and the bare SDK loop.
func buildPrograms(b *testing.B) programs {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.CommandContext(b.Context(), "go", "build", "-o", dir+string(filepath.Separator), "../cognitotest/serve", "../cognitotest/bare")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return programs{serve: filepath.Join(dir, "serve"), bare: filepath.Join(dir, "bare")}
}

// startServer starts a server that ends with the benchmark, or with this process. More flags say how it behaves.
func startServer(b *testing.B, bin programs, users int, flags ...string) *server {
	b.Helper()
	flags = append(flags, "-exit-with-stdin", "-users", strconv.Itoa(users)) // it ends with its standard input
	cmd := exec.Command(bin.serve, flags...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	s := &server{bare: bin.bare}
	if err := json.Unmarshal(line, s); err != nil {
		b.Fatal(err)
	}
	return s
}

// evolve changes so many users.
func (s *server) evolve(b *testing.B, changed int) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, fmt.Sprintf("%s/_test/evolve?changed=%d", s.Endpoint, changed), http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		b.Fatal(answer.Status, err)
	}
}

// stats gives what the server did so far.
func (s *server) stats(b *testing.B) (stats cognitotest.Stats) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.Endpoint+"/_test/stats", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	err = json.NewDecoder(answer.Body).Decode(&stats)
	if closeErr := answer.Body.Close(); err != nil || closeErr != nil {
		b.Fatal(err, closeErr)
	}
	return stats
}

// bareLoop is what a bare SDK loop took.
type bareLoop struct{ usersPerSecond, cpuSeconds float64 }

// readBare reads the pool with a bare SDK loop.
func (s *server) readBare(b *testing.B) bareLoop {
	b.Helper()
	var done struct {
		Users   int     `json:"users"`
		Seconds float64 `json:"seconds"`
	}
	cpu := ask(b, exec.CommandContext(b.Context(), s.bare, "-endpoint", s.Endpoint, "-pool", s.UserPoolID, "-region", s.Region), keyEnv(), &done).cpuSeconds
	return bareLoop{float64(done.Users) / done.Seconds, cpu}
}

// keyEnv gives the environment in which the SDK and the AWS CLI find the servers' key.
func keyEnv() []string {
	key := cognitotest.DefaultCredential()
	return []string{"AWS_ACCESS_KEY_ID=" + key.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + key.SecretAccessKey}
}

// took is what a program took from its start to its end.
type took struct{ seconds, cpuSeconds float64 }

// ask runs a program, with no AWS configuration but what env has, and reads the JSON that it prints.
func ask(b *testing.B, cmd *exec.Cmd, env []string, into any) took {
	b.Helper()
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	cmd.Env = append(cmd.Env, env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	out, err := cmd.Output()
	seconds := time.Since(began).Seconds()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		b.Fatalf("%s: %v: %s", filepath.Base(cmd.Path), err, said.Bytes())
	}
	return took{seconds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
}
