terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# What an import counted goes into another module, here one that would size a cluster.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, group_memberships = {} }
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}

module "sizing" {
  source   = "./sizing"
  rows     = data.skypoint_table.users.total_records
  bytes    = data.skypoint_table.users.total_bytes
  metadata = data.skypoint_table.users.metadata_location
}

output "workers" {
  value = module.sizing.workers
}
