"""read_matrix.py READER: reads a JSON object on standard input and prints the rows of customers.users at each ref, as one JSON object by ref.

    {"catalog": "sqlite" | "postgres" | "rest" | "glue", "uri": …, "warehouse": …, "metadata": LOCATION, "s3": ENDPOINT or "", "snapshots": {REF: ID}}

The way in is the catalog, except for DuckDB: it opens the metadata file that the data source skypoint_table names, at a snapshot that it names.
"""
import glob
import importlib
import json
import os
import re
import sys
import urllib.parse

KEY, SECRET, REGION = "AKIALAKE", "any", "us-east-1"


def pyiceberg(ask):
    from pyiceberg.catalog import load_catalog

    properties = {"uri": ask["uri"]}
    if ask["catalog"] == "sqlite":
        properties = {"type": "sql", "uri": "sqlite:///" + ask["uri"]}
    if ask["catalog"] == "postgres":
        properties = {"type": "sql", "uri": ask["uri"].replace("postgres://", "postgresql+psycopg2://", 1)}
    if ask["catalog"] == "rest":
        properties = {"type": "rest", "uri": ask["uri"]}
    if ask["catalog"] == "glue":
        properties = {"type": "glue", "glue.endpoint": ask["s3"], "glue.region": REGION, "glue.access-key-id": KEY, "glue.secret-access-key": SECRET}
    if ask["s3"]:
        properties |= {"s3.endpoint": ask["s3"], "s3.region": REGION, "s3.access-key-id": KEY, "s3.secret-access-key": SECRET}
    table = load_catalog("skypoint", **properties).load_table("customers.users")
    return {ref: (table.scan() if ref == "main" else table.scan().use_ref(ref)).to_arrow().to_pylist() for ref in ask["snapshots"]}


def duckdb(ask):
    import duckdb

    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    for extension in ("avro", "httpfs", "iceberg"):
        home = os.path.dirname(importlib.import_module(f"duckdb_extension_{extension}").__file__)
        (file,) = glob.glob(os.path.join(home, "extensions", "*", "*.duckdb_extension"))
        con.execute(f"INSTALL '{file}'")
        con.execute(f"LOAD {extension}")
    if ask["s3"]:
        host = urllib.parse.urlparse(ask["s3"]).netloc
        con.execute(f"CREATE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', REGION '{REGION}', ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)")
    path = re.sub(r"^file:/+", "/", ask["metadata"])
    rows = {}
    for ref, snapshot in ask["snapshots"].items():
        at = "" if ref == "main" else f", snapshot_from_id = {snapshot}::UBIGINT"
        rows[ref] = [json.loads(row) for (row,) in con.execute(f"SELECT to_json(t) FROM (SELECT * FROM iceberg_scan('{path}'{at})) t").fetchall()]
    return rows


def spark(ask):
    from pyspark.sql import SparkSession

    os.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION=REGION)
    jars = glob.glob(os.path.join(os.path.dirname(sys.executable), "..", "jars", "*.jar")) + glob.glob(os.path.join(os.environ["STORES"], "jars", "*.jar"))
    key = "spark.sql.catalog.skypoint"
    config = {
        "spark.jars": ",".join(jars), "spark.ui.enabled": "false", "spark.log.level": "ERROR",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        key: "org.apache.iceberg.spark.SparkCatalog", f"{key}.cache-enabled": "false", f"{key}.warehouse": ask["warehouse"],
    }
    if ask["catalog"] in ("sqlite", "postgres"):
        config |= {f"{key}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", f"{key}.jdbc.schema-version": "V1", f"{key}.uri": "jdbc:sqlite:" + ask["uri"]}
    if ask["catalog"] == "postgres":
        at = urllib.parse.urlparse(ask["uri"])
        config |= {f"{key}.uri": f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}", f"{key}.jdbc.user": at.username, f"{key}.jdbc.password": urllib.parse.unquote(at.password)}
    if ask["catalog"] == "rest":
        config |= {f"{key}.type": "rest", f"{key}.uri": ask["uri"]}
    if ask["catalog"] == "glue":
        config |= {f"{key}.type": "glue", f"{key}.glue.endpoint": ask["s3"]}
    if ask["s3"]:
        config |= {
            f"{key}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO", f"{key}.s3.endpoint": ask["s3"], f"{key}.s3.path-style-access": "true",
            f"{key}.s3.access-key-id": KEY, f"{key}.s3.secret-access-key": SECRET, f"{key}.client.region": REGION,
        }
    builder = SparkSession.builder.master("local[2]")
    for name, value in config.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    rows = {}
    for ref in ask["snapshots"]:
        version = "" if ref == "main" else f" VERSION AS OF '{ref}'"
        rows[ref] = [row.asDict() for row in session.sql(f"SELECT * FROM skypoint.customers.users{version}").collect()]
    return rows


print(json.dumps({"pyiceberg": pyiceberg, "duckdb": duckdb, "spark": spark}[sys.argv[1]](json.load(sys.stdin)), ensure_ascii=False))
