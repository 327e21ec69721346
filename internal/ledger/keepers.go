package ledger

// A kind of secrets key is one import here, which registers its URL's scheme, and one line in keeperForms.
import (
	_ "gocloud.dev/secrets/awskms"        // awskms://
	_ "gocloud.dev/secrets/azurekeyvault" // azurekeyvault://
	_ "gocloud.dev/secrets/gcpkms"        // gcpkms://
	_ "gocloud.dev/secrets/hashivault"    // hashivault://
	_ "gocloud.dev/secrets/localsecrets"  // base64key://
)

// keeperForms shows a person how the URLs of the known kinds look.
var keeperForms = []string{
	"base64key://<32 bytes in URL-safe base64>",
	"awskms:///<ARN of a key>?region=<region>",
	"gcpkms://projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>",
	"azurekeyvault://<vault>.vault.azure.net/keys/<key>",
	"hashivault://<key of the transit engine>",
}
