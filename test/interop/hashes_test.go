//go:build interop

package interop

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestHashes_AreTheSameAsPythonsAndJoinTables(t *testing.T) {
	t.Parallel()
	const key, users = "a key that both sides know, of 32 bytes and more: ä", 2_000 + teamUsers
	tm := newTeam(t)
	tm.evolve(cognitotest.Evolution{Added: users - teamUsers})
	members := 0
	for _, group := range []string{"All", "Some"} {
		tm.pool.PutGroup(cognitotest.Group{Name: group})
	}
	for user := range tm.pool.All() {
		tm.pool.Join("All", user.Sub)
		if members++; members%3 == 0 {
			tm.pool.Join("Some", user.Sub)
		}
	}
	tm.declare("users = {}, group_memberships = {}", "")
	tm.write("hidden.tf", `
resource "skypoint_dataflow" "hidden" {
  name         = "Hidden"
  connector_id = skypoint_cognito_connector.app.id
  tables = {
    users = { columns = {
      sub           = { policy = "hash" }
      username      = { policy = "hash" }
      email         = { policy = "hash" }
      name          = { policy = "hash" }
      enabled       = { policy = "hash" }
      created_at    = { policy = "hash" }
      custom_score  = { policy = "hash" }
      custom_joined = { policy = "hash" }
      identities    = { policy = "hash" }
    } }
    group_memberships = { columns = { sub = { policy = "hash" }, username = { policy = "hash" } } }
  }
  hash_key_wo         = "`+key+`"
  hash_key_wo_version = 1
}
`)
	tm.imports("1")
	compare := python(t, "PYICEBERG", "hashes.py", filepath.Join(tm.dir, ".skypoint", "catalog.db"), key)
	out, err := compare.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v\n%s", err, tail(string(exit.Stderr)))
	}
	var compared map[string]int
	if err := json.Unmarshal(out, &compared); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for what, least := range map[string]int{
		"users.sub": users, "users.username": users, "users.enabled": users, "users.created_at": users, "users.email": users / 2, "users.name": users / 2,
		"users.custom_score": 100, "users.custom_joined": 100, "users.identities": 100,
		"group_memberships.sub": users + users/3, "group_memberships.username": users + users/3, "joined": users + users/3,
	} {
		if compared[what] < least {
			t.Errorf("of %s %d were compared, and should be %d or more", what, compared[what], least)
		}
	}
	t.Logf("%s", out)
}
