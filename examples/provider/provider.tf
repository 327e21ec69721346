terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

provider "skypoint" {} # records and tables live in .skypoint beside the root module

resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123" # signs in as the AWS CLI does: environment, profile, role
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables = {
    users  = {}
    groups = {}
  }
}
