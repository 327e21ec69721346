//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pool is a user pool that answers on this machine.
type pool struct {
	Endpoint   string `json:"endpoint"`
	UserPoolID string `json:"user_pool_id"`
	keyID      string
	secret     string
}

// setting gives an environment variable that `make interop` sets.
func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run `make interop`", name)
	}
	return value
}

// python gives a command that runs a script of this folder with one of the installed parts.
func python(t *testing.T, part, script string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(setting(t, part), "bin", "python"), append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func startMoto(t *testing.T, users, groups int) *pool {
	t.Helper()
	port := freePort(t)
	server := exec.CommandContext(t.Context(), filepath.Join(setting(t, "MOTO"), "bin", "moto_server"), "-H", "127.0.0.1", "-p", port)
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed: its status says nothing
	})
	p := &pool{Endpoint: "http://127.0.0.1:" + port, keyID: "AKIAMOTO", secret: "moto-takes-any"}
	await(t, p.Endpoint+"/moto-api/", &said)

	seed := python(t, "PYICEBERG", "seed_moto.py", p.Endpoint, strconv.Itoa(users), strconv.Itoa(groups))
	seed.Stderr = os.Stderr
	id, err := seed.Output()
	if err != nil {
		t.Fatalf("seed moto: %v\n%s", err, tail(said.String()))
	}
	p.UserPoolID = strings.TrimSpace(string(id))
	return p
}

// dump reads the pool over its API with another client, into a folder that compare.py takes; or only what is named.
func (p *pool) dump(t *testing.T, only ...string) string {
	t.Helper()
	folder := t.TempDir()
	cmd := python(t, "PYICEBERG", "dump.py", append([]string{p.Endpoint, p.UserPoolID, folder}, only...)...)
	cmd.Env = append(cmd.Env, "ACCESS_KEY_ID="+p.keyID, "SECRET_ACCESS_KEY="+p.secret)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dump: %v\n%s", err, out)
	}
	return folder
}

func startCognitotest(t *testing.T, users, groups int) *pool {
	t.Helper()
	p := &pool{keyID: "AKIATEST", secret: "a-secret-of-the-test"}
	server := exec.CommandContext(t.Context(), filepath.Join(setting(t, "BIN"), "cognitotest"), "-exit-with-stdin", "-hostile",
		"-users", strconv.Itoa(users), "-groups", strconv.Itoa(groups), "-access-key-id", p.keyID, "-secret-access-key", p.secret)
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe() // it ends with this
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait() // whatever its status: it has ended
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, p); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return p
}

// fetchAll writes what the server says is there, past its API, into a folder that compare.py takes.
func (p *pool) fetchAll(t *testing.T) string {
	t.Helper()
	folder := p.dump(t, "schema")
	for _, what := range []string{"users", "groups", "memberships"} {
		resp := p.request(t, http.MethodGet, "/_test/"+what)
		f, err := os.Create(filepath.Join(folder, what+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, resp.Body); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // read to its end
	}
	return folder
}

func (p *pool) post(t *testing.T, path string) {
	t.Helper()
	_ = p.request(t, http.MethodPost, path).Body.Close() // its status has said all
}

func (p *pool) request(t *testing.T, method, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.Endpoint+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		body, err := io.ReadAll(resp.Body)
		t.Fatalf("%s %s: %s: %s %v", method, path, resp.Status, body, err)
	}
	return resp
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// await waits until something answers.
func await(t *testing.T, url string, said fmt.Stringer) {
	t.Helper()
	const patience = 60 * time.Second
	deadline := time.After(patience)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close() // that it answers is all
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("nothing answers at %s after %s: %v\n%s", url, patience, err, tail(said.String()))
		}
	}
}

// tail gives the end of a log.
func tail(log string) string {
	const enough = 4000
	if len(log) > enough {
		return "…" + log[len(log)-enough:]
	}
	return log
}
