"""reader.py: answers one JSON request a line on standard input with one JSON line on standard output, until it is closed.

    {"op": "peek", "db": PATH}
        the tables in a catalog that nobody has opened since its writer was killed: their refs, by name. It reads copies, because
        opening the catalog would recover it, and that is the provider's to do.

    Where a REST catalog has them, "db" is its address.

    Where the tables are in a bucket, "db" is the address of a PostgreSQL database, "endpoint" that of the bucket's service, and "objects" a folder
    that has every object as a file, under the bucket's name.

    {"op": "check", "db": PATH, "warehouse": PATH, "database": NAME, "tables": {NAME: {"key": KEY, "refs": {REF: FOLDER}, "current": REF}}}
        what pyiceberg finds otherwise than expected: each table with exactly these refs, each ref with the rows and the columns that
        FOLDER says the pool held (as ../interop/dump.py writes it), main on the snapshot of the tag "current", no staging branch,
        every data file that a snapshot needs, and no other. The answer lists what is lost, half published and left behind, and
        counts the metadata files that lead nowhere: a kill may leave some until a later run.

The rules by which a pool becomes rows are those of ../interop/compare.py: written from the documentation, not from the provider.
"""
import functools
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

import sqlalchemy  # noqa: E402
from pyiceberg.catalog import load_catalog  # noqa: E402
from pyiceberg.exceptions import NoSuchNamespaceError  # noqa: E402

import compare  # noqa: E402

KINDS = {"users": compare.Users, "groups": compare.Groups, "group_memberships": compare.GroupMemberships}


OBJECTS = ""  # the folder that has the objects of buckets as files


def path_of(location):
    if location.startswith("s3://"):
        return os.path.join(OBJECTS, location[len("s3://"):])
    return urllib.parse.unquote(urllib.parse.urlparse(location).path)


def engine_of(db):
    """The address of a catalog as SQLAlchemy takes it."""
    return db.replace("postgres://", "postgresql+psycopg2://", 1) if db.startswith("postgres://") else "sqlite:///" + db


def pointers(db):
    """The tables in a PostgreSQL catalog and where their metadata is."""
    engine = sqlalchemy.create_engine(engine_of(db))
    try:
        with engine.connect() as connection:
            if not connection.execute(sqlalchemy.text("SELECT to_regclass('iceberg_tables')")).scalar():
                return []
            return connection.execute(sqlalchemy.text("SELECT table_name, metadata_location FROM iceberg_tables")).fetchall()
    finally:
        engine.dispose()


def is_rest(db):
    return db.startswith("http://")


def peek(request):
    if is_rest(request["db"]):
        catalog = load_catalog("skypoint", type="rest", uri=request["db"])
        try:
            names = catalog.list_tables(request["database"])
        except NoSuchNamespaceError:
            names = []
        return {"refs": {ident[-1]: {ref: at.snapshot_id for ref, at in catalog.load_table(ident).metadata.refs.items()} for ident in names}}
    if request["db"].startswith("postgres://"):
        return {"refs": refs_of(pointers(request["db"]))}
    if not os.path.exists(request["db"]):
        return {"refs": {}}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if os.path.exists(request["db"] + suffix):
                shutil.copy(request["db"] + suffix, os.path.join(folder, "catalog.db" + suffix))
        db = sqlite3.connect(os.path.join(folder, "catalog.db"))
        try:
            rows = db.execute("SELECT table_name, metadata_location FROM iceberg_tables").fetchall()
        except sqlite3.OperationalError:  # killed before it made its tables
            rows = []
        finally:
            db.close()
    return {"refs": refs_of(rows)}


def refs_of(rows):
    refs = {}
    for name, location in rows:
        with open(path_of(location), encoding="utf-8") as f:
            refs[name] = {ref: at["snapshot-id"] for ref, at in json.load(f).get("refs", {}).items()}
    return refs


@functools.lru_cache(maxsize=64)
def expected(kind, folder):
    """The columns with their types, and the rows by key, of a table of the pool as FOLDER has it."""
    rules = KINDS[kind](folder)
    rows = {}
    for record in compare.lines(folder, rules.file):
        row = rules.row(record)
        rows[tuple(row[c] for c in rules.key)] = row
    return rules, rows


class Findings:
    def __init__(self):
        self.lost, self.half, self.left = [], [], []


def differences(table, ref, kind, folder):
    """What the table holds at a ref otherwise than the pool did: a sentence, or None. And the number of values compared."""
    rules, want = expected(kind, folder)
    scan = table.scan().use_ref(ref) if ref != "main" else table.scan()
    types = {f.name: str(f.field_type) for f in scan.projection().fields}
    for name in sorted(types.keys() | rules.columns.keys()):
        if types.get(name) != rules.columns.get(name):
            return f"column {name} is {types.get(name)}, not {rules.columns.get(name)}", 0
    values, seen = 0, set()
    for got in scan.to_arrow().to_pylist():
        key = tuple(got[c] for c in rules.key)
        row = want.get(key)
        if row is None or key in seen:
            return f"row {key!r} is not in the pool, or twice in the table", values
        seen.add(key)
        if got.get("other_attributes") is not None:
            got["other_attributes"] = dict(got["other_attributes"])
        for column in rules.columns:
            values += 1
            if not compare.same(row[column], got[column]):
                return f"row {key!r}: {column} is {got[column]!r}, not {row[column]!r}", values
    if len(seen) != len(want):
        return f"{len(want) - len(seen)} of {len(want)} rows are missing", values
    return None, values


@functools.lru_cache(maxsize=4096)
def files_of(snapshot):
    return frozenset(snapshot.files())


class Snapshot:
    """A snapshot's data files. Its manifest list never changes, so its path is its identity."""

    def __init__(self, table, snapshot):
        self.table, self.snapshot = table, snapshot

    def __hash__(self):
        return hash(self.snapshot.manifest_list)

    def __eq__(self, other):
        return self.snapshot.manifest_list == other.snapshot.manifest_list

    def files(self):
        for manifest in self.snapshot.manifests(self.table.io):
            for entry in manifest.fetch_manifest_entry(self.table.io, discard_deleted=True):
                yield path_of(entry.data_file.file_path)


def check_table(table, want, found):
    name = table.name()[-1]
    refs = {ref: at.snapshot_id for ref, at in table.metadata.refs.items()}
    values = 0
    for ref in sorted(refs.keys() - want["refs"].keys()):
        if ref.endswith("_staging"):
            found.left.append(f"table {name}: the staging branch {ref} is left")
        elif ref == "main":
            found.half.append(f"table {name} is shown and should be hidden")
        else:
            found.left.append(f"table {name}: the tag {ref} is left")
    for ref in sorted(want["refs"].keys() - refs.keys()):
        (found.half if ref == "main" else found.lost).append(f"table {name} has no {ref}")
    at = refs.get("main")
    if "main" in want["refs"] and at is not None and at != refs.get(want["current"]):
        found.half.append(f"table {name} is not at {want['current']}: main is snapshot {at} of {refs}")
    for ref in sorted(want["refs"].keys() & refs.keys()):
        difference, compared = differences(table, ref, want["key"], want["refs"][ref])
        values += compared
        if difference:
            found.lost.append(f"table {name} at {ref}: {difference}")
    return values


def metadata_of(table):
    """The metadata files, statistics, manifest lists and manifests that lead to anything."""
    paths = {table.metadata_location} | {entry.metadata_file for entry in table.metadata.metadata_log} | {file.statistics_path for file in table.metadata.statistics}
    for snapshot in table.metadata.snapshots:
        paths |= manifests_of(Snapshot(table, snapshot))
    return {path_of(path) for path in paths}


@functools.lru_cache(maxsize=4096)
def manifests_of(snapshot):
    return frozenset([snapshot.snapshot.manifest_list, *(m.manifest_path for m in snapshot.snapshot.manifests(snapshot.table.io))])


def check(request):
    found, values, needed = Findings(), 0, set()
    tables = {}
    properties = {}
    if request.get("endpoint"):
        properties = {"s3.endpoint": request["endpoint"], "s3.region": "us-east-1", "s3.access-key-id": "AKIAREADER", "s3.secret-access-key": "any", "init_catalog_tables": "false"}
    if is_rest(request["db"]) or (pointers(request["db"]) if properties else os.path.exists(request["db"])):
        if is_rest(request["db"]):
            catalog = load_catalog("skypoint", type="rest", uri=request["db"])
        else:
            catalog = load_catalog("skypoint", type="sql", uri=engine_of(request["db"]), **properties)
        try:
            tables = {ident[-1]: catalog.load_table(ident) for ident in catalog.list_tables(request["database"])}
        except NoSuchNamespaceError:
            pass
        finally:
            if not is_rest(request["db"]):
                catalog.engine.dispose()
    for name in sorted(tables.keys() | request["tables"].keys()):
        if name not in tables:
            found.lost.append(f"table {name} is not there")
            continue
        table = tables[name]
        if name in request["tables"]:
            values += check_table(table, request["tables"][name], found)
        elif table.metadata.snapshots:  # an empty one may wait for the next import
            found.left.append(f"table {name} is there, with refs {sorted(table.metadata.refs)}")
        for ref in table.metadata.refs.values():
            needed |= files_of(Snapshot(table, table.snapshot_by_id(ref.snapshot_id)))
    everything = {os.path.join(folder, name) for folder, _, names in os.walk(request["warehouse"]) for name in names if not name.endswith(".crc")}  # Hadoop's, beside what Iceberg's own server writes
    there = {path for path in everything if path.endswith(".parquet")}
    metadata = set().union(*(metadata_of(table) for table in tables.values()))
    found.lost += [f"the data file {path} is not there" for path in sorted(needed - there)]
    found.left += [f"the data file {path} is nobody's" for path in sorted(there - needed)]
    return {"lost": found.lost, "half": found.half, "left": found.left, "values": values, "stray": len(everything - there - metadata)}


def main():
    global OBJECTS
    for line in sys.stdin:
        request = json.loads(line)
        OBJECTS = request.get("objects", "")
        try:
            answer = {"peek": peek, "check": check}[request["op"]](request)
        except Exception as e:  # whatever pyiceberg stumbles over is a finding, not the end
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
