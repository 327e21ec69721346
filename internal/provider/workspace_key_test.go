package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestSecretsKeyDamaged_IsNamedByTheApplyAndNeededByNoOther(t *testing.T) {
	const configure = `Configure the secrets key that sealed it (secrets_key, SKYPOINT_SECRETS_KEY, or the workspace's file "key"), ` +
		`or seal the secret anew: set it (secret_access_key_wo, hash_key_wo) together with a new version of it.`
	const sealed = `connector "App": open secret: it was sealed with another secrets key, or changed: secrets (code=Unknown): localsecrets: Decrypt failed`
	const opening = `open the secret of connector "App": `
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	path := filepath.Join(w.folder(), "key")
	good, err := os.ReadFile(path)
	w.must(err)
	build2, last := 1, 1
	for _, damage := range []struct {
		name string
		do   func() error
		says string
	}{
		{"missing", func() error { return os.Remove(path) }, opening + path + `: read key: the workspace's secrets key is not there. ` + configure},
		{"empty", func() error { return os.Truncate(path, 0) }, opening + path + `: read key: it is not 32 bytes in base64. ` + configure},
		{"cut off", func() error { return os.Truncate(path, 20) }, opening + path + `: read key: it is not 32 bytes in base64. ` + configure},
		{"garbage", func() error { return os.WriteFile(path, []byte("\x00\x01garbage\n"), 0o600) }, opening + path + `: read key: it is not 32 bytes in base64. ` + configure},
		{"another key", func() error {
			return os.WriteFile(path, []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600)
		}, sealed + ". " + configure},
		{"open to others", func() error { return os.Chmod(path, 0o644) }, opening + path + `: check mode: its mode is 0644: others than its owner may use it. ` +
			fmt.Sprintf(`Run: chmod 600 %q. Where others may have read it, give every connector a new secret.`, path)},
	} {
		t.Run(damage.name, func(t *testing.T) {
			c.t, w.t = t, t
			w.must(damage.do())
			build2++
			c.declare(build(build2))
			c.succeeds("refresh", c.refresh())
			c.succeeds("plan", c.plan(), dataflowType)
			last++
			c.fails("apply", c.apply(), fmt.Sprintf("Import failed: Run %d of dataflow \"Customers\" failed: %s Nothing was published; the tables are at run %d.", last, damage.says, last-1))
			w.countUsers(10)
			w.must(os.WriteFile(path, good, 0o600))
			w.must(os.Chmod(path, 0o600))
			last++
			c.succeeds("apply when the key is back", c.apply(), dataflowType)
			c.succeeds("the plan after it", c.plan())
		})
	}
	c.t, w.t = t, t
	w.must(os.Remove(path))
	c.succeeds("destroy without the key", c.destroy())
	w.equalTables()
}
