package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// roundTrip is how long an answer of Cognito takes from far away: what a chain of pages waits for, page after page.
const roundTrip = "150ms"

// BenchmarkAgainstAWSCLI reads a pool behind a latency with `aws cognito-idp list-users`, and then imports it whole from the same
// server. The CLI holds the users in memory and counts them; the import has written and published them.
func BenchmarkAgainstAWSCLI(b *testing.B) {
	users := benchUsers(60_000)
	aws := installAWSCLI(b)
	server := startServer(b, buildPrograms(b), users, "-latency", roundTrip)
	for b.Loop() {
		list := exec.CommandContext(b.Context(), aws, "cognito-idp", "list-users", "--user-pool-id", server.UserPoolID,
			"--region", server.Region, "--endpoint-url", server.Endpoint, "--output", "json", "--query", "length(Users)")
		var counted int
		cli := ask(b, list, keyEnv(), &counted)
		if counted != users {
			b.Fatalf("aws counted %d users of %d", counted, users)
		}
		workspace := filepath.Join(b.TempDir(), "skypoint")
		declare(b, workspace, server, unlimited, []string{"users"}, "Customers")
		done := startImporter(b, workspace, "latency")
		done.check(b, "first", users)
		b.ReportMetric(float64(users)/cli.seconds, "aws-cli-users/s")
		b.ReportMetric(float64(users)/done.Seconds, "users/s")
		b.ReportMetric(cli.seconds/done.Seconds, "times-aws-cli")
	}
	b.ReportMetric(0, "ns/op")
}

// installAWSCLI gives the AWS CLI, a program that nobody here wrote.
func installAWSCLI(b *testing.B) string {
	b.Helper()
	install := exec.CommandContext(b.Context(), "../../tools/install-parts.sh", "awscli")
	install.Stderr = os.Stderr
	dir, err := install.Output()
	if err != nil {
		b.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "bin", "aws")
}
