"""Paths of Graph requests, taken apart."""

import pytest

from m365sim.graph.address import parse

SITE = "/v1.0/sites/contoso.sharepoint.com:/sites/a%20b"


@pytest.mark.parametrize(
    ("path", "kind", "op", "parts"),
    [
        ("/v1.0/me", "me", "", {"user": "me"}),
        ("/beta/me/drives", "me", "drives", {}),
        ("/v1.0/me/drive", "drive", "", {"user": "me", "drive": None}),
        ("/v1.0/users/u%40x/drive/root", "item", "", {"user": "u@x", "item": "root"}),
        ("/v1.0/sites", "sites", "", {}),
        ("/v1.0/sites/getAllSites", "sites", "getAllSites", {}),
        ("/v1.0/sites/microsoft.graph.getAllSites()", "sites", "getAllSites", {}),
        ("/v1.0/sites/h,1,2", "site", "", {"site": "h,1,2", "site_path": None}),
        ("/v1.0/sites/h%2C1%2C2/sites", "site", "sites", {"site": "h,1,2"}),
        (SITE, "site", "", {"site": "contoso.sharepoint.com", "site_path": ["sites", "a b"]}),
        (SITE + ":", "site", "", {"site_path": ["sites", "a b"]}),
        (SITE + ":/drives", "site", "drives", {"site_path": ["sites", "a b"]}),
        (SITE + ":/drive/root:/c:/children", "item", "children",
         {"site_path": ["sites", "a b"], "path": ["c"], "drive": None}),
        ("/v1.0/sites/h%3A%2Fsites%2Fa%20b%3A", "site", "",
         {"site": "h", "site_path": ["sites", "a b"]}),
        ("/v1.0/sites/h%3A%2Fsites%2Fa%3A/drives", "site", "drives", {"site_path": ["sites", "a"]}),
        ("/v1.0/drives/b%21x", "drive", "", {"drive": "b!x"}),
        ("/v1.0/drives/b!x/list", "list", "", {"drive": "b!x", "ids": {"list": ""}}),
        ("//v1.0//drives//b!x//root", "item", "", {"drive": "b!x", "item": "root", "path": None}),
        ("/v1.0/drives/b!x/root:", "item", "", {"item": "root", "path": []}),
        ("/v1.0/drives/b!x/root:/", "item", "", {"path": []}),
        ("/v1.0/drives/b!x/root:/A/B%20%23.txt", "item", "", {"path": ["A", "B #.txt"]}),
        ("/v1.0/drives/b!x/root%3A/A:", "item", "", {"path": ["A"]}),
        ("/v1.0/drives/b!x/root:/A/B.txt:/content", "item", "content", {"path": ["A", "B.txt"]}),
        ("/v1.0/drives/b!x/items/01A", "item", "", {"item": "01A", "path": None}),
        ("/v1.0/drives/b!x/items/01A:/n.txt:", "item", "", {"item": "01A", "path": ["n.txt"]}),
        ("/v1.0/drives/b!x/items/01A:/n:/createUploadSession", "item", "createUploadSession",
         {"path": ["n"]}),
        ("/v1.0/drives/b!x/items/01A%3A%2Fc%2Fn%20%26.txt%3A/content", "item", "content",
         {"item": "01A", "path": ["c", "n &.txt"]}),
        ("/v1.0/drives/b!x/items/root%3A%2Fc%3A", "item", "", {"item": "root", "path": ["c"]}),
        ("/v1.0/drives/b!x/items/root/delta", "item", "delta", {"item": "root"}),
        ("/v1.0/drives/b!x/root/delta()", "item", "delta", {"arguments": {}}),
        ("/v1.0/drives/b!x/root/delta(token='a''b')", "item", "delta",
         {"arguments": {"token": "a'b"}}),
        ("/v1.0/drives/b!x/root/microsoft.graph.delta(token=ab)", "item", "delta",
         {"arguments": {"token": "ab"}}),
        ("/v1.0/drives/b!x/items/01A/permissions/9", "item", "permissions/{permission-id}", {}),
        ("/v2.0/me", "", "", {}),
        ("/v1.0", "", "", {}),
        ("/v1.0/drives", "", "", {}),
        ("/v1.0/users", "users", "", {}),
        ("/v1.0/groups/g1/drive/root", "item", "", {"group": "g1", "item": "root"}),
        ("/v1.0/shares/u!x/driveItem/content", "item", "content", {"share": "u!x"}),
        ("/v1.0/subscriptions/s1/reauthorize", "subscription", "reauthorize", {}),
        ("/v1.0/$batch", "$batch", "", {}),
        ("/v1.0/drives/b!x/items/01A/thumbnails/0/small/content", "item",
         "thumbnails/{set-id}/{size}/content", {"keys": ["0", "small"]}),
        ("/v1.0/planner/tasks", "", "", {}),
    ],
)  # fmt: skip
def test_parse(path, kind, op, parts):
    found = parse(path)
    assert (found.kind, found.op) == (kind, op)
    for name, value in parts.items():
        assert getattr(found, name) == value


def test_links_keep_the_spelling_and_lose_the_arguments():
    assert parse("//v1.0/drives/b%21x/root/delta(token='x')").resource == (
        "/v1.0/drives/b%21x/root/delta"
    )
    assert parse(SITE + ":/drives").resource == SITE + ":/drives"


def test_templates_hold_no_ids():
    assert parse(SITE + ":/drive/items/01A:/n.txt:/content").template == (
        "/sites/{host}:/{path}/drive/items/{item-id}:/{path}:/content"
    )
