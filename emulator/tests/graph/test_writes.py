"""Changing the tenant through Graph."""

import pytest

from m365sim.graph import graph_app

BEHAVIOUR = "@microsoft.graph.conflictBehavior"


def code(response):
    return response.json()["error"]["code"]


async def test_new_file_then_new_content(graph, drive, at):
    first = await graph.call("PUT", at("Press/new #1.txt") + ":/content", content=b"one")
    assert first.status_code == 201
    assert first.json()["eTag"].endswith(',1"')
    assert first.json()["createdBy"]["user"]["displayName"] == "Alex Wilber"
    assert first.json()["createdBy"]["application"]["displayName"] == "fairlead"
    second = await graph.call("PUT", at("Press/NEW #1.txt") + ":/content", content=b"two")
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["cTag"].endswith(',2"')
    by_id = f"/drives/{drive.id}/items/{first.json()['id']}/content"
    third = await graph.call("PUT", by_id, content=b"three")
    assert third.status_code == 200
    assert third.json()["size"] == 5
    assert third.headers["etag"] == third.json()["eTag"]


async def test_put_below_an_item_and_into_folders_that_are_missing(graph, drive, find, at):
    parent = drive.item_id(find("Press").uid)
    place = f"/drives/{drive.id}/items/{parent}:/x.txt:/content"
    assert (await graph.call("PUT", place, content=b"x")).status_code == 201
    made = await graph.call("PUT", at("Fresh/Deep/y.txt") + ":/content", content=b"y")
    assert made.status_code == 201
    assert find("Fresh/Deep/y.txt").size == 1


async def test_conflict_behaviour_of_put(graph, at):
    place = at("Welcome.md") + f":/content?{BEHAVIOUR}="
    refused = await graph.call("PUT", place + "fail", content=b"x")
    assert (refused.status_code, code(refused)) == (409, "nameAlreadyExists")
    renamed = await graph.call("PUT", place + "rename", content=b"x")
    assert renamed.json()["name"] == "Welcome 1.md"
    assert (await graph.call("PUT", place + "nonsense", content=b"x")).status_code == 400
    on_folder = await graph.call("PUT", at("Press") + ":/content", content=b"x")
    assert on_folder.status_code == 409


async def test_put_of_more_than_memory_takes(graph, at, find, world):
    content = bytes(range(256)) * 8192
    response = await graph.call("PUT", at("large.bin") + ":/content", content=content)
    assert response.json()["size"] == len(content)
    item = find("large.bin")
    assert b"".join(item.blob.chunks(0, item.size)) == content
    from m365sim.files.quickxor import quick_xor_hash

    assert item.blob.quick_xor_hash() == quick_xor_hash(content)


async def test_put_of_more_than_250_mb_is_refused(graph, at, monkeypatch):
    from m365sim.graph import writes

    monkeypatch.setattr(writes, "MAX_PUT", 2_000_000)
    response = await graph.call("PUT", at("large.bin") + ":/content", content=b"x" * 2_000_001)
    assert response.status_code == 413
    assert (await graph.get(at("large.bin"))).status_code == 404


async def test_create_folder_and_its_background_touch(graph, drive, find):
    place = f"/drives/{drive.id}/root/children"
    made = await graph.call("POST", place, json={"name": "Plans", "folder": {}})
    assert made.status_code == 201
    assert made.json()["eTag"].endswith(',1"')
    assert made.json()["folder"] == {"childCount": 0}
    assert find("Plans").version == 2
    again = await graph.call("POST", place, json={"name": "plans", "folder": {}})
    assert (again.status_code, code(again)) == (409, "nameAlreadyExists")
    renamed = await graph.call(
        "POST", place, json={"name": "Plans", "folder": {}, BEHAVIOUR: "rename"}
    )
    assert renamed.json()["name"] == "Plans 1"
    same = await graph.call(
        "POST", place, json={"name": "Plans", "folder": {}, BEHAVIOUR: "replace"}
    )
    assert same.json()["id"] == made.json()["id"]


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"name":"x"}', b'{"name":1,"folder":{}}', b"[]", b"{", b'{"name":"a*","folder":{}}'],
)
async def test_folder_requests_that_cannot_be_meant(graph, drive, body):
    response = await graph.call("POST", f"/drives/{drive.id}/root/children", content=body)
    assert response.status_code == 400


async def test_path_too_long(graph, at):
    response = await graph.call("PUT", at("/".join(["x" * 100] * 4)) + ":/content", content=b"x")
    assert response.status_code == 400
    assert response.json()["error"]["innerError"]["code"] == "pathIsTooLong"


async def test_rename_and_move(graph, drive, find, at):
    item = await graph.json(at("Welcome.md"))
    place = f"/drives/{drive.id}/items/{item['id']}"
    renamed = await graph.call("PATCH", place, json={"name": "Hello.md"})
    assert renamed.json()["name"] == "Hello.md"
    assert renamed.json()["cTag"] == item["cTag"]
    assert renamed.json()["eTag"] != item["eTag"]
    folder = drive.item_id(find("Press").uid)
    moved = await graph.call("PATCH", place, json={"parentReference": {"id": folder}})
    assert moved.json()["id"] == item["id"]
    assert moved.json()["parentReference"]["id"] == folder
    back = {"parentReference": {"path": f"/drives/{drive.id}/root:/Campaigns/2026%20Q3"}}
    assert (await graph.call("PATCH", place, json=back)).status_code == 200
    assert find("Campaigns/2026 Q3/Hello.md").uid


async def test_moves_that_are_refused(graph, drive, at, world):
    async def move(reference):
        return await graph.call("PATCH", at("Welcome.md"), json={"parentReference": reference})

    other = world.content.site_at("contoso.sharepoint.com", "/sites/engineering").drives[0]
    assert (await move({"id": "root"})).status_code == 400
    assert (await move({"id": other.item_id(other.root.uid)})).status_code == 400
    elsewhere = await move({"driveId": other.id, "id": other.item_id(other.root.uid)})
    assert (elsewhere.status_code, code(elsewhere)) == (400, "notSupported")
    root = await graph.call("PATCH", f"/drives/{drive.id}/root", json={"name": "x"})
    assert root.status_code == 400
    clash = await graph.call("PATCH", at("Welcome.md"), json={"name": "EMPTY FILE.TXT"})
    assert clash.status_code == 409
    assert (await graph.call("PATCH", at("Welcome.md"), json={"name": 5})).status_code == 400


async def test_times_a_client_claims(graph, at):
    claimed = {"lastModifiedDateTime": "2020-01-02T03:04:05.123Z"}
    response = await graph.call("PATCH", at("Welcome.md"), json={"fileSystemInfo": claimed})
    shape = response.json()
    assert shape["fileSystemInfo"]["lastModifiedDateTime"] == "2020-01-02T03:04:05Z"
    assert not shape["lastModifiedDateTime"].startswith("2020")
    bad = {"fileSystemInfo": {"createdDateTime": "yesterday"}}
    assert (await graph.call("PATCH", at("Welcome.md"), json=bad)).status_code == 400


async def test_delete(graph, drive, at):
    item = await graph.json(at("Welcome.md"))
    stale = await graph.call("DELETE", at("Welcome.md"), headers={"If-Match": '"{X},9"'})
    assert (stale.status_code, code(stale)) == (412, "resourceModified")
    renamed = {"If-Match": item["cTag"]}  # either tag will do
    item = (
        await graph.call("PATCH", at("Welcome.md"), headers=renamed, json={"name": "Hello.md"})
    ).json()
    gone = await graph.call("DELETE", at("Hello.md"), headers={"If-Match": item["eTag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await graph.get(f"/drives/{drive.id}/items/{item['id']}")).status_code == 404
    assert (await graph.call("DELETE", f"/drives/{drive.id}/root")).status_code == 400


async def test_if_match_guards_every_change(graph, at):
    headers = {"If-Match": '"{X},9"'}
    place = at("Welcome.md")
    assert (
        await graph.call("PUT", place + ":/content", content=b"x", headers=headers)
    ).status_code == 412
    assert (
        await graph.call("PATCH", place, json={"name": "y.md"}, headers=headers)
    ).status_code == 412
    headers = {"If-Match": "*"}
    assert (
        await graph.call("PATCH", place, json={"name": "y.md"}, headers=headers)
    ).status_code == 200


async def test_half_a_file_never_takes_the_place_of_a_whole(world, graph, drive, find):
    """A client that goes away in the middle of a body leaves everything as it was."""
    messages = iter(
        [
            {"type": "http.request", "body": b"half", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(messages)

    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": f"/v1.0/drives/{drive.id}/root:/Welcome.md:/content",
        "headers": [(b"authorization", f"Bearer {graph.token}".encode())],
    }
    before = find("Welcome.md")
    await graph_app(world)(scope, receive, send)
    assert sent[0]["status"] == 400
    assert find("Welcome.md") is before
