"""O365: sites, libraries, a tree, uploads, downloads, rename, move, delete."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from judge import content, quick_xor, say, told
from O365 import Account
from O365.utils.token import MemoryTokenBackend

FRAGMENT = 320 * 1024


def walk(folder, above=""):
    """Return path → [size, hash] of everything below a folder; None for folders."""
    found = {}
    for item in folder.get_items():
        path = f"{above}/{item.name}"
        found[path] = None if item.is_folder else [item.size, item.hashes["quickXorHash"]]
        if item.is_folder:
            found |= walk(item, path)
    return found


def delta(drive, link=None):
    """Page through a round of delta by the client's connection: it has no call of its own."""
    link = link or drive.build_url(f"/drives/{drive.object_id}/root/delta?$top=4")
    entries, pages = [], 0
    while True:
        page = drive.con.get(link).json()
        entries += page["value"]
        pages += 1
        if "@odata.deltaLink" in page:
            return entries, pages, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def main():
    known = told()
    account = Account(
        (known["client_id"], known["client_secret"]),
        auth_flow_type="credentials",
        tenant_id=known["tenant_id"],
        token_backend=MemoryTokenBackend(),
    )
    authenticated = account.authenticate()
    sharepoint = account.sharepoint()
    searched = sharepoint.search_site("engineering")
    root = sharepoint.get_root_site()
    engineering = sharepoint.get_site("contoso.sharepoint.com", "/sites/engineering")
    site = sharepoint.get_site("contoso.sharepoint.com", "/sites/marketing")
    drive = site.get_default_document_library(request_drive=True)
    top = drive.get_root_folder()
    before = walk(top)
    start, start_pages, link = delta(drive)

    small, large = content(2000, seed=3), content(14 * FRAGMENT + 5, seed=4)
    Path("small.bin").write_bytes(small)
    Path("large.bin").write_bytes(large)
    folder = top.create_child_folder("Judged & weighed")
    small_item = folder.upload_file("small.bin", "first + second.bin")
    large_item = folder.upload_file("large.bin", "lärge #1.bin", chunk_size=4 * FRAGMENT)
    copied = {}
    for name, item in (("small", small_item), ("large", large_item)):
        assert item.download(to_path=".", name=f"{name}.got")
        copied[name] = Path(f"{name}.got").read_bytes()
    renamed = small_item.update(name="third.bin")
    campaigns = drive.get_item_by_path("/Campaigns")
    moved = large_item.move(campaigns)
    press = drive.get_item_by_path("/Press")
    press_id, deleted = press.object_id, press.delete()
    changes, _, _ = delta(drive, link)
    by_path = drive.get_item_by_path(quote("/Campaigns/lärge #1.bin"))  # it does not encode "#"
    say(
        authenticated=authenticated,
        searched=[one.web_url for one in searched],
        root=root.web_url,
        subsites=[one.web_url for one in engineering.get_subsites()],
        libraries=[[one.object_id, one.name] for one in engineering.list_document_libraries()],
        drive=drive.object_id,
        before=before,
        start=[one["id"] for one in start],
        start_pages=start_pages,
        press=press_id,
        changes={one["id"]: "deleted" in one for one in changes},
        downloads={
            "small": [quick_xor(copied["small"]), copied["small"] == small],
            "large": [quick_xor(copied["large"]), copied["large"] == large],
        },
        small=small_item.object_id,
        large=large_item.object_id,
        by_path=by_path.object_id,
        worked=[renamed, moved, deleted],
        parent=by_path.get_parent().name,
        after=walk(top),
    )


main()
