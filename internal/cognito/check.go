package cognito

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Check asks the pool who it is, and tries every operation that its tables need with the smallest request there is.
// An operation that is not allowed makes its tables not readable and gives the reason; any other failure is an error,
// as is a pool that may not be described: without that nothing can be read.
func (p *Pool) Check(ctx context.Context) (dataflow.ConnectionCheck, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	check := dataflow.ConnectionCheck{
		UserPoolName:   aws.ToString(pool.Name),
		EstimatedUsers: int64(pool.EstimatedNumberOfUsers),
	}
	denied := map[string]string{} // by operation: why not; empty: allowed
	for _, t := range tables {
		available := dataflow.AvailableTable{Key: t.key, FileName: t.fileName, Description: t.description, Readable: true}
		for _, n := range t.needs {
			reason, tried := denied[n.name]
			if !tried {
				if reason, err = p.deniedReason(ctx, n); err != nil {
					return dataflow.ConnectionCheck{}, err
				}
				denied[n.name] = reason
			}
			if reason != "" && available.Readable {
				available.Readable, available.Reason = false, reason
			}
		}
		check.AvailableTables = append(check.AvailableTables, available)
	}
	return check, nil
}

// deniedReason tries an operation and says why it is not allowed, or nothing when it is.
func (p *Pool) deniedReason(ctx context.Context, n need) (string, error) {
	if n.probe == nil {
		return "", nil
	}
	err := n.probe(ctx, p)
	var e *dataflow.Error
	if errors.As(err, &e) && e.Code == dataflow.CodeAccessDenied {
		return "The credentials may not call " + n.action() + ". " + e.Hint, nil
	}
	return "", err
}

// describe asks for the pool's own description.
func (p *Pool) describe(ctx context.Context) (*types.UserPoolType, error) {
	out, err := call(ctx, p, describeUserPool, &cip.DescribeUserPoolInput{UserPoolId: &p.target.poolID}, p.client.DescribeUserPool)
	if err != nil {
		return nil, err
	}
	if out.UserPool == nil {
		return nil, p.target.classify(describeUserPool, errors.New("the answer has no user pool")).err
	}
	p.estimated.Store(int64(out.UserPool.EstimatedNumberOfUsers))
	return out.UserPool, nil
}
