import {
  to = skypoint_dataflow.customers
  identity = {
    id = "Customers"
  }
}
