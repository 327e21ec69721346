resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run # waits for the run
}

output "users_without_an_email" {
  value = one([for c in data.skypoint_table.users.columns : data.skypoint_table.users.profiled_records - c.filled if c.name == "email"])
}

output "metadata" {
  value = data.skypoint_table.users.metadata_location # what readers without the catalog open
}
