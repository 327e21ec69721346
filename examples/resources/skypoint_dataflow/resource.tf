resource "skypoint_cognito_connector" "app" {
  name         = "App"
  user_pool_id = "us-east-1_AbCdEf123"
}

variable "build" {
  type    = string
  default = "1"
}

resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  description  = "Who our customers are, for the warehouse"
  connector_id = skypoint_cognito_connector.app.id
  database     = "customers"

  tables = {
    users = {
      purpose = "Customer 360"
      columns = {
        email        = { policy = "hash" } # becomes the column email_hashed
        phone_number = { policy = "mask", keep_last = 4 }
        address      = { policy = "drop" }
      }
    }
    groups            = {}
    group_memberships = { table_name = "members" }
    app_clients       = { purpose = "Privacy-Metadata" } # what is known of the table, no row
  }

  refresh_triggers    = { build = var.build } # a change imports again
  max_removed_percent = 20                    # a run that would remove more publishes nothing
  retain_runs         = 14
  deletion_protection = false
}

output "rows" {
  value = { for key, table in skypoint_dataflow.customers.table_details : key => table.total_records }
}
