resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

data "skypoint_dataflow_runs" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
  limit       = 10
  at_run      = skypoint_dataflow.customers.current_run # waits for the run
}

output "history" {
  value = [for r in data.skypoint_dataflow_runs.customers.runs : "${r.run} ${r.kind} ${r.status}: ${r.description}"]
}
