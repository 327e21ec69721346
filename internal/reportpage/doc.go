// Package reportpage keeps a page in the workspace for people who do not use Terraform: report/index.html. It shows what the dataflows are, what their runs
// did, and which tables there are; never a row and never a secret. The page is one file that needs no network.
//
// Each dataflow has an entry of its own, a small file that only the run under way writes. A page is made of the page before and of the entries that changed
// since, so a run reads few files however many dataflows there are.
package reportpage
