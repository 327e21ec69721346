import {
  to = skypoint_cognito_connector.app
  id = "App"
}
