package ledger

// A kind of secrets key is one line here (the import that registers its URL's scheme) and one in keeperForms.
import (
	_ "gocloud.dev/secrets/localsecrets" // base64key://
)

// keeperForms shows a person how the URLs of the known kinds look.
var keeperForms = []string{"base64key://<32 bytes in URL-safe base64>"}
