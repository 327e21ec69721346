package cognitotest

// AddImportJob adds a user import job, or replaces the one with this ID. Fields are those of UserImportJobType, PreSignedUrl among them.
func (p *PoolHandle) AddImportJob(id string, fields Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs.put(id, fields)
}

// listUserImportJobs answers ListUserImportJobs.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserImportJobs.html
var listUserImportJobs = listing{
	kind: func(p *PoolHandle) *things { return &p.jobs },
	show: func(p *PoolHandle, t thing) Fields {
		return t.fields.with(Fields{
			"JobId": t.name, "JobName": t.name, "UserPoolId": p.pool.ID, "Status": "Created", "CreationDate": p.pool.CreatedAt,
			"ImportedUsers": 0, "SkippedUsers": 0, "FailedUsers": 0,
		})
	},
	items: "UserImportJobs", token: "PaginationToken", most: 60, required: true,
}.list
