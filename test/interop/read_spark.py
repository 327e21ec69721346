"""read_spark.py CATALOG_DB WAREHOUSE_URL [REF]: the rows of customers.users as Spark reads them, a JSON object a line."""
import glob
import os
import sys

from pyspark.sql import SparkSession

db, warehouse, *ref = sys.argv[1:]
jars = ",".join(glob.glob(os.path.join(os.path.dirname(sys.executable), "..", "jars", "*.jar")))
key = "spark.sql.catalog.skypoint"
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", jars).config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .config(key, "org.apache.iceberg.spark.SparkCatalog").config(f"{key}.cache-enabled", "false")
    .config(f"{key}.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog").config(f"{key}.jdbc.schema-version", "V1")
    .config(f"{key}.uri", f"jdbc:sqlite:{db}").config(f"{key}.warehouse", warehouse)
    .getOrCreate()
)
version = f" VERSION AS OF '{ref[0]}'" if ref else ""
for line in spark.sql(f"SELECT sub, email, logins, `custom_部署` FROM skypoint.customers.users{version}").toJSON().collect():
    print(line)
