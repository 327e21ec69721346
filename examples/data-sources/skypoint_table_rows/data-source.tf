resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

# The rows are in the state, marked as sensitive: take few columns and rows, or the ephemeral resource of the same name.
data "skypoint_table_rows" "groups" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "groups"
  columns     = ["group_name"]
  limit       = 100
  at_run      = skypoint_dataflow.customers.current_run # the rows as this run left them
}

output "groups" {
  value     = data.skypoint_table_rows.groups.rows[*].group_name
  sensitive = true
}
