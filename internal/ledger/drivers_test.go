package ledger

// The drivers that the provider does not link yet.
import (
	_ "gocloud.dev/blob/azureblob"        // azblob://
	_ "gocloud.dev/blob/gcsblob"          // gs://
	_ "gocloud.dev/blob/s3blob"           // s3://
	_ "gocloud.dev/secrets/awskms"        // awskms://
	_ "gocloud.dev/secrets/azurekeyvault" // azurekeyvault://
	_ "gocloud.dev/secrets/gcpkms"        // gcpkms://
	_ "gocloud.dev/secrets/hashivault"    // hashivault://
)
