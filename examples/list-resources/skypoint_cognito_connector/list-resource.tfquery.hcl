# terraform query -generate-config-out=found.tf
list "skypoint_cognito_connector" "all" {
  provider         = skypoint
  include_resource = true

  config {
    user_pool_id = "us-east-1_AbCdEf123"
  }
}
