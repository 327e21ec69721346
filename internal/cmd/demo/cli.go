package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

var (
	oldest = version.Must(version.NewVersion("1.11.0")) // write-only arguments need it
	wanted = version.Must(version.NewVersion("1.15.5")) // what is downloaded where there is none
)

// cli is a Terraform or OpenTofu that takes the provider from the build.
type cli struct {
	path string
	name string // "Terraform 1.15.5"
	dir  string // where it works
	rc   string // its configuration file
	env  []string
}

// findCLI takes terraform or tofu from PATH, or downloads a Terraform into the bin folder.
func findCLI(ctx context.Context, bin, dir string) (*cli, error) {
	c := &cli{dir: dir, rc: filepath.Join(dir, "demo.tfrc")}
	// dev_overrides take the provider as it was built: no registry, no init, no lock file.
	// The short address is the one that Terraform and OpenTofu each complete with its own registry.
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"skypointcloud/skypoint\" = %q\n  }\n  direct {}\n}\ndisable_checkpoint = true\n", bin)
	if err := os.WriteFile(c.rc, []byte(rc), 0o600); err != nil {
		return nil, err
	}
	var tooOld []string
	for _, command := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(command)
		if err != nil {
			continue
		}
		c.path = path
		v, err := c.version(ctx)
		if err != nil {
			return nil, err
		}
		if v.GreaterThanOrEqual(oldest) {
			return c, nil
		}
		tooOld = append(tooOld, c.name)
	}
	if len(tooOld) > 0 {
		fmt.Printf("On PATH is %s; the provider needs %s or newer.\n", strings.Join(tooOld, " and "), oldest)
	}
	if err := c.download(ctx, bin); err != nil {
		return nil, err
	}
	return c, nil
}

// download gets a Terraform, whose checksums and signature hc-install verifies, once.
func (c *cli) download(ctx context.Context, bin string) error {
	c.path = filepath.Join(bin, product.Terraform.BinaryName())
	if _, err := os.Stat(c.path); err != nil {
		fmt.Printf("Downloading Terraform %s (no terraform or tofu on PATH that would do)…\n", wanted)
		release := &releases.ExactVersion{Product: product.Terraform, Version: wanted, InstallDir: bin}
		if _, err := release.Install(ctx); err != nil {
			return fmt.Errorf("download Terraform: %w\nPut a terraform or tofu %s or newer on PATH and run the demo again; tools/install-tofu.sh builds one from the Go module proxy", err, oldest)
		}
	}
	_, err := c.version(ctx)
	return err
}

func (c *cli) version(ctx context.Context) (*version.Version, error) {
	out, err := c.command(ctx, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s version: %w", c.path, err)
	}
	first, _, _ := strings.Cut(string(out), "\n") // "Terraform v1.15.5", "OpenTofu v1.12.6"
	name, number, _ := strings.Cut(strings.TrimSpace(first), " v")
	v, err := version.NewVersion(number)
	if err != nil {
		return nil, fmt.Errorf("%s version says %q: %w", c.path, first, err)
	}
	c.name = name + " " + number
	return v, nil
}

func (c *cli) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...) //nolint:gosec // a CLI from PATH, which is the person's own choice
	cmd.Dir = c.dir
	// What the person has set for Terraform elsewhere (arguments, logs, variables) is not for this one.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") || strings.HasPrefix(v, "SKYPOINT_") })
	cmd.Env = append(append(cmd.Env, c.env...), "TF_CLI_CONFIG_FILE="+c.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	// A Ctrl-C reaches the CLI from the terminal, and a second signal would make it give up its state:
	// it is left to end by itself, and killed only when it does not.
	cmd.Cancel = func() error { return nil }
	cmd.WaitDelay = time.Minute
	return cmd
}

// apply applies the configuration. What the CLI says is shown when it fails.
func (c *cli) apply(ctx context.Context, pool *cognito, build string) error {
	cmd := c.command(ctx, "apply", "-auto-approve", "-input=false", "-no-color")
	cmd.Env = append(cmd.Env,
		"TF_VAR_user_pool_id="+pool.UserPoolID, "TF_VAR_endpoint="+pool.Endpoint,
		"TF_VAR_access_key_id="+pool.accessKeyID, "TF_VAR_secret_access_key="+pool.secret,
		"TF_VAR_build="+build,
		"TF_VAR_max_requests_per_second=200", // the test Cognito has no quota; AWS's is 30 requests/s
	)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		return fmt.Errorf("%s apply: %w\n%s", c.path, err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "Apply complete!") {
			fmt.Printf("   %s (%.1f s)\n", strings.TrimSpace(line), time.Since(begun).Seconds())
		}
	}
	return nil
}

// outputs reads the configuration's outputs.
func (c *cli) outputs(ctx context.Context) (outputs, error) {
	out, err := c.command(ctx, "output", "-json").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return outputs{}, fmt.Errorf("%s output: %w\n%s", c.path, err, exit.Stderr)
		}
		return outputs{}, fmt.Errorf("%s output: %w", c.path, err)
	}
	var o outputs
	if err := json.Unmarshal(out, &o); err != nil {
		return outputs{}, fmt.Errorf("%s output: %w", c.path, err)
	}
	return o, nil
}
