//go:build torture && linux

package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// setting gives an environment variable that `make torture` sets.
func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run `make torture`", name)
	}
	return value
}

// config is what main.tf asks for.
type config struct {
	tables map[string]string // key → table_name
	build  int
	pinned int64 // 0: not pinned
	retain int64
	gone   bool // the dataflow is taken out
}

func (c config) clone() config {
	c.tables = maps.Clone(c.tables)
	return c
}

func (c config) hcl(endpoint, provider string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `terraform {
  required_providers {
    skypoint = { source = "skypointcloud/skypoint" }
  }
}
%s
resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = %q
  access_key_id                = %q
  secret_access_key_wo         = %q
  secret_access_key_wo_version = 1
  endpoint                     = %q
  max_requests_per_second      = 10000
}
`, provider, poolID, keyID, secretKey, endpoint)
	if c.gone {
		return b.String()
	}
	fmt.Fprint(&b, `
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables = {
`)
	for _, key := range slices.Sorted(maps.Keys(c.tables)) {
		fmt.Fprintf(&b, "    %s = { table_name = %q }\n", key, c.tables[key])
	}
	fmt.Fprintf(&b, `  }
  refresh_triggers    = { build = "%d" }
  retain_runs         = %d
  max_removed_percent = 100
`, c.build, c.retain)
	if c.pinned != 0 {
		fmt.Fprintf(&b, "  pinned_run          = %d\n", c.pinned)
	}
	b.WriteString("}\n")
	return b.String()
}

// root is a root module on disk, and the CLI that works in it.
type root struct {
	dir  string
	cli  string
	rc   string
	team *team        // nil: the workspace is in the default place
	rest *restCatalog // nil: the catalog is in the default place, or the team's
	log  bytes.Buffer // all that was done and said, for a round that goes wrong
}

// workspace is the folder that has what is in the workspace.
func (r *root) workspace() string {
	if r.team != nil {
		return r.team.workspace()
	}
	return filepath.Join(r.dir, ".skypoint")
}

// catalog is the address of the database or of the REST catalog, or the path of the database's file.
func (r *root) catalog() string {
	switch {
	case r.team != nil:
		return r.team.catalog
	case r.rest != nil:
		return r.rest.direct
	}
	return filepath.Join(r.workspace(), "catalog.db")
}

// look is a question about the root's tables.
func (r *root) look(op string) question {
	q := question{Op: op, DB: r.catalog(), Warehouse: filepath.Join(r.workspace(), "warehouse"), Database: "customers"}
	if r.team != nil {
		q.Endpoint, q.Objects = r.team.endpoint, r.team.objects
	}
	return q
}

func (r *root) write(c config, endpoint string) error {
	provider := ""
	switch {
	case r.team != nil:
		provider = r.team.block()
	case r.rest != nil:
		provider = r.rest.block()
	}
	text := c.hcl(endpoint, provider)
	fmt.Fprintf(&r.log, "---- main.tf\n%s", text)
	return os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(text), 0o600)
}

// restore puts Terraform's state file back when a kill has cut it off, and says whether it had: Terraform writes it in place
// (https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statemgr/filesystem.go), and keeps the one before as its backup.
// What the CLI does to its own file is no part of what is tested here, so this is not counted as a hand that the provider needed.
func (r *root) restore() (bool, error) {
	path := filepath.Join(r.dir, "terraform.tfstate")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && json.Valid(content) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	fmt.Fprintf(&r.log, "---- the state is cut off after %d bytes\n", len(content))
	backup, err := os.ReadFile(path + ".backup")
	if errors.Is(err, fs.ErrNotExist) { // it was to be the first one
		return true, os.Remove(path)
	}
	if err != nil {
		return true, err
	}
	return true, os.WriteFile(path, backup, 0o600)
}

// patience is how long any command may take. With two hosts it waits for a lease, which is short here (provider/main.go).
const patience = 2 * time.Minute

// process is a command of the CLI under way, in a process group of its own.
type process struct {
	*exec.Cmd
	said  bytes.Buffer
	began time.Time
	ended chan struct{} // closed when it has ended
	stop  context.CancelFunc
	log   *bytes.Buffer
}

func (r *root) start(args ...string) (*process, error) {
	return r.startOn(r.anyHost(), args...)
}

// anyHost draws the host of the next command.
func (*root) anyHost() string { return hosts[rand.IntN(len(hosts))] }

// startOn is start on a host, where the root is a team's.
func (r *root) startOn(host string, args ...string) (*process, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	program, arguments, env := r.cli, slices.Concat(args[:1], []string{"-input=false", "-no-color"}, args[1:]), []string(nil)
	if r.team != nil {
		program, arguments, env = r.team.command(host, r.cli, arguments)
	}
	p := &process{Cmd: exec.CommandContext(ctx, program, arguments...), ended: make(chan struct{}), stop: stop, log: &r.log}
	p.Dir = r.dir
	p.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc([]string{"TF_", "SKYPOINT_", "AWS_"}, func(prefix string) bool { return strings.HasPrefix(v, prefix) })
	})
	p.Env = append(append(p.Env, env...), "TF_CLI_CONFIG_FILE="+r.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "AWS_EC2_METADATA_DISABLED=true",
		"GOGC=400") // a command starts the provider three times, and collecting garbage is a third of what each start costs
	p.Stdout, p.Stderr = &p.said, &p.said
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Cancel = func() error { return syscall.Kill(-p.Process.Pid, syscall.SIGKILL) }
	p.WaitDelay = time.Second // a killed CLI's provider may hold its output open
	p.began = time.Now()
	if err := p.Start(); err != nil {
		stop()
		return nil, err
	}
	go func() {
		_ = p.Wait() // its exit code says how it ended
		close(p.ended)
	}()
	return p, nil
}

// end waits for the command to end, and gives its exit code: -1 when it was killed.
func (p *process) end() (int, error) {
	<-p.ended
	defer p.stop()
	took := time.Since(p.began)
	fmt.Fprintf(p.log, "---- %s: exit %d after %s\n%s\n", strings.Join(p.Args[1:], " "), p.ProcessState.ExitCode(), took.Round(time.Millisecond), p.said.Bytes())
	if took >= patience {
		return -1, errors.New("it hangs")
	}
	return p.ProcessState.ExitCode(), nil
}

// run runs a command to its end.
func (r *root) run(args ...string) (code int, err error) {
	p, err := r.start(args...)
	if err != nil {
		return -1, err
	}
	return p.end()
}

// importCommand is what the provider prints, on a line of its own, when a create meets what is complete.
var importCommand = regexp.MustCompile(`(?m)^[│ ]*terraform import (skypoint_\w+)\.ADDRESS (\w+)$`)

// addresses are where main.tf has the one resource of each type.
var addresses = map[string]string{"skypoint_cognito_connector": "skypoint_cognito_connector.app", "skypoint_dataflow": "skypoint_dataflow.customers"}

// imported runs the import command that a failed command has printed, and says whether there was one.
func (r *root) imported(p *process) (bool, error) {
	match := importCommand.FindSubmatch(p.said.Bytes())
	if match == nil {
		return false, nil
	}
	code, err := r.run("import", addresses[string(match[1])], string(match[2]))
	if err == nil && code != 0 {
		err = fmt.Errorf("the import command that was printed ended with %d", code)
	}
	return true, err
}
