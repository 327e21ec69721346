// Package cognitotest is an Amazon Cognito user pool service in the test process, which keeps the real rules:
// AWS JSON 1.1 with Signature Version 4, pages of at most 60 that may be short or empty and still carry a token,
// tokens that live an hour and belong to their request, one filter at a time, the quota that ListUsers and
// ListUsersInGroup share, and the errors in AWS's form.
//
// Users are computed from a seed when they are asked for, so a pool of a million costs neither memory nor start-up time.
//
// Source of the rules: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html
package cognitotest
