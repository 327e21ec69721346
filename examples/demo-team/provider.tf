# What `make demo-team` puts in place of the empty provider block of examples/demo: records and tables in a bucket, the catalog in PostgreSQL.

variable "workspace" {
  type        = string
  description = "The URL of the bucket: s3://BUCKET/PREFIX?region=REGION"
}

variable "secrets_key" {
  type      = string
  sensitive = true
}

variable "catalog_uri" {
  type      = string
  sensitive = true
}

provider "skypoint" {
  workspace   = var.workspace
  secrets_key = var.secrets_key
  catalog = {
    type = "postgres"
    uri  = var.catalog_uri
  }
}
