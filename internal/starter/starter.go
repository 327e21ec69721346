// Package starter says who started this process: the user and the host, and on a CI system or a platform that runs Terraform its job.
package starter

import (
	"net/url"
	"os"
	"os/user"
	"strings"
	"unicode"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Current says who started this process, from the operating system and from the variables that the systems set for their jobs. It holds no secret.
func Current() dataflow.Starter {
	s := jobOf(os.Getenv)
	if u, err := user.Current(); err == nil {
		s.User = short(u.Username)
	}
	if host, err := os.Hostname(); err == nil {
		s.Host = short(host)
	}
	return s
}

// system is a CI system, or a platform that runs Terraform.
type system struct {
	name    string
	sign    string // the variable that only it sets
	actor   string // the variable with who started the job; empty: it has none
	address func(get func(string) string) string
}

// variable gives an address that the system has in a variable of its own.
func variable(name string) func(func(string) string) string {
	return func(get func(string) string) string { return get(name) }
}

// joined makes an address of texts and, where one begins with $, variables. Without one of these there is no address.
func joined(parts ...string) func(func(string) string) string {
	return func(get func(string) string) string {
		var address strings.Builder
		for _, part := range parts {
			if name, isVariable := strings.CutPrefix(part, "$"); isVariable {
				if part = get(name); part == "" {
					return ""
				}
			}
			address.WriteString(part)
		}
		return address.String()
	}
}

// systems are the ones that are known. What they set is documented there:
//   - https://developer.hashicorp.com/terraform/cloud-docs/run/run-environment
//   - https://docs.github.com/en/actions/reference/workflows-and-actions/variables
//   - https://docs.gitlab.com/ci/variables/predefined_variables/
//   - https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
//   - https://circleci.com/docs/reference/variables/
//   - https://buildkite.com/docs/pipelines/configure/environment-variables
//   - https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
//   - https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
var systems = []system{
	{"HCP Terraform", "TFC_RUN_ID", "", joined("https://app.terraform.io/app/", "$TFC_WORKSPACE_SLUG", "/runs/", "$TFC_RUN_ID")},
	{"GitHub Actions", "GITHUB_RUN_ID", "GITHUB_ACTOR", joined("$GITHUB_SERVER_URL", "/", "$GITHUB_REPOSITORY", "/actions/runs/", "$GITHUB_RUN_ID")},
	{"GitLab CI/CD", "GITLAB_CI", "GITLAB_USER_LOGIN", variable("CI_JOB_URL")},
	{"Azure Pipelines", "TF_BUILD", "BUILD_REQUESTEDFOR", joined("$SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "$SYSTEM_TEAMPROJECTID", "/_build/results?buildId=", "$BUILD_BUILDID")},
	{"CircleCI", "CIRCLECI", "CIRCLE_USERNAME", variable("CIRCLE_BUILD_URL")},
	{"Buildkite", "BUILDKITE", "BUILDKITE_BUILD_CREATOR", variable("BUILDKITE_BUILD_URL")},
	{"Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER", "", joined("$BITBUCKET_GIT_HTTP_ORIGIN", "/pipelines/results/", "$BITBUCKET_BUILD_NUMBER")},
	{"Jenkins", "JENKINS_URL", "BUILD_USER_ID", variable("BUILD_URL")},
}

func jobOf(get func(string) string) dataflow.Starter {
	for _, s := range systems {
		if get(s.sign) == "" {
			continue
		}
		job := dataflow.Starter{System: s.name, URL: publicAddress(s.address(get))}
		if s.actor != "" {
			job.Actor = short(get(s.actor))
		}
		return job
	}
	return dataflow.Starter{}
}

// longest is the most bytes of a name or an address that is kept.
const longest = 1024

// short makes a name one that can be shown: nothing that is not printed, and not without end.
func short(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	return name[:min(len(name), longest)]
}

// publicAddress gives the address of a web page without what somebody may sign in with; empty: it is no such address.
func publicAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(text) > longest {
		return ""
	}
	u.User, u.Fragment = nil, ""
	for name := range u.Query() {
		if name != "buildId" { // Azure's; whatever else is there may be a token
			u.RawQuery = ""
		}
	}
	return u.String()
}
