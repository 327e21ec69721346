"""read_duckdb.py METADATA_JSON [REF]: the rows of a table as DuckDB reads them, a JSON object a line.

The extensions come as packages and are installed from their files: nothing else is fetched.
"""
import glob
import importlib
import json
import os
import re
import sys

import duckdb

location, *ref = sys.argv[1:]
con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
for extension in ("avro", "httpfs", "iceberg"):
    home = os.path.dirname(importlib.import_module(f"duckdb_extension_{extension}").__file__)
    (file,) = glob.glob(os.path.join(home, "extensions", "*", "*.duckdb_extension"))
    con.execute(f"INSTALL '{file}'")
    con.execute(f"LOAD {extension}")
path = re.sub(r"^file:/+", "/", location)
quoted = path.replace("'", "''")
snapshot = ""
if ref:
    with open(path) as metadata:
        snapshot = f", snapshot_from_id = {json.load(metadata)['refs'][ref[0]]['snapshot-id']}::UBIGINT"
for (row,) in con.execute(f"""SELECT to_json(t) FROM (SELECT sub, email, logins, "custom_部署" FROM iceberg_scan('{quoted}'{snapshot})) t""").fetchall():
    print(row)
