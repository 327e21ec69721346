"""read_spark.py CATALOG_DB WAREHOUSE_URL [REF]: the rows of customers.users as Spark reads them, a JSON object a line."""
import sys

from spark_session import open_catalog

db, warehouse, *ref = sys.argv[1:]
spark = open_catalog(db, warehouse)
version = f" VERSION AS OF '{ref[0]}'" if ref else ""
for line in spark.sql(f"SELECT sub, email, logins, `custom_部署` FROM skypoint.customers.users{version}").toJSON().collect():
    print(line)
