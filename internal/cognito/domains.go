package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// domainFields are the columns of the domains table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DomainDescriptionType.html
var domainFields = []field[*types.DomainDescriptionType]{
	{keyColumn("domain", "Domain", "The prefix of a domain at Amazon, or the whole name of a domain of one's own."), func(d *types.DomainDescriptionType) any { return text(d.Domain) }},
	{column("custom", dataflow.Boolean, "CustomDomainConfig", "Whether it is a domain of one's own."), func(d *types.DomainDescriptionType) any { return d.CustomDomainConfig != nil }},
	{column("status", dataflow.String, "Status", "CREATING, DELETING, UPDATING, ACTIVE or FAILED."), func(d *types.DomainDescriptionType) any { return word(d.Status) }},
	{column("version", dataflow.String, "Version", "The version of the pages at the domain."), func(d *types.DomainDescriptionType) any { return text(d.Version) }},
	{column("managed_login_version", dataflow.Long, "ManagedLoginVersion", "1 for the classic hosted pages, 2 for managed login."), func(d *types.DomainDescriptionType) any { return long(d.ManagedLoginVersion) }},
	{column("certificate_arn", dataflow.String, "CustomDomainConfig.CertificateArn", "The certificate of a domain of one's own."),
		of(func(d *types.DomainDescriptionType) *types.CustomDomainConfigType { return d.CustomDomainConfig },
			func(c *types.CustomDomainConfigType) any { return text(c.CertificateArn) })},
	{column("cloudfront_distribution", dataflow.String, "CloudFrontDistribution", "The Amazon CloudFront distribution that a name of one's own points at."),
		func(d *types.DomainDescriptionType) any { return text(d.CloudFrontDistribution) }},
	{column("s3_bucket", dataflow.String, "S3Bucket", "The bucket with the domain's static files."), func(d *types.DomainDescriptionType) any { return text(d.S3Bucket) }},
	{column("account_id", dataflow.String, "AWSAccountId", "The AWS account that owns the user pool."), func(d *types.DomainDescriptionType) any { return text(d.AWSAccountId) }},
	{jsonColumn("routing", "Routing", "Where requests go when the Region fails, as JSON text."), func(d *types.DomainDescriptionType) any { return settingsText(d.Routing) }},
}

var domainsSchema = dataflow.Schema{Columns: columns(domainFields), Key: []string{"domain"}}

// scanDomains describes the domains that the pool's description names: one at Amazon and one of one's own at most.
func scanDomains(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	values := project(domainFields, schema)
	for _, name := range []string{aws.ToString(pool.Domain), aws.ToString(pool.CustomDomain)} {
		if name == "" {
			continue
		}
		domain, err := p.domain(ctx, name)
		if err != nil {
			return dataflow.ScanReport{}, err
		}
		if aws.ToString(domain.Domain) == "" {
			continue // it was removed meanwhile: AWS then describes nothing
		}
		if err := to.Put(rowOf(values, domain)); err != nil {
			return dataflow.ScanReport{}, err
		}
	}
	return dataflow.ScanReport{}, nil
}

func (p *Pool) domain(ctx context.Context, name string) (*types.DomainDescriptionType, error) {
	out, err := call(ctx, p, describeUserPoolDomain, &cip.DescribeUserPoolDomainInput{Domain: &name}, p.client.DescribeUserPoolDomain)
	if hasCode(err, "ResourceNotFoundException") {
		return &types.DomainDescriptionType{}, nil
	}
	if err != nil {
		return nil, err
	}
	if out.DomainDescription == nil {
		return nil, p.noAnswer(describeUserPoolDomain)
	}
	return out.DomainDescription, nil
}

func probeDomain(ctx context.Context, p *Pool) error {
	_, err := p.domain(ctx, nobody)
	return err
}
