terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# Imports when the data is older than 20 hours: the nightly job needs nothing but `terraform apply`, and one that comes twice imports once.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
  max_age      = "20h"
}

output "what_it_did" {
  value = skypoint_dataflow.customers.last_run.description
}
