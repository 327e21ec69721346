"""Opens Spark with the SQLite catalog of a workspace as the catalog "skypoint"."""
import glob
import os
import sys

from pyspark.sql import SparkSession


def open_catalog(db, warehouse):
    jars = ",".join(glob.glob(os.path.join(os.path.dirname(sys.executable), "..", "jars", "*.jar")))
    key = "spark.sql.catalog.skypoint"
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", jars).config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
        .config(key, "org.apache.iceberg.spark.SparkCatalog").config(f"{key}.cache-enabled", "false")
        .config(f"{key}.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog").config(f"{key}.jdbc.schema-version", "V1")
        .config(f"{key}.uri", f"jdbc:sqlite:{db}").config(f"{key}.warehouse", warehouse)
        .getOrCreate()
    )
