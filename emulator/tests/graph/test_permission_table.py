"""Each call asks for the permissions that Microsoft's reference lists for it."""

import pytest

from m365sim.graph.permission_table import ANY, needed
from m365sim.graph.routes import ROUTES
from m365sim.testing import app_token, delegated_token

#: What stands for the blanks of an address; each is something that alex owns.
BLANKS = {
    "{host}:/{path}": "contoso.sharepoint.com:/sites/engineering:",
    "{column-id}": "Title",
    "{content-type-id}": "0x01",
    "{version-id}": "1.0",
    "{set-id}": "0",
    "{size}": "small",
    "{permission-id}": "none",
    "{user-id}": "alex@contoso.onmicrosoft.com",
    "{id}": "alex@contoso.onmicrosoft.com",
}


@pytest.fixture
async def address(graph, world):
    """Return an address of Graph with its blanks filled in."""
    site = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    assets = world.lists.find(site, "Assets")
    group = world.sharing.group_of(site)
    drive = world.content.personal_site(graph_user(world).id).drives[0]
    item = drive.resolve(drive.root, ["Notes.txt"])
    share = (
        await graph.call(
            "POST", "/me/drive/root:/Notes.txt:/createLink", json={"scope": "organization"}
        )
    ).json()["shareId"]
    root = world.content.site_at("contoso.sharepoint.com", "")
    page = (await graph.json(f"/sites/{root.id}/pages"))["value"][0]["id"]

    def filled(route):
        path = route.shown_as
        if "{page-id}" in path:
            path = path.replace("{site-id}", root.id).replace("{page-id}", page)
        if path.startswith("/sites/{site-id}/lists/{list-id}/items/{item-id}"):
            library = world.lists.find(site, "Documents")
            path = path.replace("{list-id}", library.id).replace("{item-id}", "1")
        known = BLANKS | {
            "{site-id}": site.id,
            "{list-id}": assets.id,
            "{drive-id}": drive.id,
            "{item-id}": drive.item_id(item.uid),
            "{group-id}": group.id,
            "{share-id}": share,
            "{text}": "notes",
        }
        for blank, value in known.items():
            path = path.replace(blank, value)
        return f"{path}(q='notes')" if path.endswith("/search") else path

    return filled


def graph_user(world):
    return world.directory.user_by_upn("alex@contoso.onmicrosoft.com")


async def test_the_least_permission_is_enough_to_read_and_none_is_not(graph, world, address):
    wrong = []
    for route in ROUTES:
        wanted = needed(route.kind, route.op, "GET")
        if route.method != "GET" or wanted is ANY:
            continue
        for which, make, names in (
            ("user", lambda given: delegated_token(world, scopes=given), wanted.delegated),
            ("app", lambda given: app_token(world, roles=given), wanted.application),
        ):
            if which == "app" and route.kind == "me":
                continue
            path = address(route)
            graph.token = make(["Mail.Read"])
            refused = await graph.get(path)
            if refused.status_code != 403:
                wrong.append(("let in", which, path, refused.text))
            graph.token = make(names[:1])
            answer = await graph.get(path, headers={"ConsistencyLevel": "eventual"})
            # The library is not the user's own, which is what Files.Read is for.
            is_closed = not names or (path.endswith("/driveItem") and names[0] == "Files.Read")
            expected = (403,) if is_closed else (200, 302, 404)
            if answer.status_code not in expected:
                wrong.append(("turned away", which, path, names[:1], answer.text))
    assert not wrong, "\n".join(map(str, wrong))


async def test_permissions_to_read_are_not_enough_to_change(graph, world, address):
    reads = {"Files.Read", "Files.Read.All", "Sites.Read.All", "User.Read"}
    tokens = (
        delegated_token(world, scopes=["Files.Read.All", "Sites.Read.All", "User.Read"]),
        app_token(world, roles=["Files.Read.All", "Sites.Read.All"]),
    )
    wrong = []
    for route in ROUTES:
        wanted = needed(route.kind, route.op, route.method)
        if route.method == "GET" or wanted is ANY:
            continue
        if reads & {*wanted.delegated, *wanted.application}:
            continue
        for token in tokens:
            graph.token = token
            path = address(route)
            refused = await graph.call(route.method, path, json={})
            is_nobody = "/me/" in path and refused.status_code == 400
            if refused.status_code != 403 and not is_nobody:
                wrong.append((route.method, path, refused.text))
    assert not wrong, "\n".join(map(str, wrong))


def test_every_route_has_a_row():
    unlisted = {route.kind for route in ROUTES if needed(route.kind, route.op, route.method) is ANY}
    assert unlisted == {"$batch", "subscription", "subscriptions"}


@pytest.mark.parametrize(
    ("kind", "op", "method", "user", "app"),
    [
        ("item", "", "GET", "Files.Read", "Files.Read.All"),
        ("item", "delta", "GET", "Files.Read", "Files.Read.All"),
        ("item", "createLink", "POST", "Files.ReadWrite", "Files.ReadWrite.All"),
        ("item", "permissions/{permission-id}", "DELETE", "Files.ReadWrite", "Files.ReadWrite.All"),
        ("site", "", "GET", "Sites.Read.All", "Sites.Read.All"),
        ("site", "drives", "GET", "Files.Read", "Files.Read.All"),
        ("site", "lists", "POST", "Sites.Manage.All", "Sites.Manage.All"),
        ("list", "items", "POST", "Sites.ReadWrite.All", "Sites.ReadWrite.All"),
        ("list", "columns", "POST", "Sites.Manage.All", "Sites.Manage.All"),
        ("pages", "", "POST", "Sites.ReadWrite.All", "Sites.ReadWrite.All"),
        ("site", "permissions", "POST", "Sites.FullControl.All", "Sites.FullControl.All"),
        ("group", "members", "GET", "GroupMember.Read.All", "GroupMember.Read.All"),
        ("me", "memberOf", "GET", "User.Read", "GroupMember.Read.All"),
    ],
)
def test_least_privileged_permissions(kind, op, method, user, app):
    row = needed(kind, op, method)
    assert (row.delegated[0], row.application[0]) == (user, app)


async def test_sharing_tokens_need_leave_to_write_unless_the_quirk_is_off(graph, world):
    made = await graph.call(
        "POST", "/me/drive/root:/Notes.txt:/createLink", json={"scope": "organization"}
    )
    place = f"/shares/{made.json()['shareId']}"
    graph.token = delegated_token(world, scopes=["Files.Read.All"])
    assert (await graph.get(place)).status_code == 403
    world.quirks.shares_need_write = False
    assert (await graph.get(place)).status_code == 200
