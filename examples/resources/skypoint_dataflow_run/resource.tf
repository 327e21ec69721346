resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

# Each of these is a run: one more is made by another value in triggers.
resource "skypoint_dataflow_run" "nightly" {
  dataflow_id = skypoint_dataflow.customers.id
  triggers    = { day = "2026-11-28" }
}

output "what_it_did" {
  value = skypoint_dataflow_run.nightly.description
}
