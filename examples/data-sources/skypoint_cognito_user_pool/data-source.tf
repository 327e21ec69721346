data "skypoint_cognito_user_pool" "app" {
  user_pool_id            = "us-east-1_AbCdEf123" # signs in as the AWS CLI does
  tables                  = ["users", "group_memberships"]
  max_requests_per_second = 20
}

output "columns" {
  value = { for a in data.skypoint_cognito_user_pool.app.attributes : a.name => a.column }
}

output "minutes_an_import_takes" {
  value = data.skypoint_cognito_user_pool.app.forecast.minutes
}
