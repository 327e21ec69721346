"""dump.py ENDPOINT POOL DIR [schema]: writes what a user pool gives over its API into DIR: schema.json, and with a JSON object
a line users.jsonl, groups.jsonl and memberships.jsonl. With "schema" only the first.

This is a client that has nothing in common with the provider's.
"""
import datetime
import decimal
import json
import os
import sys

import aws


def pages(call, key, token, **kwargs):
    while True:
        answer = call(**kwargs)
        yield from answer[key]
        if not answer.get(token):
            return
        kwargs[token] = answer[token]


def instant(seconds):
    """Cognito's timestamps are seconds with milliseconds."""
    milliseconds = round(decimal.Decimal(str(seconds)) * 1000)
    at = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=milliseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def user_line(user):
    attributes = {a["Name"]: a["Value"] for a in user["Attributes"]}
    assert len(attributes) == len(user["Attributes"]), "an attribute is there twice"
    return {
        "sub": attributes.pop("sub"), "username": user["Username"], "status": user["UserStatus"], "enabled": user["Enabled"],
        "created_at": instant(user["UserCreateDate"]), "updated_at": instant(user["UserLastModifiedDate"]), "attributes": attributes,
    }


def group_line(group):
    return {
        "name": group["GroupName"], "description": group.get("Description"), "precedence": group.get("Precedence"),
        "role_arn": group.get("RoleArn"), "created_at": instant(group["CreationDate"]), "updated_at": instant(group["LastModifiedDate"]),
    }


def main():
    endpoint, pool, folder, *only = sys.argv[1:]
    cognito = aws.client(endpoint, pool.split("_")[0], os.environ["ACCESS_KEY_ID"], os.environ["SECRET_ACCESS_KEY"])

    def write(name, objects):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            for o in objects:
                f.write(json.dumps(o) + "\n")

    attributes = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["SchemaAttributes"]
    write("schema.json", [{a["Name"]: a["AttributeDataType"] for a in attributes}])
    if only:
        return
    write("users.jsonl", map(user_line, pages(cognito.list_users, "Users", "PaginationToken", UserPoolId=pool)))
    groups = list(pages(cognito.list_groups, "Groups", "NextToken", UserPoolId=pool))
    write("groups.jsonl", map(group_line, groups))
    write("memberships.jsonl", (
        {"group": group["GroupName"], "sub": user_line(user)["sub"], "username": user["Username"]}
        for group in groups
        for user in pages(cognito.list_users_in_group, "Users", "NextToken", UserPoolId=pool, GroupName=group["GroupName"])
    ))


if __name__ == "__main__":
    main()
