# Signs in as the AWS CLI does: environment, profile, instance role.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

variable "access_key_id" {
  type = string
}

variable "secret_access_key" {
  type      = string
  ephemeral = true # in no plan and no state
}

# Signs in with a key. The secret is sealed in the workspace.
resource "skypoint_cognito_connector" "partners" {
  name                         = "Partners"
  description                  = "The pool of our partners"
  user_pool_id                 = "us-east-1_AbCdEf123"
  access_key_id                = var.access_key_id
  secret_access_key_wo         = var.secret_access_key
  secret_access_key_wo_version = 1 # another number when the secret changes
  max_requests_per_second      = 10
}
