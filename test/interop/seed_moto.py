"""seed_moto.py ENDPOINT USERS GROUPS: makes a user pool with users, groups and memberships over the API, and prints its id.

The values are those that break importers: quotes, line breaks, control characters, right-to-left marks, emoji, composed and
decomposed accents, long and empty strings, text that looks like a number, a boolean or a date and is none.
"""
import itertools
import sys

import aws

TEXTS = [
    "plain", "", " ", "null", "NULL", "None", "true", "0", "-0", "NaN",
    'double "quotes"', "single 'quotes'", "back\\slash", "a,b;c|d", "{\"json\": [1, null]}", "</script>", "'; DROP TABLE users; --",
    "line\nbreak", "carriage\r\nreturn", "tab\tstop", "nul\x00inside", "bell\x07", "delete\x7f",
    "right-to-left \u202eevil\u202c", "\u200fמרחבא", "مرحبا", "zero\u200bwidth", "\ufeffbyte order mark", "line\u2028separator",
    "caf\u00e9", "cafe\u0301", "Å", "\u212b", "ﬁ", "日本語", "👩‍👩‍👧‍👦", "🇩🇪", "\U0010ffff", "\ud7ff\ue000",
    "x" * 2048, "é" * 2048, "👍" * 1024, " leading and trailing ",
]
NUMBERS = [
    "0", "1", "-1", "42", "1.5", "-1.50", "1.0", "0.000000001", "0.0000000001", "1.0000000000", "99999999999999999999999999999",
    "100000000000000000000000000000", "-99999999999999999999999999999.999999999", "12345678901234567890", "9007199254740993",
    "007", "00", "-0", "-0.0", "-0.1", "+1", "1e5", "1.", ".5", "1,000", " 1", "1 ", "", "abc", "NaN", "Infinity", "0x10", "١٢", "1_000",
]
DATETIMES = [
    "2024-02-29T12:34:56Z", "2023-02-29T12:34:56Z", "2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00.1234567Z",
    "2024-01-01T00:00:00.123456789Z", "2024-06-30T23:59:59+05:30", "2024-06-30T00:00:00-11:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z",
    "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "1704067200", "", "yesterday", "01/02/2024",
]
BOOLEANS = ["true", "false", "True", "FALSE", "yes", "1", "0", "", " true", "null"]

SCHEMA = [
    dict(Name="email", AttributeDataType="String"),
    dict(Name="email_verified", AttributeDataType="Boolean"),
    dict(Name="name", AttributeDataType="String"),
    dict(Name="phone_number", AttributeDataType="String"),
    dict(Name="updated_at", AttributeDataType="Number"),
    dict(Name="plan", AttributeDataType="String", Mutable=True),
    dict(Name="score", AttributeDataType="Number", Mutable=True),
    dict(Name="joined", AttributeDataType="DateTime", Mutable=True),
    dict(Name="vip", AttributeDataType="Boolean", Mutable=True),
]
# nickname and custom:unknown are in no column's schema: they must turn up in other_attributes.
VALUES = {
    "email": TEXTS, "name": TEXTS, "nickname": TEXTS, "custom:plan": TEXTS, "custom:unknown": TEXTS,
    "updated_at": NUMBERS, "custom:score": NUMBERS, "custom:joined": DATETIMES,
    "email_verified": BOOLEANS, "custom:vip": BOOLEANS,
}


def attributes(i):
    """The attributes of user i: all values of all attributes come up, and every attribute is absent from some users."""
    chosen = []
    for n, (name, values) in enumerate(VALUES.items()):
        step = i * (n + 1) + n
        if (i >> n) % 5 == 0:
            continue
        chosen.append({"Name": name, "Value": values[step % len(values)]})
    return chosen


def main():
    endpoint, users, groups = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    cognito = aws.client(endpoint)
    pool = cognito.create_user_pool(PoolName="Hostile \u202e pool", Schema=SCHEMA)["UserPool"]["Id"]

    names = itertools.chain(["admins", "Grüppe-ü", "日本/🇯🇵", "quote\"d", "back\\slash", "a+b=c"], (f"group-{n}" for n in itertools.count()))
    names = list(itertools.islice(names, groups))
    for n, name in enumerate(names):
        more = {}
        if n % 3:
            more["Description"] = TEXTS[n % len(TEXTS)]
        if n % 4:
            more["Precedence"] = n - 1
        if n % 5 == 0:
            more["RoleArn"] = f"arn:aws:iam::123456789012:role/role-{n}"
        cognito.create_group(UserPoolId=pool, GroupName=name, **more)

    for i in range(users):
        username = f"user-{i}" if i % 7 else f"ünsér {i} 👤 \"x\""
        cognito.admin_create_user(UserPoolId=pool, Username=username, UserAttributes=attributes(i))
        if i % 11 == 0:
            cognito.admin_disable_user(UserPoolId=pool, Username=username)
        for n in range(i % 4):
            if n * 7 + i % 3 < groups - 1:  # the last group stays empty
                cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=names[n * 7 + i % 3])
    print(pool)


if __name__ == "__main__":
    main()
