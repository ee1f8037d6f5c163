"""Office365-REST-Python-Client over Graph: sites, drives, a tree, uploads, downloads, delta."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from judge import content, quick_xor, say, told
from office365.graph_client import GraphClient
from office365.runtime.client_request_exception import ClientRequestException

FRAGMENT = 320 * 1024


def walk(folder, above=""):
    """Return path → [size, hash] of everything below a folder; None for folders."""
    found = {}
    for item in folder.children.get_all().execute_query():
        path = f"{above}/{item.name}"
        if item.is_folder:
            found[path] = None
            found |= walk(item, path)
        else:
            found[path] = [item.size, item.file.hashes["quickXorHash"]]
    return found


def delta(drive, token=None):
    """Return the entries of a round, and the token of its deltaLink."""
    changes = drive.root.delta
    if token:
        changes.token(token)
    links = []

    # delta_token stays empty: of a page it reads the entries and the nextLink only.
    def read(response):
        links.append(response.json()["@odata.deltaLink"])

    changes.get().after_execute(read, include_response=True).execute_query()
    (link,) = links
    return list(changes), parse_qs(urlsplit(link).query)["token"][0]


def main():
    known = told()
    client = GraphClient(tenant=known["tenant_id"]).with_client_secret(
        known["client_id"], known["client_secret"]
    )
    by_certificate = GraphClient(tenant=known["tenant_id"]).with_certificate(
        known["client_id"], known["thumbprint"], known["private_key"]
    )
    sites = client.sites.get_all_sites().execute_query()
    root = by_certificate.sites.root.get().execute_query()
    site = client.sites.get_by_url("https://contoso.sharepoint.com/sites/marketing")
    site.get().execute_query()
    drives = site.drives.get().execute_query()
    drive = client.drives[drives[0].id]
    drive.get().execute_query()
    before = walk(drive.root)
    paged = drive.root.delta.top(5).get_all().execute_query()
    start, token = delta(drive)

    small, large = content(3000, seed=5), content(15 * FRAGMENT + 1, seed=6)
    Path("large.bin").write_bytes(large)
    folder = drive.root.create_folder("Judged again").execute_query()
    # An item that was just uploaded has forgotten its drive: address it anew.
    small_id = folder.upload("plain.txt", small).execute_query().id
    small_item = drive.items[small_id]
    uploaded = folder.resumable_upload("large.bin", chunk_size=4 * FRAGMENT).execute_query()
    large_id = uploaded.get().execute_query().id
    large_item = drive.items[large_id]
    got_small = small_item.get_content().execute_query().value
    with Path("large.got").open("wb") as file:
        large_item.download(file).execute_query()
    got_large = Path("large.got").read_bytes()
    by_path = drive.root.get_by_path("Judged again/large.bin").get().execute_query()

    # rename() sends nothing at all; a move to where it is does.
    small_item.move(name="renamed.txt", parent=folder).execute_query()
    campaigns = drive.root.get_by_path("Campaigns").get().execute_query()
    large_item.move(parent=campaigns).execute_query()
    press = drive.root.get_by_path("Press").get().execute_query()
    press.delete_object().execute_query()
    try:
        client.drives[drive.id].items[press.id].get().execute_query()
        gone = None
    except ClientRequestException as error:
        gone = [error.response.status_code, error.code]
    changes, _ = delta(drive, token)
    say(
        sites=[one.web_url for one in sites],
        root=root.web_url,
        drives=[[one.id, one.name, one.drive_type] for one in drives],
        before=before,
        paged=[item.id for item in paged],
        start=[item.id for item in start],
        downloads={
            "small": [quick_xor(got_small), got_small == small],
            "large": [quick_xor(got_large), got_large == large],
        },
        small=small_id,
        large=large_id,
        by_path=by_path.id,
        press=press.id,
        gone=gone,
        changes=[item.id for item in changes],
        after=walk(drive.root),
    )


main()
