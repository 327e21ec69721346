terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# A module with tests that need no pool: see tests/.
variable "name" {
  type = string
}

variable "user_pool_id" {
  type = string
}

variable "least_users" {
  type    = number
  default = 1
}

resource "skypoint_cognito_connector" "this" {
  name         = provider::skypoint::dataflow_name(var.name)
  display_name = var.name
  user_pool_id = var.user_pool_id
}

resource "skypoint_dataflow" "this" {
  name         = provider::skypoint::dataflow_name(var.name)
  display_name = var.name
  connector_id = skypoint_cognito_connector.this.id
  tables       = { users = { purpose = "Customer 360" } }
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.this.id
  key         = "users"
  at_run      = skypoint_dataflow.this.current_run
}

output "users" {
  value = data.skypoint_table.users.total_records

  precondition {
    condition     = data.skypoint_table.users.total_records >= var.least_users
    error_message = "Too few users."
  }
}
