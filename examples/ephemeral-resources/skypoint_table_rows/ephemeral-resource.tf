resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

# The rows are in no plan and no state. What is ephemeral goes to write-only arguments, provider blocks and other ephemeral values.
ephemeral "skypoint_table_rows" "groups" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "groups"
  columns     = ["group_name"]
  at_run      = skypoint_dataflow.customers.current_run
}
