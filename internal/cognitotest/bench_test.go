package cognitotest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"crypto/sha256"
	"encoding/hex"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// BenchmarkServer measures the server alone: signature, page, JSON. No client, no connection.
func BenchmarkServer(b *testing.B) {
	for name, spec := range map[string]cognitotest.Spec{"realistic": {Users: 1_000_000}, "hostile": {Users: 1_000_000, Hostile: true}} {
		b.Run(name, func(b *testing.B) {
			server := cognitotest.New(cognitotest.Options{})
			server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(spec)})
			handler := server.Handler()
			body := []byte(`{"UserPoolId":"` + poolID + `"}`)
			users := 0
			b.ReportAllocs()
			for b.Loop() {
				request, err := signed(body)
				if err != nil {
					b.Fatal(err)
				}
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, request)
				var out struct{ PaginationToken json.RawMessage }
				at := bytes.LastIndex(recorder.Body.Bytes(), []byte(`,"PaginationToken":`))
				if recorder.Code != http.StatusOK || at < 0 {
					b.Fatal(recorder.Code, recorder.Body)
				}
				out.PaginationToken = recorder.Body.Bytes()[at+len(`,"PaginationToken":`) : recorder.Body.Len()-1]
				body = append([]byte(`{"UserPoolId":"`+poolID+`","PaginationToken":`), out.PaginationToken...)
				body = append(body, '}')
				users += 60
			}
			b.ReportMetric(float64(users)/b.Elapsed().Seconds(), "users/s")
		})
	}
}

func signed(body []byte) (*http.Request, error) {
	request := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.ListUsers")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	sum := sha256.Sum256(body)
	c := cognitotest.DefaultCredential()
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey},
		request, hex.EncodeToString(sum[:]), "cognito-idp", "us-east-1", time.Now())
	return request, err
}
