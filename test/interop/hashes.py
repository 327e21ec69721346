"""hashes.py CATALOG_DB KEY: compares customers.users and customers.group_memberships, which were loaded as they are, with hidden.users and hidden.group_memberships, whose columns are
hashed: every hash with Python's own, and the join of both tables. Prints what it compared, as JSON; ends with 1 at the first difference.

https://docs.python.org/3/library/hmac.html
"""
import collections
import hashlib
import hmac
import json
import sys

from pyiceberg.catalog import load_catalog

db, key = sys.argv[1:]
catalog = load_catalog("skypoint", type="sql", uri=f"sqlite:///{db}")


def rows(name):
    return catalog.load_table(name).scan().to_arrow().to_pylist()


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "normalize"):
        return format(value.normalize(), "f")
    if hasattr(value, "isoformat"):
        fraction = f"{value.microsecond:06}".rstrip("0")
        return value.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"
    return value


def hashed(value):
    return None if value is None else hmac.new(key.encode(), text(value).encode(), hashlib.sha256).hexdigest()


def same(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, want {want!r}")


compared = collections.Counter()
for table, row_key in (("users", ("sub",)), ("group_memberships", ("group_name", "sub"))):
    plain = {tuple(row[k] for k in row_key): row for row in rows(f"customers.{table}")}
    hidden = rows(f"hidden.{table}")
    same(f"rows of {table}", len(hidden), len(plain))
    columns = [name.removesuffix("_hashed") for name in hidden[0] if name.endswith("_hashed")]
    by_hash = {tuple(hashed(part) if f"{name}_hashed" in hidden[0] else part for name, part in zip(row_key, at)): row for at, row in plain.items()}
    for row in hidden:
        want = by_hash[tuple(row[f"{k}_hashed"] if f"{k}_hashed" in row else row[k] for k in row_key)]
        for name in columns:
            same(f"{table}.{name}", row[f"{name}_hashed"], hashed(want[name]))
            compared[f"{table}.{name}"] += row[f"{name}_hashed"] is not None


def joined(database, column):
    users = {row[column]: row["status"] for row in rows(f"{database}.users")}
    return collections.Counter((m["group_name"], users[m[column]]) for m in rows(f"{database}.group_memberships"))


same("the join", joined("hidden", "sub_hashed"), joined("customers", "sub"))
compared["joined"] = joined("hidden", "sub_hashed").total()
print(json.dumps(compared))
