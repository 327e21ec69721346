resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
}

# terraform apply -invoke=action.skypoint_dataflow_run.now
action "skypoint_dataflow_run" "now" {
  config {
    dataflow_id = skypoint_dataflow.customers.id
  }
}

# terraform apply -invoke=action.skypoint_dataflow_rollback.back
action "skypoint_dataflow_rollback" "back" {
  config {
    dataflow_id = skypoint_dataflow.customers.id
    # to_run    = 12   # without it: the import before the current one
  }
}
