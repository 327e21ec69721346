package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// keyURL gives a secrets key's URL, and what of it must be in no message.
func keyURL(fill byte) (keyURL, key string) {
	key = base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
	return "base64key://" + key, key
}

func TestSeal_TheFirstOneMakesTheWorkspacesKeyAndKeepsIt(t *testing.T) {
	l, workspace := openTemp(t)
	key := filepath.Join(workspace, "key")
	must(t, l.CreateConnector(t.Context(), connectorOf("None"), nil))
	if _, err := os.Stat(key); err == nil {
		t.Error("there is a key, and nothing was sealed")
	}
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	first, err := os.ReadFile(key)
	must(t, err)
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(string(first), "\n"))
	must(t, err)
	if len(decoded) != 32 {
		t.Errorf("the key has %d bytes, want 32", len(decoded))
	}
	info, err := os.Stat(key)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the key has mode %v, want 0600", info.Mode())
	}
	must(t, l.CreateConnector(t.Context(), connectorOf("Shop"), new("other")))
	second, err := os.ReadFile(key)
	must(t, err)
	if !bytes.Equal(first, second) {
		t.Error("the key changed")
	}
	wantSecret(t, l, "App", secret)
	wantSecret(t, l, "Shop", "other")
}

func TestSeal_EverybodyWhoSealsFirstSealsWithOneKey(t *testing.T) {
	l, workspace := openTemp(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			mine, err := Open(t.Context(), Config{Workspace: workspace})
			if err != nil {
				t.Error(err)
				return
			}
			if err := mine.CreateConnector(t.Context(), connectorOf(fmt.Sprint("App", i)), new(fmt.Sprint("secret ", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range 8 {
		wantSecret(t, l, fmt.Sprint("App", i), fmt.Sprint("secret ", i))
	}
}

func TestSeal_TakesAnySecret(t *testing.T) {
	l, _ := inMemory()
	for _, want := range []string{secret, "\x00\n\"\\", "päss wörd 🔑", strings.Repeat("x", 1<<20), " "} {
		must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(want)))
		wantSecret(t, l, "App", want)
		must(t, l.DeleteConnector(t.Context(), "App"))
	}
}

func TestSeal_ASecretLiesNowhereInTheWorkspace(t *testing.T) {
	url, key := keyURL(7)
	for name, config := range map[string]Config{"with the workspace's key": {}, "with a key from elsewhere": {SecretsKeyURL: url}} {
		t.Run(name, func(t *testing.T) {
			config.Workspace = filepath.Join(t.TempDir(), ".skypoint")
			l, err := Open(t.Context(), config)
			must(t, err)
			must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
			must(t, l.PutConnector(t.Context(), connectorOf("App"), new(secret+"2")))
			must(t, l.PutConnector(t.Context(), connectorOf("App"), nil))
			must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
			play(t, l, 1)
			wantSecret(t, l, "App", secret+"2")
			files := tree(t, config.Workspace)
			if len(files) < 6 {
				t.Fatalf("only %d files to look into", len(files))
			}
			forbidden := disguises(secret)
			if config.SecretsKeyURL != "" {
				forbidden = append(forbidden, key, string(bytes.Repeat([]byte{7}, 32)))
			}
			for path, content := range files {
				for _, text := range forbidden {
					if strings.Contains(content, text) {
						t.Errorf("%s holds %q", path, text)
					}
				}
			}
			_, err = os.Stat(filepath.Join(config.Workspace, "key"))
			if has := err == nil; has == (config.SecretsKeyURL != "") {
				t.Errorf("there is a key file: %v", has)
			}
		})
	}
}

// disguises are the forms in which a secret would be found in a file: itself, hexadecimal, and base64 at each of the
// three places in a longer text where it can begin.
func disguises(secret string) []string {
	all := []string{secret, hex.EncodeToString([]byte(secret))}
	for skip := range 3 {
		middle := secret[skip:]
		middle = middle[:len(middle)/3*3]
		all = append(all, base64.StdEncoding.EncodeToString([]byte(middle)), base64.URLEncoding.EncodeToString([]byte(middle)))
	}
	return all
}

func TestDisguises_FindASecretInsideEncodedText(t *testing.T) {
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret + "yy"))
		found := false
		for _, disguise := range disguises(secret) {
			found = found || strings.Contains(text, disguise)
		}
		if !found {
			t.Errorf("not found behind %d bytes", before)
		}
	}
}

func TestSeal_SealsEachTimeAnew(t *testing.T) {
	l, store := inMemory()
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	first, err := store.Read(t.Context(), "connectors/app.json")
	must(t, err)
	must(t, l.PutConnector(t.Context(), connectorOf("App"), nil))
	wantContent(t, store, "connectors/app.json", string(first)) // kept without opening it
	must(t, l.PutConnector(t.Context(), connectorOf("App"), new(secret)))
	second, err := store.Read(t.Context(), "connectors/app.json")
	must(t, err)
	if bytes.Equal(first, second) {
		t.Error("one secret sealed twice looks the same: somebody could see that it did not change")
	}
}

func TestOpenSecret_SaysWhatIsWrongWithTheKey(t *testing.T) {
	a, _ := keyURL(1)
	b, _ := keyURL(2)
	tests := map[string]struct {
		sealedWith string
		damage     func(t *testing.T, key string)
		openedWith string
		says       string
	}{
		"another key":                      {a, nil, b, "it was sealed with another secrets key, or changed"},
		"the workspace's, not the given":   {a, nil, "", "the workspace's secrets key is not there. Configure the secrets key that sealed it"},
		"a given one, not the workspace's": {"", nil, a, "it was sealed with another secrets key, or changed"},
		"the workspace's is lost": {"", func(t *testing.T, key string) { t.Helper(); must(t, os.Remove(key)) }, "",
			"the workspace's secrets key is not there. Configure the secrets key that sealed it"},
		"the workspace's is cut off": {"", func(t *testing.T, key string) { t.Helper(); must(t, os.Truncate(key, 20)) }, "", "it is not 32 bytes in base64"},
		"the workspace's is empty":   {"", func(t *testing.T, key string) { t.Helper(); must(t, os.Truncate(key, 0)) }, "", "it is not 32 bytes in base64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			workspace := filepath.Join(t.TempDir(), ".skypoint")
			sealer, err := Open(t.Context(), Config{Workspace: workspace, SecretsKeyURL: test.sealedWith})
			must(t, err)
			must(t, sealer.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
			if test.damage != nil {
				test.damage(t, filepath.Join(workspace, "key"))
			}
			opener, err := Open(t.Context(), Config{Workspace: workspace, SecretsKeyURL: test.openedWith})
			must(t, err)
			got, err := opener.ConnectorSecret(t.Context(), "App")
			wantError(t, err, dataflow.CodeSecretsKey, test.says)
			wantError(t, err, dataflow.CodeSecretsKey, `connector "App"`)
			if got != "" {
				t.Errorf("it gave %q", got)
			}
			// Everything but the secret is still there, and a new secret needs no old key.
			read, err := opener.Connector(t.Context(), "App")
			must(t, err)
			wantEqual(t, read, connectorOf("App"))
			must(t, opener.PutConnector(t.Context(), connectorOf("App"), nil))
			if name != "the workspace's is cut off" && name != "the workspace's is empty" {
				must(t, opener.PutConnector(t.Context(), connectorOf("App"), new("new")))
				wantSecret(t, opener, "App", "new")
			}
		})
	}
}

func TestOpenSecret_RefusesAKeyThatOthersMayRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	for _, mode := range []fs.FileMode{0o604, 0o640, 0o644, 0o660, 0o700} {
		l, workspace := openTemp(t)
		must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
		key := filepath.Join(workspace, "key")
		must(t, os.Chmod(key, mode))
		_, err := l.ConnectorSecret(t.Context(), "App")
		wantError(t, err, dataflow.CodeSecretsKey, fmt.Sprintf("its mode is %04o", mode))
		wantError(t, err, dataflow.CodeSecretsKey, "chmod 600")
		wantCode(t, l.PutConnector(t.Context(), connectorOf("App"), new("new")), dataflow.CodeSecretsKey)
		must(t, os.Chmod(key, 0o400)) // less is fine
		wantSecret(t, l, "App", secret)
	}
}

func TestOpenSecret_FindsASecretOfAnotherConnector(t *testing.T) {
	l, store := inMemory()
	must(t, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	content, err := store.Read(t.Context(), "connectors/app.json")
	must(t, err)
	moved := strings.ReplaceAll(string(content), `"App"`, `"Shop"`)
	must(t, store.Create(t.Context(), "connectors/shop.json", []byte(moved)))
	got, err := l.ConnectorSecret(t.Context(), "Shop")
	wantError(t, err, dataflow.CodeCorrupt, `connector "Shop": open secret: the secret was sealed for another object. Seal the secret anew`)
	if got != "" {
		t.Errorf("it gave %q", got)
	}
}

func TestOpenSecret_FindsASecretThatWasChanged(t *testing.T) {
	l, store := inMemory()
	for name, damage := range map[string]func([]byte) []byte{
		"a bit":    func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut off":  func(b []byte) []byte { return b[:len(b)-1] },
		"too few":  func(b []byte) []byte { return b[:3] },
		"all zero": func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		sealed, err := l.keys.seal(t.Context(), connectorObject("App"), "App", secret)
		must(t, err)
		record := connectorRecord{Connector: connectorOf("App"), SealedSecret: damage(sealed)}
		content, err := encode(record)
		must(t, err)
		must(t, store.Replace(t.Context(), "connectors/app.json", content))
		_, err = l.ConnectorSecret(t.Context(), "App")
		wantError(t, err, dataflow.CodeSecretsKey, "it was sealed with another secrets key, or changed")
		if t.Failed() {
			t.Fatalf("with %s changed", name)
		}
	}
}

func TestCheckSecretsKeyURL(t *testing.T) {
	good, key := keyURL(0xfb) // its base64 has "-" and "_"
	must(t, CheckSecretsKeyURL(good))
	tests := map[string]struct{ url, says string }{
		"nothing":               {"", "it is not a URL"},
		"a path":                {"/home/me/key", "it is not a URL"},
		"not a URL":             {"base64key://%zz" + key, "it is not a URL"},
		"a kind nobody knows":   {"vault://key", "nothing here opens vault:// keys. Set secrets_key to one of: base64key://"},
		"no key":                {"base64key://", "holds 32 bytes in URL-safe base64"}, // gocloud.dev would make a random one each time
		"a key too short":       {"base64key://c2hvcnQ=", "holds 32 bytes in URL-safe base64"},
		"a key that is no text": {"base64key://" + key[:10] + "!" + key[11:], "holds 32 bytes in URL-safe base64"},
		"a parameter":           {good + "?key=" + key, "holds 32 bytes in URL-safe base64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := New(NewMemoryStore(), Config{SecretsKeyURL: test.url})
			errs := []error{CheckSecretsKeyURL(test.url)}
			if test.url != "" { // which means the workspace's own
				errs = append(errs, l.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
			}
			for _, err := range errs {
				wantError(t, err, dataflow.CodeSecretsKey, test.says)
				if err != nil && (strings.Contains(err.Error(), key[:8]) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "c2hvcnQ")) {
					t.Errorf("the error quotes the key or the secret: %v", err)
				}
			}
		})
	}
}

func TestLedger_ReadsWithoutTheSecretsKey(t *testing.T) {
	workspace := filepath.Join(t.TempDir(), ".skypoint")
	sealer, err := Open(t.Context(), Config{Workspace: workspace})
	must(t, err)
	must(t, sealer.CreateConnector(t.Context(), connectorOf("App"), new(secret)))
	must(t, os.Remove(filepath.Join(workspace, "key")))
	reader, err := Open(t.Context(), Config{Workspace: workspace, SecretsKeyURL: "nothing://"})
	must(t, err)
	got, err := reader.Connectors(t.Context())
	must(t, err)
	wantEqual(t, got, []dataflow.Connector{connectorOf("App")})
	must(t, reader.PutConnector(t.Context(), connectorOf("App"), nil))
	must(t, reader.DeleteConnector(t.Context(), "App"))
}
