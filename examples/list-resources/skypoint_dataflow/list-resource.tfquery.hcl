# terraform query -generate-config-out=found.tf
list "skypoint_dataflow" "all" {
  provider         = skypoint
  include_resource = true

  config {
    name_regex = "^Cust"
    status     = "Completed"
  }
}
