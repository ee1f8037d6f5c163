"""rclone: writes permissions as metadata of copies and moved files: gives, changes, takes away."""

from __future__ import annotations

import json
from pathlib import Path

from judge import say, told
from rclone import Rclone

WRITES = ("-M", "--onedrive-metadata-permissions", "read,write", "--metadata-set")


def people(permissions):
    """Say what people may do, apart from what groups and links may."""
    found = ((one.get("grantedToV2", {}).get("user", {}), one["roles"]) for one in permissions)
    return {user["displayName"]: roles for user, roles in found if user.get("displayName")}


def main():
    known = told()
    rclone = Rclone(known["config"])

    def read(path):
        (shown,) = json.loads(
            rclone.run("lsjson", "-M", "--onedrive-metadata-permissions", "read", "--stat", path)
            .decode()
            .join("[]")
        )
        return json.loads(shown["Metadata"]["permissions"])

    give = [{"grantedToV2": {"user": {"id": known["give"]}}, "roles": ["read"]}]
    Path("one.txt").write_text("one")
    rclone.run("copyto", "one.txt", "sp:Judged/one.txt")
    rclone.run(
        "copyto", "sp:Judged/one.txt", "sp:Judged/two.txt", *WRITES,
        f"permissions={json.dumps(give)}",
    )  # fmt: skip
    given = read("sp:Judged/two.txt")
    first = people(given)
    for one in given:
        if people([one]):
            one["roles"] = ["write"]
    # What is inherited cannot be taken away, so it has to be said again.
    rclone.run(
        "moveto", "sp:Judged/two.txt", "sp:Judged/three.txt", *WRITES,
        f"permissions={json.dumps(given)}",
    )  # fmt: skip
    changed = read("sp:Judged/three.txt")
    nobody = [one for one in changed if not people([one])]
    rclone.run(
        "moveto", "sp:Judged/three.txt", "sp:Judged/four.txt", *WRITES,
        f"permissions={json.dumps(nobody)}",
    )  # fmt: skip
    left = read("sp:Judged/four.txt")
    say(given=first, changed=people(changed), left=people(left))


main()
