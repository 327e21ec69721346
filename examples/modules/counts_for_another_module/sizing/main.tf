variable "rows" {
  type = number
}

variable "bytes" {
  type = number
}

variable "metadata" {
  type = string
}

output "workers" {
  value = max(1, ceil(var.bytes / 1e9))
}

output "job" {
  value = { input = var.metadata, rows = var.rows }
}
