resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

data "skypoint_dataflow" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run # waits for the run
}

output "status" {
  value = data.skypoint_dataflow.customers.status
}
