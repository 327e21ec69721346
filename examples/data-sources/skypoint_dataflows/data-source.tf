resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

data "skypoint_dataflows" "all" {
  name_regex = "^Cust"
  group_by   = "status"
  at_run     = skypoint_dataflow.customers.current_run # waits for the run
}

output "failed" {
  value = [for d in try(data.skypoint_dataflows.all.groups["Failed"].dataflows, []) : d.name]
}

output "unreadable" {
  value = data.skypoint_dataflows.all.unreadable
}
