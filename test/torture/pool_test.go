//go:build torture && linux

package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

const (
	poolID    = "us-east-1_Torture01"
	keyID     = "AKIATORTURE000000001"
	secretKey = "a-secret-of-the-torture"
	fewUsers  = 250
	manyUsers = 2600 // more pages than an import reads undivided (cognito/users_scan.go), so that a killed one has parts to go on from
)

// pool is a user pool on this machine that remembers what it held: each version is a folder as test/interop/dump.py writes it.
type pool struct {
	*cognitotest.PoolHandle
	users    int // that it has, about
	endpoint string
	folder   string
	version  int
	custom   int // attributes added to the schema
}

func startPool(t *testing.T, seed uint64, users int, folder string) *pool {
	t.Helper()
	server := cognitotest.New(cognitotest.Options{Seed: seed, Credentials: []cognitotest.Credential{{AccessKeyID: keyID, SecretAccessKey: secretKey}}})
	handle := server.AddPool(cognitotest.Pool{ID: poolID, Users: cognitotest.Generate(cognitotest.Spec{Seed: seed, Users: users, Groups: 4})})
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	return &pool{PoolHandle: handle, users: users, endpoint: web.URL, folder: folder}
}

// versionFolder is where a version of the pool is written down.
func (p *pool) versionFolder(version int) string {
	return filepath.Join(p.folder, strconv.Itoa(version))
}

// evolve lets some users change, come and go; the pool stays about as large as it began.
func (p *pool) evolve(changed, moved int) error {
	e := cognitotest.Evolution{Changed: changed, Added: moved, Removed: moved / 2}
	if p.Len() > p.users {
		e.Added, e.Removed = moved/2, moved
	}
	_, err := p.Evolve(e)
	return err
}

// maxCustom is how many attributes are added at most: AWS allows 50, and the pool begins with four.
const maxCustom = 40

// addAttribute adds an attribute to the schema and gives it to some users.
func (p *pool) addAttribute() {
	p.custom++
	kind := p.custom % 4
	name := fmt.Sprintf("custom:extra_%d", p.custom)
	p.AddCustomAttribute(cognitotest.Attribute{Name: name, Type: []string{"String", "Number", "DateTime", "Boolean"}[kind], Mutable: true})
	value := []string{"", "12.5", "2026-01-02T03:04:05Z", "true"}[kind] // an empty text is not an absent one
	var having []cognitotest.User
	for u := range p.All() {
		if len(having) < 5 {
			having = append(having, u)
		}
	}
	for _, u := range having {
		u.Attributes = append(slices.Clip(u.Attributes), cognitotest.AttributeValue{Name: name, Value: value})
		u.UpdatedAt = u.UpdatedAt.Add(time.Hour)
		p.Put(u)
	}
}

// remember writes down what the pool holds now, as its next version.
func (p *pool) remember() error {
	p.version++
	folder := p.versionFolder(p.version)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	schema := map[string]string{}
	for _, a := range p.Schema() {
		schema[a.Name] = a.Type
	}
	for _, err := range []error{
		writeLines(filepath.Join(folder, "schema.json"), func(yield func(any) bool) { yield(schema) }),
		writeLines(filepath.Join(folder, "users.jsonl"), each(p.All(), cognitotest.User.Line)),
		writeLines(filepath.Join(folder, "groups.jsonl"), each(p.Groups(), cognitotest.Group.Line)),
		writeLines(filepath.Join(folder, "memberships.jsonl"), each(p.Memberships(), cognitotest.Membership.Line)),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// forget removes the versions before one.
func (p *pool) forget(before int) error {
	for version := before - 1; version > 0; version-- {
		folder := p.versionFolder(version)
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return nil // it and those before it went earlier
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

func each[T any](items iter.Seq[T], line func(T) any) iter.Seq[any] {
	return func(yield func(any) bool) {
		for item := range items {
			if !yield(line(item)) {
				return
			}
		}
	}
}

func writeLines(path string, lines iter.Seq[any]) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(f)
	for line := range lines {
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return f.Close()
}
