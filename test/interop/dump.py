"""dump.py ENDPOINT POOL DIR: writes what a user pool gives over its API into DIR, a JSON object a line.

users.jsonl, groups.jsonl, memberships.jsonl (GroupName, and the user), schema.json. This is a client that has nothing in common with the provider's.
"""
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


def main():
    endpoint, pool, folder = sys.argv[1:4]
    cognito = aws.client(endpoint, pool.split("_")[0], os.environ["ACCESS_KEY_ID"], os.environ["SECRET_ACCESS_KEY"])

    def write(name, objects):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            for o in objects:
                f.write(json.dumps(o) + "\n")

    write("schema.json", cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["SchemaAttributes"])
    write("users.jsonl", pages(cognito.list_users, "Users", "PaginationToken", UserPoolId=pool))
    groups = list(pages(cognito.list_groups, "Groups", "NextToken", UserPoolId=pool))
    write("groups.jsonl", groups)
    write("memberships.jsonl", (
        {"GroupName": g["GroupName"], **user}
        for g in groups
        for user in pages(cognito.list_users_in_group, "Users", "NextToken", UserPoolId=pool, GroupName=g["GroupName"])
    ))


if __name__ == "__main__":
    main()
