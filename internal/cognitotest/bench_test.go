package cognitotest_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// BenchmarkServer measures the server alone: signature, page, JSON. No client, no connection; the signing of the requests is in it.
func BenchmarkServer(b *testing.B) {
	for name, spec := range map[string]cognitotest.Spec{"realistic": {Users: 1_000_000}, "hostile": {Users: 1_000_000, Hostile: true}} {
		b.Run(name, func(b *testing.B) {
			server := cognitotest.New(cognitotest.Options{})
			server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(spec)})
			handler := server.Handler()
			const start, token = `{"UserPoolId":"` + poolID + `"`, `,"PaginationToken":`
			body := []byte(start + "}")
			b.ReportAllocs()
			for b.Loop() {
				request := newRequest(body)
				sign(request, body, "cognito-idp", time.Now())
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, request)
				if recorder.Code != http.StatusOK {
					b.Fatal(recorder.Code, recorder.Body)
				}
				body = []byte(start + "}")
				if at := bytes.LastIndex(recorder.Body.Bytes(), []byte(token)); at >= 0 {
					body = append([]byte(start), recorder.Body.Bytes()[at:]...)
				}
			}
			b.ReportMetric(float64(server.Stats().Users)/b.Elapsed().Seconds(), "users/s")
		})
	}
}

// BenchmarkEvolve measures what a changed pool costs: memory for each user that is touched, none for the others.
func BenchmarkEvolve(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		pool := cognitotest.New(cognitotest.Options{}).AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(cognitotest.Spec{Users: 1_000_000, Groups: 50})})
		if _, err := pool.Evolve(cognitotest.Evolution{Changed: 10_000, Added: 10_000, Removed: 10_000}); err != nil {
			b.Fatal(err)
		}
	}
}
