terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# Warns in every plan when the data is old or a table is suspiciously small, and stops nothing.
resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = skypoint_cognito_connector.app.id
  tables       = { users = {}, groups = {} }
  max_age      = "24h"
}

check "fresh" {
  assert {
    condition     = timecmp(timeadd(skypoint_dataflow.customers.data_as_of, "36h"), plantimestamp()) > 0
    error_message = "The customers are older than 36 hours."
  }
}

check "plausible" {
  assert {
    condition     = alltrue([for key, least in { users = 100, groups = 1 } : skypoint_dataflow.customers.table_details[key].total_records >= least])
    error_message = "A table has fewer rows than it should."
  }
}
