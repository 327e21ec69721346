import {
  to = skypoint_dataflow.customers
  id = "Customers"
}
