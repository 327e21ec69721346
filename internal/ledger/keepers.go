package ledger

// A kind of secrets key is one line here (the import that registers its URL's scheme) and one in keeperForms. The provider takes base64key alone, so it links no
// other driver (gocloud.dev/secrets/awskms, …/azurekeyvault, …/gcpkms, …/hashivault); drivers_test.go has them for the tests.
import _ "gocloud.dev/secrets/localsecrets" // base64key://

// keeperForms shows a person how the URLs of the known kinds look.
var keeperForms = []string{
	"base64key://<32 bytes in URL-safe base64>",
	"awskms:///<ARN of a key>?region=<region>",
	"gcpkms://projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>",
	"azurekeyvault://<vault>.vault.azure.net/keys/<key>",
	"hashivault://<key of the transit engine>",
}
