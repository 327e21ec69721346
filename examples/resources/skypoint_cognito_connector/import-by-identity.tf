import {
  to = skypoint_cognito_connector.app
  identity = {
    id = "App"
  }
}
