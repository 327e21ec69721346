"""statistics_spark.py CATALOG_DB WAREHOUSE_URL: the numbers of distinct values in the statistics of customers.users, as the table has them, and as Iceberg's own procedure counts them
for the same columns. A JSON object each, a line each: the column's name, the number.

https://iceberg.apache.org/docs/1.10.0/spark-procedures/#compute_table_stats
"""
import json
import sys

from spark_session import open_catalog

db, warehouse = sys.argv[1:]
spark = open_catalog(db, warehouse)


def statistics():
    """The current snapshot's: by column the number that the table names, and the one that the sketch in the file gives where Spark has a reader of sketches."""
    table = spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, "skypoint.customers.users")
    [file] = [file for file in table.statisticsFiles() if file.snapshotId() == table.currentSnapshot().snapshotId()]
    named = {table.schema().findColumnName(blob.fields()[0]): int(blob.properties()["ndv"]) for blob in file.blobMetadata()}
    reader = spark._jvm.org.apache.iceberg.puffin.Puffin.read(table.io().newInputFile(file.path())).withFileSize(file.fileSizeInBytes()).withFooterSize(
        file.fileFooterSizeInBytes()).build()
    sketched = {}
    pairs = reader.readAll(reader.fileMetadata().blobs()).iterator()
    while pairs.hasNext():
        pair = pairs.next()
        content = bytes(spark._jvm.org.apache.iceberg.util.ByteBuffers.toByteArray(pair.second()))
        memory = spark._jvm.org.apache.datasketches.memory.Memory.wrap(content)
        sketch = spark._jvm.org.apache.datasketches.theta.Sketches.wrapSketch(memory)
        sketched[table.schema().findColumnName(pair.first().inputFields()[0])] = round(sketch.getEstimate())
    return named, sketched


named, sketched = statistics()
print(json.dumps(named))
print(json.dumps(sketched))
columns = ", ".join(f"'{name}'" for name in named)
spark.sql(f"CALL skypoint.system.compute_table_stats(table => 'customers.users', columns => array({columns}))").collect()
print(json.dumps(statistics()[0]))
