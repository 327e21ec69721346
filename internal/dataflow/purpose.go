package dataflow

// Purpose says what a table is imported for.
type Purpose string

// The purposes, in SkyPoint's words.
const (
	PurposeAll             Purpose = "All"
	PurposeCustomer360     Purpose = "Customer 360"
	PurposePrivacyMetadata Purpose = "Privacy-Metadata"
)

// Purposes lists the purposes in the order in which a person is shown them.
func Purposes() []string {
	return []string{string(PurposeAll), string(PurposeCustomer360), string(PurposePrivacyMetadata)}
}

// LoadsData says whether a table of this purpose loads its rows unless its definition says otherwise:
// what is imported only to know where privacy matters needs no row.
func (p Purpose) LoadsData() bool { return p != PurposePrivacyMetadata }
