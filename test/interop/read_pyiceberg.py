"""read_pyiceberg.py CATALOG_DB [REF]: the rows of customers.users as pyiceberg reads them, a JSON object a line."""
import json
import sys

from pyiceberg.catalog import load_catalog

db, *ref = sys.argv[1:]
table = load_catalog("skypoint", type="sql", uri=f"sqlite:///{db}").load_table("customers.users")
scan = table.scan(selected_fields=("sub", "email", "logins", "custom_部署"))
if ref:
    scan = scan.use_ref(ref[0])
for row in scan.to_arrow().to_pylist():
    print(json.dumps(row, ensure_ascii=False))
