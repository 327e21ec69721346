"""compare.py DIR CATALOG_DB DATABASE [REF]: does pyiceberg read from the tables, value by value, what DIR says the pool holds?

DIR is as dump.py writes it. Every row and every value is compared; absent and empty are different. The rules by which an attribute
becomes a column are written down here a second time, in another language and from the documentation alone, so that a fault
in the provider's is not repeated in its test. Ends with 3 when anything differs: 1 is Python's own for a program that failed.
"""
import datetime
import decimal
import json
import os
import re
import sys

from pyiceberg.catalog import load_catalog

SHOWN = 20  # differences that are printed; all are counted

USER_COLUMNS = {
    "sub": "string", "username": "string", "status": "string", "enabled": "boolean",
    "created_at": "timestamptz", "updated_at": "timestamptz",
}
TYPES = {"String": "string", "Number": "decimal(38, 9)", "DateTime": "timestamptz", "Boolean": "boolean"}


class CannotHold(Exception):
    """The column's type cannot hold the value: it belongs into other_attributes, as it came."""


def string(text):
    return text


def number(text):
    match = re.fullmatch(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?", text)
    if not match:
        raise CannotHold
    sign, whole, fraction = match.group(1), match.group(2), (match.group(3) or "").rstrip("0")
    if len(whole) > 29 or len(fraction) > 9 or (sign and whole == "0" and not fraction):
        raise CannotHold
    return decimal.Decimal(f"{sign}{whole}.{fraction or 0}")


def timestamp(text):
    match = re.fullmatch(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))", text)
    if not match:
        raise CannotHold
    *fields, fraction, sign, hours, minutes = match.groups()
    try:
        local = datetime.datetime(*map(int, fields), int((fraction or "0").ljust(6, "0")), tzinfo=datetime.timezone.utc)
        if not sign:
            return local
        if int(hours) > 23 or int(minutes) > 59:
            raise CannotHold
        offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
        return local - offset if sign == "+" else local + offset
    except (ValueError, OverflowError):  # no such day; a year outside 1 to 9999
        raise CannotHold from None


def boolean(text):
    if text not in ("true", "false"):
        raise CannotHold
    return text == "true"


PARSERS = {"String": string, "Number": number, "DateTime": timestamp, "Boolean": boolean}


def column_of(attribute):
    """custom:score is custom_score; a name that the user record itself has (updated_at) is set apart."""
    name = re.sub(r"[^a-z0-9_]", "_", attribute.lower())
    return "attribute_" + name if name in USER_COLUMNS or name == "other_attributes" else name


class Users:
    table, key, file = "users", ("sub",), "users.jsonl"

    def __init__(self, folder):
        # sub is the key itself; identities is always text, whatever the schema calls it.
        (schema,) = lines(folder, "schema.json")
        self.types = {name: kind for name, kind in schema.items() if name not in ("sub", "identities")}
        self.columns = dict(USER_COLUMNS)
        self.columns.update({column_of(name): TYPES[kind] for name, kind in self.types.items()})
        self.columns.update({"identities": "string", "other_attributes": "map<string, string>"})

    def row(self, user):
        row = dict.fromkeys(self.columns)
        other = {}
        for name, value in user["attributes"].items():
            if name == "sub":
                continue
            if name == "identities":
                row[name] = value
                continue
            try:
                row[column_of(name)] = PARSERS[self.types[name]](value)
            except (KeyError, CannotHold):
                other[name] = value
        row.update(
            sub=user["sub"], username=user["username"], status=user["status"], enabled=user["enabled"],
            created_at=timestamp(user["created_at"]), updated_at=timestamp(user["updated_at"]),
            other_attributes=other or None,
        )
        return row


class Groups:
    table, key, file = "groups", ("group_name",), "groups.jsonl"
    columns = {
        "group_name": "string", "description": "string", "precedence": "long", "role_arn": "string",
        "created_at": "timestamptz", "updated_at": "timestamptz",
    }

    def __init__(self, folder):
        pass

    def row(self, group):
        return {
            "group_name": group["name"], "description": group["description"], "precedence": group["precedence"], "role_arn": group["role_arn"],
            "created_at": timestamp(group["created_at"]), "updated_at": timestamp(group["updated_at"]),
        }


class GroupMemberships:
    table, key, file = "group_memberships", ("group_name", "sub"), "memberships.jsonl"
    columns = {"group_name": "string", "sub": "string", "username": "string"}

    def __init__(self, folder):
        pass

    def row(self, member):
        return {"group_name": member["group"], "sub": member["sub"], "username": member["username"]}


def lines(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="\n") as f:
        for line in f:
            yield json.loads(line)


def same(want, got):
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    return type(want) is type(got) and want == got


class Differences:
    def __init__(self):
        self.count = 0

    def add(self, text):
        self.count += 1
        if self.count <= SHOWN:
            print("DIFFERENT", text)


def compare(kind, folder, catalog, database, ref, differences):
    rules = kind(folder)
    table = catalog.load_table(f"{database}.{kind.table}")
    scan = table.scan().use_ref(ref) if ref else table.scan()
    types = {f.name: str(f.field_type) for f in scan.projection().fields}
    if types != rules.columns:
        for name in sorted(types.keys() | rules.columns.keys()):
            if types.get(name) != rules.columns.get(name):
                differences.add(f"{kind.table}: column {name} is {types.get(name)}, not {rules.columns.get(name)}")

    # What the pool holds stays text until its row comes: memory is that of the file.
    want = {}
    for record in lines(folder, kind.file):
        row = rules.row(record)
        want[tuple(row[c] for c in kind.key)] = json.dumps(record)
    expected, rows, values = len(want), 0, 0
    for batch in scan.to_arrow_batch_reader():
        for got in batch.to_pylist():
            rows += 1
            key = tuple(got[c] for c in kind.key)
            record = want.pop(key, None)
            if record is None:
                differences.add(f"{kind.table}: row {key!r} is not in the pool, or twice in the table")
                continue
            row = rules.row(json.loads(record))
            if got.get("other_attributes") is not None:
                pairs = got["other_attributes"]
                got["other_attributes"] = dict(pairs)
                if len(got["other_attributes"]) != len(pairs):
                    differences.add(f"{kind.table}: row {key!r}: an attribute is twice in other_attributes")
            for column in rules.columns.keys() & got.keys():
                values += 1
                if not same(row[column], got[column]):
                    differences.add(f"{kind.table}: row {key!r}: {column} is {got[column]!r}, not {row[column]!r}")
    for key in want:
        differences.add(f"{kind.table}: row {key!r} is in the pool and not in the table")
    print(f"{kind.table}: {expected} rows in the pool, {rows} in the table, {values} values compared")


def main():
    folder, db, database, *ref = sys.argv[1:]
    catalog = load_catalog("skypoint", type="sql", uri=f"sqlite:///{db}")
    differences = Differences()
    for kind in (Users, Groups, GroupMemberships):
        compare(kind, folder, catalog, database, ref[0] if ref else None, differences)
    print(f"{differences.count} differences")
    sys.exit(3 if differences.count else 0)


if __name__ == "__main__":
    main()
