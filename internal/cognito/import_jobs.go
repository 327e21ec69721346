package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// importJobFields are the columns of the import_jobs table. PreSignedUrl is none of them: whoever has that address can upload users.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserImportJobType.html
var importJobFields = []field[*types.UserImportJobType]{
	{keyColumn("job_id", "JobId", "The identifier of the import job."), func(j *types.UserImportJobType) any { return text(j.JobId) }},
	{column("job_name", dataflow.String, "JobName", "The name of the import job."), func(j *types.UserImportJobType) any { return text(j.JobName) }},
	{column("status", dataflow.String, "Status", "Created, Pending, InProgress, Stopping, Expired, Stopped, Failed or Succeeded."), func(j *types.UserImportJobType) any { return word(j.Status) }},
	{column("completion_message", dataflow.String, "CompletionMessage", "What the job says about its end."), func(j *types.UserImportJobType) any { return text(j.CompletionMessage) }},
	{column("imported_users", dataflow.Long, "ImportedUsers", "How many users it imported."), func(j *types.UserImportJobType) any { return j.ImportedUsers }},
	{column("skipped_users", dataflow.Long, "SkippedUsers", "How many it left out."), func(j *types.UserImportJobType) any { return j.SkippedUsers }},
	{column("failed_users", dataflow.Long, "FailedUsers", "How many it could not import."), func(j *types.UserImportJobType) any { return j.FailedUsers }},
	{column("log_role_arn", dataflow.String, "CloudWatchLogsRoleArn", "The IAM role with which it writes its log."), func(j *types.UserImportJobType) any { return text(j.CloudWatchLogsRoleArn) }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When the job was created."), func(j *types.UserImportJobType) any { return moment(j.CreationDate) }},
	{column("started_at", dataflow.Timestamp, "StartDate", "When it was started."), func(j *types.UserImportJobType) any { return moment(j.StartDate) }},
	{column("completed_at", dataflow.Timestamp, "CompletionDate", "When it ended."), func(j *types.UserImportJobType) any { return moment(j.CompletionDate) }},
}

var importJobsSchema = dataflow.Schema{Columns: columns(importJobFields), Key: []string{"job_id"}}

// scanImportJobs reads every user import job.
func scanImportJobs(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	list := func(ctx context.Context, token *string) ([]types.UserImportJobType, *string, error) {
		out, err := call(ctx, p, listUserImportJobs, &cip.ListUserImportJobsInput{
			UserPoolId: &p.target.poolID, MaxResults: aws.Int32(pageSize), PaginationToken: token,
		}, p.client.ListUserImportJobs)
		if err != nil {
			return nil, nil, err
		}
		return out.UserImportJobs, out.PaginationToken, nil
	}
	values := project(importJobFields, schema)
	return dataflow.ScanReport{}, each(ctx, p, listUserImportJobs, list, func(j *types.UserImportJobType) error { return to.Put(rowOf(values, j)) })
}

func probeImportJobs(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listUserImportJobs, &cip.ListUserImportJobsInput{UserPoolId: &p.target.poolID, MaxResults: aws.Int32(1)}, p.client.ListUserImportJobs)
	return err
}
