data "skypoint_connector_types" "services" {
  category = "Services and apps"
  search   = "cognito"
}

output "resources" {
  value = data.skypoint_connector_types.services.types[*].resource
}
