resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

data "skypoint_tables" "customers" {
  database = skypoint_dataflow.customers.database
  at_run   = skypoint_dataflow.customers.current_run # waits for the run
}

output "rows" {
  value = { for t in data.skypoint_tables.customers.tables : "${t.database}.${t.table_name}" => t.total_records }
}
