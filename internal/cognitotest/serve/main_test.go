package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// start runs the program until the test ends, and returns what it printed and how to close its standard input.
func start(t *testing.T, args ...string) (first map[string]any, closeStdin func() error, ended <-chan error) {
	t.Helper()
	stdin, in := io.Pipe()
	printed, out := io.Pipe()
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go func() {
		done <- run(ctx, args, stdin, out)
		_ = out.Close()
	}()
	line, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatal(err)
	}
	return first, in.Close, done
}

func call(t *testing.T, method, url string, wantStatus int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	if response.StatusCode != wantStatus {
		t.Fatalf("%s %s: %d %s, want %d", method, url, response.StatusCode, body, wantStatus)
	}
	return string(body)
}

func TestServe_TellsWhatIsInThePoolBeforeAndAfterAnEvolution(t *testing.T) {
	first, _, _ := start(t, "-users", "200", "-groups", "4", "-seed", "9", "-hostile", "-pool", "eu-west-1_Abc")
	endpoint, ok := first["endpoint"].(string)
	if !ok || first["user_pool_id"] != "eu-west-1_Abc" || first["region"] != "eu-west-1" || first["users"] != 200.0 {
		t.Fatalf("printed %v", first)
	}

	want := cognitotest.Generate(cognitotest.Spec{Seed: 9, Users: 200, Groups: 4, Hostile: true})
	scanner := bufio.NewScanner(strings.NewReader(call(t, http.MethodGet, endpoint+"/_test/users", http.StatusOK)))
	scanner.Buffer(nil, 1<<24)
	i := 0
	for ; scanner.Scan(); i++ {
		var got struct {
			Sub, Username, Status string
			Enabled               bool
			CreatedAt             string `json:"created_at"`
			Attributes            map[string]string
		}
		if err := json.Unmarshal(scanner.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		u := want.User(i)
		if got.Sub != u.Sub || got.Username != u.Username || got.Enabled != u.Enabled || got.Status != u.Status || got.CreatedAt != u.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z") || len(got.Attributes) != len(u.Attributes) {
			t.Fatalf("user %d: got %+v, want %+v", i, got, u)
		}
		for _, a := range u.Attributes {
			if got.Attributes[a.Name] != a.Value {
				t.Fatalf("user %d, %s: got %q, want %q", i, a.Name, got.Attributes[a.Name], a.Value)
			}
		}
	}
	if scanner.Err() != nil || i != 200 {
		t.Fatalf("%d users, %v", i, scanner.Err())
	}

	if got := call(t, http.MethodPost, endpoint+"/_test/evolve?changed=30&added=50&removed=20", http.StatusOK); got != `{"added":50,"changed":30,"removed":20,"users":230}`+"\n" {
		t.Error(got)
	}
	if got := strings.Count(call(t, http.MethodGet, endpoint+"/_test/users", http.StatusOK), "\n"); got != 230 {
		t.Errorf("%d users after the evolution", got)
	}
	if got := strings.Count(call(t, http.MethodGet, endpoint+"/_test/groups", http.StatusOK), "\n"); got != 4 {
		t.Errorf("%d groups", got)
	}
	if got := strings.Count(call(t, http.MethodGet, endpoint+"/_test/memberships", http.StatusOK), "\n"); got < 60 {
		t.Errorf("%d memberships, but a third of all users are in one group alone", got)
	}
	if got := call(t, http.MethodGet, endpoint+"/_test/stats", http.StatusOK); !strings.Contains(got, `"requests":0`) {
		t.Errorf("asking the program itself counts as a request: %s", got)
	}
	call(t, http.MethodPost, endpoint+"/_test/evolve?changed=abc", http.StatusBadRequest)
	call(t, http.MethodPost, endpoint+"/_test/evolve?removed=231", http.StatusBadRequest)
	call(t, http.MethodPost, endpoint+"/", http.StatusBadRequest) // the API, which wants a signature
}

func TestServe_EndsWithItsStandardInput(t *testing.T) {
	_, closeStdin, ended := start(t, "-exit-with-stdin", "-users", "1")
	if err := closeStdin(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestServe_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"rest"}, {"-addr", "nonsense"}} {
		if err := run(t.Context(), args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("run %v: no error", args)
		}
	}
}
