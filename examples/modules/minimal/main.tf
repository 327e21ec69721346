terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# The shortest complete configuration: one pool, its users, in .skypoint beside this file.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {} }
}
