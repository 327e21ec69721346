package cognito

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// pageSize is the most items that AWS gives at once.
const pageSize = 60

// fetch asks for one page of a list. The token is nil for the first page.
type fetch[Item any] func(ctx context.Context, token *string) (items []Item, next *string, err error)

// chain reads one list, page after page, to its end. Only the first page can be asked for without the one before it,
// so a chain is sequential; several chains with filters of their own may run side by side.
//
// A page may be short or empty and still carry a token: only a missing token ends the list. (An empty token is a
// missing one: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html gives
// tokens at least one character, and none may be sent.) A token that comes twice would make the list endless or
// leave a part of it out, so it fails the chain.
//
// take is told whether there are more pages. An error of it ends the chain and is returned as it is.
func chain[Item any](ctx context.Context, p *Pool, op operation, next fetch[Item], take func(items []Item, more bool) error) error {
	var token *string
	seen := hashes{} // the largest pool (40 million users) has two thirds of a million tokens
	for {
		items, after, err := next(ctx, token)
		if err != nil {
			return p.tokenError(err, token)
		}
		more := aws.ToString(after) != ""
		if err := take(items, more); err != nil {
			return err
		}
		if !more {
			return nil
		}
		if !seen.add(*after) {
			return &dataflow.Error{
				Code: dataflow.CodeGuard, Op: op.name, Object: p.target.object(),
				Cause: fmt.Errorf("%s returned a page token twice", op.name),
				Hint:  "The list can't be read to its end; run it again, and tell AWS support when it stays so.",
			}
		}
		token = after
	}
}

// tokenError explains an error that can only be the page token's.
func (p *Pool) tokenError(err error, token *string) error {
	var e *dataflow.Error
	if token == nil || !errors.As(err, &e) || !hasCode(err, "InvalidParameterException", "ExpiredCodeException") {
		return err
	}
	refused := *e
	refused.Code = dataflow.CodeGuard
	refused.Hint = "A page token lives for one hour: a process that stood still for longer can't read on. Run it again."
	return &refused
}
