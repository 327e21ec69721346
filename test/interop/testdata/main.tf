terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

variable "user_pool_id" {
  type = string
}

variable "endpoint" {
  type = string
}

variable "access_key_id" {
  type = string
}

variable "secret_access_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "build" {
  type = string
}

provider "skypoint" {}

resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = var.user_pool_id
  endpoint                     = var.endpoint
  access_key_id                = var.access_key_id
  secret_access_key_wo         = var.secret_access_key
  secret_access_key_wo_version = 1
  max_requests_per_second      = 1000
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables = {
    users             = {}
    groups            = {}
    group_memberships = {}
  }
  refresh_triggers = { build = var.build }
}

output "counts" {
  value = { for key, table in skypoint_dataflow.customers.table_details : key => table.total_records }
}
