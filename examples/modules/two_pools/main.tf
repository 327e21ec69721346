terraform {
  required_providers {
    skypoint = {
      source = "skypointcloud/skypoint"
    }
  }
}

# Two pools, each into a database of its own. A pool more is a line more.
variable "pools" {
  type = map(object({ user_pool_id = string, tables = set(string) }))
  default = {
    "EU Partners" = { user_pool_id = "eu-west-1_GhIjKl456", tables = ["users"] }
    "US Customers" = {
      user_pool_id = "us-east-1_AbCdEf123"
      tables       = ["users", "groups", "group_memberships"]
    }
  }
}

resource "skypoint_cognito_connector" "pool" {
  for_each     = var.pools
  name         = provider::skypoint::dataflow_name(each.key)
  display_name = each.key
  user_pool_id = each.value.user_pool_id
}

resource "skypoint_dataflow" "pool" {
  for_each     = var.pools
  name         = provider::skypoint::dataflow_name(each.key)
  display_name = each.key
  connector_id = skypoint_cognito_connector.pool[each.key].id
  tables       = { for key in each.value.tables : key => {} }
}

output "rows" {
  value = { for name, d in skypoint_dataflow.pool : d.database => { for key, t in d.table_details : key => t.total_records } }
}
