"""O365: lists and their items, copies, versions, sharing and search."""

from __future__ import annotations

import time
from pathlib import Path

from judge import content, say, told
from O365 import Account
from O365.utils.token import MemoryTokenBackend


def main():
    known = told()
    account = Account(
        (known["client_id"], known["client_secret"]),
        auth_flow_type="credentials",
        tenant_id=known["tenant_id"],
        token_backend=MemoryTokenBackend(),
    )
    account.authenticate()
    site = account.sharepoint().get_site("contoso.sharepoint.com", "/sites/marketing")

    made = site.create_list(
        {
            "displayName": "Fairs & stands",
            "columns": [{"name": "City", "text": {}}, {"name": "Visitors", "number": {}}],
            "list": {"template": "genericList"},
        }
    )
    fairs = site.get_list_by_name("Fairs & stands")
    for title, city, visitors in (
        ("Boat show", "Düsseldorf", 230000),
        ("Fog days", "Hamburg", 1200),
        ("To be removed", "Nowhere", 0),
    ):
        fairs.create_list_item({"Title": title, "City": city, "Visitors": visitors})
    _, second, third = fairs.get_items(expand_fields=True)
    second.update_fields({"City": "Bremen"})
    second.save_updates()
    fairs.delete_list_item(third.object_id)
    rows = [item.fields for item in fairs.get_items(expand_fields=["Title", "City", "Visitors"])]

    drive = site.get_default_document_library(request_drive=True)
    top = drive.get_root_folder()
    for version in (1, 2, 3):
        Path("text.txt").write_bytes(content(100 * version))
        item = top.upload_file("text.txt", "text.txt")
    versions = [[one.object_id, one.size] for one in item.get_versions()]
    item.get_version("1.0").restore()
    restored = drive.get_item(item.object_id).size

    operation = item.copy(drive.get_item_by_path("/Campaigns"), name="copied.txt")
    deadline = time.monotonic() + 20
    for _ in operation.check_status(delay=0.2):
        assert time.monotonic() < deadline
    link = item.share_with_link("view", "organization")
    granted = item.share_with_invite("adele@contoso.onmicrosoft.com", send_email=False)
    permissions = [[one.object_id, one.permission_type] for one in item.get_permissions()]
    say(
        made=made.object_id,
        lists=[[one.object_id, one.display_name] for one in site.get_lists()],
        columns=sorted(fairs.column_name_cw.values()),
        rows=rows,
        item=item.object_id,
        versions=versions,
        restored=restored,
        copied=operation.get_item().object_id,
        link=link.share_link,
        granted=granted is not None,
        permissions=permissions,
        found=[one.name for one in drive.search("Budget")],
    )


main()
