output "name" {
  value = provider::skypoint::dataflow_name("EU Customers, 2024") # "EUCustomers2024"
}
