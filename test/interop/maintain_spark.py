"""maintain_spark.py CATALOG_DB WAREHOUSE_URL: what a platform team runs every night over all tables, on customers.users: compacts, rewrites delete files and manifests, expires all
snapshots but those that a branch or a tag is on. Prints what each procedure says, a JSON object a line.

https://iceberg.apache.org/docs/1.10.0/spark-procedures/
"""
import glob
import os
import sys

from pyspark.sql import SparkSession

db, warehouse = sys.argv[1:]
jars = ",".join(glob.glob(os.path.join(os.path.dirname(sys.executable), "..", "jars", "*.jar")))
key = "spark.sql.catalog.skypoint"
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", jars).config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .config(key, "org.apache.iceberg.spark.SparkCatalog").config(f"{key}.cache-enabled", "false")
    .config(f"{key}.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog").config(f"{key}.jdbc.schema-version", "V1")
    .config(f"{key}.uri", f"jdbc:sqlite:{db}").config(f"{key}.warehouse", warehouse)
    .getOrCreate()
)
for call in (
    "rewrite_data_files(table => 'customers.users', options => map('rewrite-all', 'true'))",
    "rewrite_position_delete_files(table => 'customers.users', options => map('rewrite-all', 'true'))",
    "rewrite_manifests(table => 'customers.users')",
    "expire_snapshots(table => 'customers.users', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)",
):
    for line in spark.sql(f"CALL skypoint.system.{call}").toJSON().collect():
        print(line)
