package cognito

import (
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// BenchmarkScanUsers compares a scan with what the SDK alone needs to read the same pages. Client and server share
// the process, and both figures hold the server's work.
func BenchmarkScanUsers(b *testing.B) {
	const users = 60_000
	s := cognitotest.New(cognitotest.Options{})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Schema: cognitotest.DefaultSchema(), Users: cognitotest.Generate(cognitotest.Spec{Seed: 1, Users: users})})
	p := open(b, keys(s.Start(b)))
	table, err := p.Table(b.Context(), "users")
	if err != nil {
		b.Fatal(err)
	}
	report := func(b *testing.B) {
		b.Helper()
		b.ReportMetric(float64(users*b.N)/b.Elapsed().Seconds(), "users/s")
	}

	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var read atomic.Int64 // some users are read twice, see userScan
			if _, err := p.Scan(b.Context(), "users", table.Schema, rowSink(func(dataflow.Row) error { read.Add(1); return nil })); err != nil {
				b.Fatal(err)
			}
			if n := read.Load(); n < users {
				b.Fatalf("%d users", n)
			}
		}
		report(b)
	})
	b.Run("bare SDK loop", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read := 0
			var token *string
			for {
				out, err := p.client.ListUsers(b.Context(), &cip.ListUsersInput{UserPoolId: aws.String(testPoolID), Limit: aws.Int32(60), PaginationToken: token})
				if err != nil {
					b.Fatal(err)
				}
				read += len(out.Users)
				if token = out.PaginationToken; token == nil {
					break
				}
			}
			if read != users {
				b.Fatalf("%d users", read)
			}
		}
		report(b)
	})
	b.Run("rows alone", func(b *testing.B) {
		out, err := p.client.ListUsers(b.Context(), &cip.ListUsersInput{UserPoolId: aws.String(testPoolID)})
		if err != nil {
			b.Fatal(err)
		}
		r, err := newUserReader(table.Schema)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		rows := 0
		for b.Loop() {
			for i := range out.Users {
				if _, _, err := r.row(&out.Users[i]); err != nil {
					b.Fatal(err)
				}
				rows++
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "users/s")
	})
}
