"""maintain_spark.py CATALOG_DB WAREHOUSE_URL: what a platform team runs every night over all tables, on customers.users: compacts, rewrites delete files and manifests, expires all
snapshots but those that a branch or a tag is on. Prints what each procedure says, a JSON object a line.

https://iceberg.apache.org/docs/1.10.0/spark-procedures/
"""
import sys

from spark_session import open_catalog

db, warehouse = sys.argv[1:]
spark = open_catalog(db, warehouse)
for call in (
    "rewrite_data_files(table => 'customers.users', options => map('rewrite-all', 'true'))",
    "rewrite_position_delete_files(table => 'customers.users', options => map('rewrite-all', 'true'))",
    "rewrite_manifests(table => 'customers.users')",
    "expire_snapshots(table => 'customers.users', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)",
):
    for line in spark.sql(f"CALL skypoint.system.{call}").toJSON().collect():
        print(line)
