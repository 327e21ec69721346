package starter

import (
	"os"
	"os/user"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestJob_IsWhatTheSystemSaysOfIt(t *testing.T) {
	for name, test := range map[string]struct {
		variables map[string]string
		want      dataflow.Starter
	}{
		"no system": {map[string]string{"HOME": "/root", "CI": "true"}, dataflow.Starter{}},
		"GitHub": {
			map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/infra", "GITHUB_ACTOR": "ada", "GITHUB_TOKEN": "s3cret"},
			dataflow.Starter{System: "GitHub Actions", Actor: "ada", URL: "https://github.com/acme/infra/actions/runs/77"},
		},
		"GitHub without a repository": {map[string]string{"GITHUB_RUN_ID": "77"}, dataflow.Starter{System: "GitHub Actions"}},
		"GitLab": {
			map[string]string{"GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.com/acme/infra/-/jobs/5", "GITLAB_USER_LOGIN": "ada"},
			dataflow.Starter{System: "GitLab CI/CD", Actor: "ada", URL: "https://gitlab.com/acme/infra/-/jobs/5"},
		},
		"HCP Terraform, which runs nothing of GitHub's": {
			map[string]string{"TFC_RUN_ID": "run-1", "TFC_WORKSPACE_SLUG": "acme/prod", "GITHUB_RUN_ID": "77"},
			dataflow.Starter{System: "HCP Terraform", URL: "https://app.terraform.io/app/acme/prod/runs/run-1"},
		},
		"Azure": {
			map[string]string{"TF_BUILD": "True", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/acme/", "SYSTEM_TEAMPROJECTID": "p", "BUILD_BUILDID": "9", "BUILD_REQUESTEDFOR": "Ada L."},
			dataflow.Starter{System: "Azure Pipelines", Actor: "Ada L.", URL: "https://dev.azure.com/acme/p/_build/results?buildId=9"},
		},
		"Jenkins with a password in its address": {
			map[string]string{"JENKINS_URL": "https://ci", "BUILD_URL": "https://ada:s3cret@ci.example.com/job/7/?token=s3cret#s3cret"},
			dataflow.Starter{System: "Jenkins", URL: "https://ci.example.com/job/7/"},
		},
		"an address that is none": {map[string]string{"CIRCLECI": "true", "CIRCLE_BUILD_URL": "javascript:alert(1)"}, dataflow.Starter{System: "CircleCI"}},
		"a name that is none":     {map[string]string{"CIRCLECI": "true", "CIRCLE_USERNAME": "a\x1b[31m\n" + strings.Repeat("b", 2000)}, dataflow.Starter{System: "CircleCI", Actor: "a[31m" + strings.Repeat("b", 1019)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, jobOf(func(name string) string { return test.variables[name] })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCurrent_KnowsUserAndHost(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got := Current(); got.User != u.Username || got.Host != host {
		t.Errorf("it is %+v, want user %q on host %q", got, u.Username, host)
	}
}
