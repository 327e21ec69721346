# The connector may have been made by another root module of the same workspace.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

data "skypoint_cognito_connector" "app" {
  name = skypoint_cognito_connector.app.name
}

# Every table that its sign-in can read, without those that cost a call per user.
resource "skypoint_dataflow" "everything" {
  name         = "Everything"
  connector_id = data.skypoint_cognito_connector.app.id
  tables = {
    for table in data.skypoint_cognito_connector.app.available_tables : table.key => {}
    if table.readable && !contains(["devices", "auth_events"], table.key)
  }
}
