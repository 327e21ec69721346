# The whole way in one file: a connector to a user pool, a dataflow that imports three of its tables, and what can be read back.
# `make demo` applies it to a test Cognito on this machine. For a pool of your own leave out `endpoint`.

terraform {
  required_version = ">= 1.11"
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
  type        = string
  description = "Where Cognito answers; null: AWS."
  default     = null
}

variable "access_key_id" {
  type = string
}

variable "secret_access_key" {
  type      = string
  sensitive = true
  ephemeral = true # it is in no state and no plan
}

variable "build" {
  type        = string
  description = "Any text. A new one refreshes the tables."
  default     = "1"
}

variable "max_requests_per_second" {
  type        = number
  description = "The share of the account's Cognito quota (30 requests/s on AWS) that the import may use."
  default     = 20
}

provider "skypoint" {}

resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  display_name                 = "App users"
  user_pool_id                 = var.user_pool_id
  endpoint                     = var.endpoint
  access_key_id                = var.access_key_id
  secret_access_key_wo         = var.secret_access_key
  secret_access_key_wo_version = 1
  max_requests_per_second      = var.max_requests_per_second
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  display_name = "Customers"
  connector_id = skypoint_cognito_connector.app.id

  tables = {
    users             = { purpose = "Customer 360" }
    groups            = {}
    group_memberships = {}
  }

  refresh_triggers = { build = var.build }
}

# Data sources take at_run: so they wait for the run, and are read again after the next one.

data "skypoint_dataflow" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
}

data "skypoint_dataflow_runs" "customers" {
  dataflow_id = skypoint_dataflow.customers.id
  at_run      = skypoint_dataflow.customers.current_run
}

data "skypoint_tables" "customers" {
  database = skypoint_dataflow.customers.database
  at_run   = skypoint_dataflow.customers.current_run
}

data "skypoint_table" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  at_run      = skypoint_dataflow.customers.current_run
}

data "skypoint_table_rows" "users" {
  dataflow_id = skypoint_dataflow.customers.id
  key         = "users"
  columns     = ["username", "status", "email", "custom_plan", "custom_score", "updated_at"]
  limit       = 5
  at_run      = skypoint_dataflow.customers.current_run
}

output "dataflow" {
  value = data.skypoint_dataflow.customers
}

output "runs" {
  value = data.skypoint_dataflow_runs.customers.runs
}

output "tables" {
  value = data.skypoint_tables.customers.tables
}

output "table_details" {
  description = "What each table is. What a run did to it is in the run history."
  value       = skypoint_dataflow.customers.table_details
}

output "columns" {
  value = data.skypoint_table.users.columns
}

output "rows" {
  description = "Rows are people: Terraform keeps them out of sight unless asked (terraform output -json rows)."
  value       = data.skypoint_table_rows.users.rows
  sensitive   = true
}
