package ledger

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gocloud.dev/secrets"
	"gocloud.dev/secrets/localsecrets"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// keyPath is the workspace's own secrets key: 32 random bytes in base64.
const keyPath = "key"

const hintSecretsKey = "Configure the secrets key that sealed it (secrets_key, SKYPOINT_SECRETS_KEY, or the workspace's file \"key\"), " +
	"or seal the secret anew: set it (secret_access_key_wo, hash_key_wo) together with a new version of it."

const hintHashKey = "Set hash_key_wo together with a new hash_key_wo_version."

// guardian is a Store that knows whether others than its owner may read an object.
type guardian interface {
	guard(path string) error
}

// keyring seals and opens secrets, with the key at url or, when that is empty, with the workspace's own.
// It reads a key for each secret and keeps none.
type keyring struct {
	store Store
	url   string
}

// sealed is what is encrypted. It names whose secret it is, so that one that was moved to another object is found.
type sealed struct {
	Owner  string `json:"connector"` // a connector's name, or a hash key's fingerprint
	Secret string `json:"secret"`
}

// seal encrypts the secret of an object, whose owner names it among those of its kind. The first one in a workspace makes its key.
func (k keyring) seal(ctx context.Context, object, owner, secret string) ([]byte, error) {
	keeper, err := k.keeper(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("seal the secret of %s: %w", object, err)
	}
	defer func() { _ = keeper.Close() }()             // it holds nothing that could be lost
	plain, err := json.Marshal(sealed{owner, secret}) //nolint:gosec // marshalled to be encrypted
	if err != nil {
		return nil, &dataflow.Error{Op: "seal secret", Object: object, Cause: err}
	}
	ciphertext, err := keeper.Encrypt(ctx, plain)
	if err != nil {
		return nil, errSecretsKey("seal secret", object, err)
	}
	return ciphertext, nil
}

// open is seal backwards.
func (k keyring) open(ctx context.Context, object, owner string, ciphertext []byte) (string, error) {
	keeper, err := k.keeper(ctx, false)
	if err != nil {
		return "", fmt.Errorf("open the secret of %s: %w", object, err)
	}
	defer func() { _ = keeper.Close() }() // it holds nothing that could be lost
	plain, err := keeper.Decrypt(ctx, ciphertext)
	if err != nil {
		return "", errSecretsKey("open secret", object, fmt.Errorf("it was sealed with another secrets key, or changed: %w", err))
	}
	var content sealed
	// Neither error tells its cause: that would quote what was sealed.
	if err := json.Unmarshal(plain, &content); err != nil {
		return "", errSealed(object, errors.New("what was sealed is not a secret"))
	}
	if content.Owner != owner {
		return "", errSealed(object, errors.New("the secret was sealed for another object"))
	}
	return content.Secret, nil
}

func (k keyring) keeper(ctx context.Context, create bool) (*secrets.Keeper, error) {
	if k.url != "" {
		return openKeeper(ctx, k.url)
	}
	encoded, err := k.store.Read(ctx, keyPath)
	if dataflow.IsCode(err, dataflow.CodeNotFound) && create {
		encoded, err = k.createKey(ctx)
	}
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return nil, errSecretsKey("read key", k.store.Location(keyPath), errors.New("the workspace's secrets key is not there"))
	}
	if err != nil {
		return nil, err
	}
	if g, ok := k.store.(guardian); ok {
		if err := g.guard(keyPath); err != nil {
			return nil, err
		}
	}
	key, err := localsecrets.Base64KeyStd(strings.TrimSpace(string(encoded)))
	if err != nil {
		// Without the cause: it may one day quote the key.
		return nil, errSecretsKey("read key", k.store.Location(keyPath), errors.New("it is not 32 bytes in base64"))
	}
	return localsecrets.NewKeeper(key), nil
}

// createKey makes the workspace's key, or reads it when another process was faster.
func (k keyring) createKey(ctx context.Context) ([]byte, error) {
	key, err := localsecrets.NewRandomKey()
	if err != nil {
		return nil, &dataflow.Error{Op: "create key", Object: k.store.Location(keyPath), Cause: err}
	}
	encoded := []byte(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	err = k.store.Create(ctx, keyPath, encoded)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		return k.store.Read(ctx, keyPath)
	}
	return encoded, err
}

// CheckSecretsKey says whether a workspace can do with this secrets key or, when it is empty, without one: a bucket can't, because a key
// beside the secrets that it seals protects them from nobody who can read the bucket.
func CheckSecretsKey(workspace, secretsKeyURL string) error {
	if secretsKeyURL != "" || !IsBucket(workspace) {
		return nil
	}
	return &dataflow.Error{
		Code: dataflow.CodeSecretsKey, Op: "open key", Object: "secrets key",
		Cause: errors.New("a workspace in a bucket needs one: a key beside the secrets that it seals would protect them from nobody"),
		Hint:  "Set secrets_key or SKYPOINT_SECRETS_KEY to one of: " + strings.Join(keeperForms, ", ") + ".",
	}
}

// CheckSecretsKeyURL checks the form of a secrets key's URL, without asking anybody for the key.
// The error never quotes the URL: that of a base64key is the key itself.
func CheckSecretsKeyURL(secretsKeyURL string) error {
	_, err := parseKeeperURL(secretsKeyURL)
	return err
}

func parseKeeperURL(secretsKeyURL string) (*url.URL, error) {
	u, err := url.Parse(secretsKeyURL)
	if err != nil || u.Scheme == "" {
		return nil, errKeeperURL(errors.New("it is not a URL"))
	}
	if !secrets.DefaultURLMux().ValidKeeperScheme(u.Scheme) {
		return nil, errKeeperURL(fmt.Errorf("nothing here opens %s:// keys", u.Scheme))
	}
	if u.Scheme == localsecrets.Scheme {
		// An empty one would be a new random key each time, and what it sealed lost.
		if _, err := localsecrets.Base64Key(u.Host); err != nil || u.RawQuery != "" {
			return nil, errKeeperURL(errors.New("a base64key:// URL holds 32 bytes in URL-safe base64, and nothing else"))
		}
	}
	return u, nil
}

func openKeeper(ctx context.Context, secretsKeyURL string) (*secrets.Keeper, error) {
	u, err := parseKeeperURL(secretsKeyURL)
	if err != nil {
		return nil, err
	}
	keeper, err := secrets.OpenKeeper(ctx, secretsKeyURL)
	if err != nil {
		if u.Scheme == localsecrets.Scheme {
			err = errors.New("it can't be opened") // gocloud.dev quotes the URL
		}
		return nil, errKeeperURL(err)
	}
	return keeper, nil
}

func errKeeperURL(cause error) error {
	return &dataflow.Error{
		Code: dataflow.CodeSecretsKey, Op: "open key", Object: "secrets key", Cause: cause,
		Hint: "Set secrets_key to one of: " + strings.Join(keeperForms, ", ") + "; or to nothing, and a workspace in a folder makes its own.",
	}
}

func errSecretsKey(op, object string, cause error) error {
	return &dataflow.Error{Code: dataflow.CodeSecretsKey, Op: op, Object: object, Cause: cause, Hint: hintSecretsKey}
}

func errSealed(object string, cause error) error {
	return &dataflow.Error{
		Code: dataflow.CodeCorrupt, Op: "open secret", Object: object, Cause: cause,
		Hint: "Seal the secret anew: set it (secret_access_key_wo, hash_key_wo) together with a new version of it.",
	}
}
