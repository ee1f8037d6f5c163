"""Every call of Graph that a SharePoint connector of the usual breadth makes is answered.

The calls are those of 53 actions and 15 syncs, each named by the first word of its line. They are
made one after the other in one world; what a call needs (`{file}`, `{list}`) is told by the ids
that earlier ones left.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from m365sim.testing import app_token, delegated_token

SCOPES = ["Sites.Manage.All", "Sites.ReadWrite.All", "Files.ReadWrite.All", "Sites.FullControl.All"]
PAGE = "microsoft.graph.sitePage"
SELECTED = "id,name,displayName,description,webUrl,createdDateTime,lastModifiedDateTime"
CHANGED = "$select=id,title,publishingState,lastModifiedDateTime&$orderBy=lastModifiedDateTime asc&$top=100"
SINCE = "$filter=lastModifiedDateTime ge 2020-01-01T00:00:00Z"
TAGGED = {"@odata.type": f"#{PAGE}"}
CONFLICT = "@microsoft.graph.conflictBehavior"

#: Function, status, verb, address below v1.0, body, and the name that the answer's id is kept under.
ACTIONS = [
    ("create-content-type", 201, "POST", "{S}/contentTypes",
     {"name": "Report", "description": "d", "group": "g", "base": {"id": "0x01"}}, "type"),
    ("get-content-type", 200, "GET", "{S}/contentTypes/{type}?$expand=columns,base", None, None),
    ("list-content-types", 200, "GET", "{S}/contentTypes", None, None),
    ("create-list", 201, "POST", "{S}/lists",
     {"displayName": "Boats", "description": "d", "columns": [{"name": "Length", "number": {}}],
      "list": {"template": "genericList"}}, "list"),
    ("add-content-type-to-list", 201, "POST", "{L}/contentTypes/addCopy",
     {"contentType": "https://graph.microsoft.com/v1.0{S}/contentTypes/{type}"}, None),
    ("list-list-content-types", 200, "GET", "{L}/contentTypes", None, None),
    ("get-list", 200, "GET", "{L}", None, None),
    ("list-lists", 200, "GET", "{S}/lists?$top=50", None, None),
    ("update-list", 200, "PATCH", "{L}", {"displayName": "Ships", "description": "big"}, None),
    ("create-list-column", 201, "POST", "{L}/columns",
     {"name": "Colour", "displayName": "Colour", "indexed": True,
      "choice": {"choices": ["red", "blue"]}}, "column"),
    ("list-list-columns", 200, "GET", "{L}/columns", None, None),
    ("update-list-column", 200, "PATCH", "{L}/columns/{column}", {"required": True}, None),
    ("create-list-item", 201, "POST", "{L}/items", {"fields": {"Title": "Ark", "Colour": "red"}}, "row"),
    ("get-list-item", 200, "GET", "{L}/items/{row}", None, None),
    ("get-list-item", 200, "GET", "{L}/items/{row}?$expand=fields", None, None),
    ("list-list-items", 200, "GET", "{L}/items", None, None),
    ("list-list-items", 200, "GET", "{L}/items?$expand=fields(select=Title,Colour)&$top=5", None, None),
    ("update-list-item", 200, "PATCH", "{L}/items/{row}/fields", {"Title": "Arche"}, None),
    ("delete-list-item", 204, "DELETE", "{L}/items/{row}", None, None),
    ("delete-list-column", 204, "DELETE", "{L}/columns/{column}", None, None),
    ("delete-list", 204, "DELETE", "{L}", None, None),
    ("delete-content-type", 204, "DELETE", "{S}/contentTypes/{type}", None, None),
    ("create-site-column", 201, "POST", "{S}/columns",
     {"name": "Tonnage", "description": "d", "number": {"decimalPlaces": "two"}}, "column"),
    ("list-site-columns", 200, "GET", "{S}/columns", None, None),
    ("update-site-column", 200, "PATCH", "{S}/columns/{column}", {"displayName": "Money"}, None),
    ("delete-site-column", 204, "DELETE", "{S}/columns/{column}", None, None),
    ("get-site", 200, "GET", "{S}", None, None),
    ("get-site", 200, "GET", "/sites/root", None, None),
    ("get-site", 200, "GET", "/sites/contoso.sharepoint.com:/sites/marketing", None, None),
    ("list-shared-sites", 200, "GET", "/sites?search=*", None, None),
    ("search-sites", 200, "GET", "/sites?search=marketing", None, None),
    ("create-site-page", 201, "POST", "{S}/pages",
     {**TAGGED, "name": "news.aspx", "title": "News", "pageLayout": "article",
      "showComments": True, "titleArea": {"layout": "plain", "showAuthor": True}}, "page"),
    ("get-site-page", 200, "GET", f"{{S}}/pages/{{page}}/{PAGE}", None, None),
    ("list-site-pages", 200, "GET", f"{{S}}/pages/{PAGE}", None, None),
    ("update-site-page", 200, "PATCH", f"{{S}}/pages/{{page}}/{PAGE}", {**TAGGED, "title": "Old news"}, None),
    ("publish-site-page", 204, "POST", f"{{S}}/pages/{{page}}/{PAGE}/publish", None, None),
    ("delete-site-page", 204, "DELETE", "{S}/pages/{page}", None, None),
    ("list-drives", 200, "GET", "{S}/drives", None, None),
    ("get-drive", 200, "GET", "{D}", None, None),
    ("create-drive-folder", 201, "POST", "{D}/items/{root}/children",
     {"name": "Logs", "folder": {}, CONFLICT: "rename"}, "folder"),
    ("upload-drive-item", 201, "PUT", "{D}/items/{folder}:/a%20%26%20b.txt:/content", b"one", "item"),
    ("upload-drive-item", 200, "PUT", "{D}/items/{folder}:/a%20%26%20b.txt:/content", b"three", None),
    ("create-drive-upload-session", 200, "POST", "{D}/items/{folder}:/big.bin:/createUploadSession",
     {"item": {"name": "big.bin", CONFLICT: "fail", "fileSize": 10, "description": "d"},
      "deferCommit": False}, None),
    ("get-drive-item", 200, "GET", "{I}", None, None),
    ("download-drive-item-content", 302, "GET", "{I}/content", None, None),
    ("get-drive-item-thumbnail", 200, "GET", "{I}/thumbnails", None, None),
    ("list-drive-children", 200, "GET", "{D}/root/children", None, None),
    ("list-drive-children", 200, "GET", "{D}/items/{folder}/children", None, None),
    ("search-drive-items", 200, "GET", "{D}/root/search(q='a%20%26%20b')?$top=50", None, None),
    ("update-drive-item", 200, "PATCH", "{I}", {"name": "c.txt", "parentReference": {"id": "{root}"}}, None),
    ("copy-drive-item", 202, "POST", "{I}/copy?@microsoft.graph.conflictBehavior=rename",
     {"parentReference": {"driveId": "{drive}", "id": "{folder}"}, "name": "d.txt",
      "includeAllVersionHistory": True}, None),
    ("list-drive-item-versions", 200, "GET", "{I}/versions", None, None),
    ("restore-drive-item-version", 204, "POST", "{I}/versions/1.0/restoreVersion", None, None),
    ("add-drive-item-permission", 200, "POST", "{I}/invite",
     {"recipients": [{"email": "megan@contoso.onmicrosoft.com"}], "roles": ["read"],
      "message": "m", "requireSignIn": True, "sendInvitation": True}, "permission"),
    ("list-drive-item-permissions", 200, "GET", "{I}/permissions", None, None),
    ("update-drive-item-permission", 200, "PATCH", "{I}/permissions/{permission}", {"roles": ["write"]}, None),
    ("remove-drive-item-permission", 204, "DELETE", "{I}/permissions/{permission}", None, None),
    ("create-sharing-link", 201, "POST", "{I}/createLink", {"type": "view", "scope": "organization"}, None),
    ("delete-drive-item", 204, "DELETE", "{I}", None, None),
]  # fmt: skip

#: As above, for what syncs read.
SYNCS = [
    ("content-types", "/sites?search=*&$top=5"),
    ("content-types", "{S}/contentTypes?$top=100"),
    ("drive-item-versions", "{D}/items/root/delta?$top=100"),
    ("drive-item-versions", "{D}/root:/Welcome.md:/versions?$top=100"),
    ("drive-items", "/sites/root/drives"),
    ("drive-items", "/drives/{drive}/root/delta?$top=100"),
    ("drives", "/me/followedSites"),
    ("drives", "{S}/drives?$top=100"),
    ("list-columns", "{S}/lists?$top=100"),
    ("list-columns", "{tasks}/columns?$top=100"),
    ("list-items", "{tasks}/items/delta?$expand=fields&$top=100"),
    ("lists", "/sites?search=*&$top=100"),
    ("permissions", "{D}/root/delta?$top=100"),
    ("permissions", "{D}/root:/Welcome.md:/permissions"),
    ("shared-sites-selection", "{S}/drives"),
    ("site-columns", "{S}/columns?$top=100"),
    ("site-pages", f"/sites/root/pages/{PAGE}?{CHANGED}"),
    ("site-pages", f"/sites/root/pages/{PAGE}?{CHANGED}&{SINCE}"),
    ("sites", "/sites?search=market&$top=100"),
    ("subsites", "/sites?$select=id&$top=100"),
    ("subsites", f"/sites/contoso.sharepoint.com:/sites/engineering:/sites?$select={SELECTED}&$top=100"),
    ("user-files", "/me/drives"),
    ("user-files-selection", "/drives/{drive}/root:/Welcome.md:"),
]  # fmt: skip


@pytest.fixture
def names(world, drive):
    site = quote(drive.site.id, safe="")
    tasks = world.lists.find(drive.site, "Campaign tasks")
    here = f"/sites/{site}"
    there = f"{here}/drives/{quote(drive.id, safe='')}"
    return {
        "S": here,
        "D": there,
        "drive": drive.id,
        "root": drive.item_id(drive.root.uid),
        "tasks": f"{here}/lists/{tasks.id}",
    }


def filled(template, names):
    """Put known names into an address or a body; `{L}` and `{I}` grow out of others."""
    if isinstance(template, dict):
        return {key: filled(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, names) for value in template]
    if not isinstance(template, str):
        return template
    grown = template.replace("{L}", "{S}/lists/{list}").replace("{I}", "{D}/items/{item}")
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], grown)


async def make(graph, names, verb, address, body, keep):
    options = {"content": body} if isinstance(body, bytes) else {"json": filled(body, names)}
    answer = await graph.call(verb, filled(address, names), **(options if body is not None else {}))
    if keep and answer.is_success:
        whole = answer.json()
        names[keep] = whole.get("id") or whole["value"][0]["id"]
    return answer


async def test_every_call_of_the_actions_is_answered_as_documented(graph, world, names):
    graph.token = delegated_token(world, scopes=SCOPES)
    wrong = []
    for function, status, verb, address, body, keep in ACTIONS:
        answer = await make(graph, names, verb, address, body, keep)
        if answer.status_code != status:
            wrong.append((function, verb, address, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert not world.faults.traffic.not_modelled
    assert len({function for function, *_ in ACTIONS}) == 53


@pytest.mark.parametrize("who", ["user", "app"])
async def test_every_call_of_the_syncs_is_answered_as_documented(graph, world, names, who):
    is_app = who == "app"
    graph.token = app_token(world) if is_app else delegated_token(world, scopes=SCOPES)
    wrong = []
    for function, address in SYNCS:
        answer = await graph.get(filled(address, names))
        # An app has no "me", and says so.
        expected = 400 if is_app and address.startswith("/me") else 200
        if answer.status_code != expected:
            wrong.append((function, address, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert not world.faults.traffic.not_modelled
    assert len({function for function, _ in SYNCS}) == 15


async def test_the_next_round_of_each_delta_is_answered(graph, names):
    for address in ("{D}/root/delta?$top=2", "{tasks}/items/delta?$expand=fields&$top=2"):
        first, link, _ = await graph.round(filled(address, names))
        later, again, _ = await graph.round(link)
        assert first
        assert (later, link != "") == ([], True)
        assert again.partition("?")[0] == link.partition("?")[0]


async def test_an_unchanged_file_is_not_sent_again(graph, names):
    address = filled("/drives/{drive}/root:/Welcome.md:", names)
    etag = (await graph.json(address))["eTag"]
    assert (await graph.get(address, headers={"If-None-Match": etag})).status_code == 304
