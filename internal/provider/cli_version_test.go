package provider_test

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/hashicorp/go-version"
)

// needsTerraform skips a test on a CLI that lacks what Terraform has since 1.14: actions and list resources.
func needsTerraform(t *testing.T, what string) {
	t.Helper()
	needsCLI(t)
	cli := findCLI(t)
	out, err := exec.CommandContext(t.Context(), cli, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`^(\w+) v(\S+)`).FindStringSubmatch(string(out))
	if said == nil {
		t.Fatalf("%s says it is %q", cli, out)
	}
	switch {
	case said[1] != "Terraform":
		t.Skipf("%s has no %s", said[1], what)
	case version.Must(version.NewVersion(said[2])).LessThan(version.Must(version.NewVersion("1.14"))):
		t.Skipf("Terraform CLI version %s has no %s", said[2], what)
	}
}
