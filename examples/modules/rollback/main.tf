terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# Set pinned_run to go back to an earlier import, and to null to go forward again.
variable "pinned_run" {
  type    = number
  default = null
}

resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {} }
  pinned_run   = var.pinned_run
  retain_runs  = 14
}

data "skypoint_dataflow_runs" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
}

# The imports that pinned_run may name are among these.
output "completed_imports" {
  value = [for r in data.skypoint_dataflow_runs.customers.runs : "${r.run}: ${r.description}" if r.kind == "import" && r.status == "Completed"]
}
