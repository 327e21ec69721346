output "policy" {
  value = provider::skypoint::cognito_policy(
    "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123",
    ["users", "groups"],
  )
}
