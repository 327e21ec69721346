package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
)

// evolution is what happens in the pool between the two applies.
var evolution = change{added: 50, changed: 30, removed: 20}

// change counts users.
type change struct{ added, changed, removed int64 }

// cognito is the test Cognito, a child process. It ends with its standard input, so none is left behind, however the demo ends.
type cognito struct {
	Endpoint    string `json:"endpoint"`
	UserPoolID  string `json:"user_pool_id"`
	accessKeyID string
	secret      string

	process *exec.Cmd
	stdin   io.Closer
}

func startCognito(ctx context.Context, bin string, users int) (*cognito, error) {
	c := &cognito{accessKeyID: "AKIADEMO" + rand.Text()[:12], secret: rand.Text() + rand.Text()}
	c.process = exec.CommandContext(ctx, filepath.Join(bin, "cognitotest"), //nolint:gosec // a program this repository built
		"-exit-with-stdin", "-users", strconv.Itoa(users), "-access-key-id", c.accessKeyID, "-secret-access-key", c.secret)
	var said bytes.Buffer
	c.process.Stderr = &said
	stdin, err := c.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start the test Cognito: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, c)
	}
	if err != nil {
		_ = c.stop()
		return nil, fmt.Errorf("the test Cognito did not say where it listens: %w\n%s", err, said.Bytes())
	}
	return c, nil
}

// evolve changes, adds and removes users.
func (c *cognito) evolve(ctx context.Context) error {
	url := fmt.Sprintf("%s/_test/evolve?changed=%d&added=%d&removed=%d", c.Endpoint, evolution.changed, evolution.added, evolution.removed)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("change users: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("change users: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("change users: %s: %s", resp.Status, body)
	}
	return nil
}

func (c *cognito) stop() error {
	if err := c.stdin.Close(); err != nil {
		return fmt.Errorf("stop the test Cognito: %w", err)
	}
	_ = c.process.Wait() // whatever its status: it has ended
	return nil
}
