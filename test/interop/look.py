"""look.py CATALOG_DB TABLE [REF]: a table as pyiceberg finds it: where its metadata is, its refs in order, and its rows at REF, as one JSON object.

look.py CATALOG_DB TABLE --append-first: writes the table's first row once more, as another writer would that knows nothing of us.
"""
import json
import sys

from pyiceberg.catalog import load_catalog

db, name, *ref = sys.argv[1:]
table = load_catalog("skypoint", type="sql", uri=f"sqlite:///{db}").load_table(name)
if ref == ["--append-first"]:
    table.append(table.scan().to_arrow()[:1])
scan = table.scan().use_ref(ref[0]) if ref and not ref[0].startswith("--") else table.scan()
print(json.dumps({
    "metadata_location": table.metadata_location,
    "refs": sorted(table.metadata.refs),
    "rows": scan.to_arrow().to_pylist(),
}, ensure_ascii=False, default=str))
