"""MSAL and plain HTTP: an app, or a person at another device, does everything a connector does."""

from __future__ import annotations

import msal
import requests
from device import SCOPES, sign_in
from judge import content, quick_xor, say, told

GRAPH = "https://graph.microsoft.com/v1.0"
FRAGMENT = 320 * 1024


def session_of(known):
    """Sign in by MSAL, in the way asked for."""
    if known["way"] == "secret":
        app = msal.ConfidentialClientApplication(
            known["client_id"],
            client_credential=known["client_secret"],
            authority=f"https://login.microsoftonline.com/{known['tenant_id']}",
        )
        answer = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    else:
        app = msal.PublicClientApplication(
            known["public_client_id"], authority="https://login.microsoftonline.com/organizations"
        )
        flow = app.initiate_device_flow([*SCOPES, "Sites.Manage.All", "Files.ReadWrite.All"])
        sign_in(flow["verification_uri"], flow["user_code"], known["upn"], [])
        answer = app.acquire_token_by_device_flow(flow)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    return session


class Graph:
    """Asks, and takes nothing but success for an answer."""

    def __init__(self, session):
        self.session = session

    def __call__(self, method, path, **options):
        url = path if path.startswith("https:") else GRAPH + path
        answer = self.session.request(method, url, **options)
        if not answer.ok:
            raise SystemExit(f"{method} {url}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def every(self, path):
        """Return the entries of all pages, the number of pages and the deltaLink, if any."""
        entries, pages, link = [], 0, path
        while link:
            page = self("GET", link)
            entries += page["value"]
            pages += 1
            link = page.get("@odata.nextLink")
        return entries, pages, page.get("@odata.deltaLink")


def walk(graph, drive, item="root", above=""):
    """Return path → [size, hash] of everything below a folder; None for folders."""
    found = {}
    for one in graph.every(f"{drive}/items/{item}/children?$top=2")[0]:
        path = f"{above}/{one['name']}"
        is_file = "file" in one
        found[path] = [one["size"], one["file"]["hashes"]["quickXorHash"]] if is_file else None
        if not is_file:
            found |= walk(graph, drive, one["id"], path)
    return found


def large_upload(graph, address, whole):
    """Upload in fragments, to an address that wants no token."""
    url = graph("POST", f"{address}/createUploadSession", json={})["uploadUrl"]
    for start in range(0, len(whole), 5 * FRAGMENT):
        piece = whole[start : start + 5 * FRAGMENT]
        place = f"bytes {start}-{start + len(piece) - 1}/{len(whole)}"
        answer = requests.put(url, data=piece, headers={"Content-Range": place})
    return answer.json()


def lists_and_permissions(graph, site, item):
    """Make a list, fill it, read it in pages, change and delete items; share a file."""
    wanted = {"displayName": "Ports", "columns": [{"name": "City", "text": {}}]}
    ports = f"{site}/lists/{graph('POST', f'{site}/lists', json=wanted)['id']}"
    for city in ("Kiel", "Riga", "Turku"):
        graph("POST", f"{ports}/items", json={"fields": {"Title": city, "City": city}})
    rows, pages, _ = graph.every(f"{ports}/items?$expand=fields&$top=2")
    graph("PATCH", f"{ports}/items/{rows[0]['id']}/fields", json={"City": "Lübeck"})
    graph("DELETE", f"{ports}/items/{rows[1]['id']}")
    left = graph.every(f"{ports}/items?$expand=fields($select=Title,City)")[0]
    invitation = {"recipients": [{"email": "adele@contoso.onmicrosoft.com"}], "roles": ["read"]}
    (invited,) = graph("POST", f"{item}/invite", json=invitation)["value"]
    link = graph("POST", f"{item}/createLink", json={"type": "view", "scope": "organization"})
    graph("PATCH", f"{item}/permissions/{invited['id']}", json={"roles": ["write"]})
    granted = {one["id"]: one["roles"] for one in graph("GET", f"{item}/permissions")["value"]}
    graph("DELETE", f"{item}/permissions/{link['id']}")
    kept = [one["id"] for one in graph("GET", f"{item}/permissions")["value"]]
    return {
        "pages": pages,
        "rows": [[one["fields"]["Title"], one["fields"]["City"]] for one in left],
        "granted": granted,
        "invited": invited["id"],
        "link": link["id"],
        "kept": kept,
    }


def main():
    known = told()
    graph = Graph(session_of(known))
    sites = graph.every("/sites?search=*")[0]
    site = f"/sites/{graph('GET', '/sites/contoso.sharepoint.com:/sites/marketing')['id']}"
    drives = graph.every(f"{site}/drives")[0]
    drive = f"/drives/{drives[0]['id']}"
    before = walk(graph, drive)
    start, start_pages, link = graph.every(f"{drive}/root/delta?$top=4")

    folder = graph("POST", f"{drive}/root/children", json={"name": "By hand", "folder": {}})
    small, large = content(900, seed=5), content(12 * FRAGMENT + 1, seed=6)
    put = f"{drive}/items/{folder['id']}:/small.txt:/content"
    small_item = graph("PUT", put, data=small)
    large_item = large_upload(graph, f"{drive}/root:/By hand/large.bin:", large)
    got = {}
    for name, item, whole in (("small", small_item, small), ("large", large_item, large)):
        bytes_ = graph.session.get(f"{GRAPH}{drive}/items/{item['id']}/content").content
        got[name] = [quick_xor(bytes_), bytes_ == whole]
    graph("PATCH", f"{drive}/items/{small_item['id']}", json={"name": "größer.txt"})
    campaigns = graph("GET", f"{drive}/root:/Campaigns")["id"]
    graph("PATCH", f"{drive}/items/{large_item['id']}", json={"parentReference": {"id": campaigns}})
    press = graph("GET", f"{drive}/root:/Press")["id"]
    graph("DELETE", f"{drive}/items/{press}")
    changes = graph.every(link)[0]
    say(
        sites=[one["webUrl"] for one in sites],
        drives=[[one["id"], one["name"]] for one in drives],
        before=before,
        start=[one["id"] for one in start],
        start_pages=start_pages,
        downloads=got,
        small=small_item["id"],
        large=large_item["id"],
        press=press,
        changes={one["id"]: "deleted" in one for one in changes},
        after=walk(graph, drive),
        **lists_and_permissions(graph, site, f"{drive}/items/{large_item['id']}"),
    )


main()
