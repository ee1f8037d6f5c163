"""Files that somebody has checked out."""

import pytest

from m365sim.testing import app_token, delegated_token
from m365sim.truth import truth


@pytest.fixture
def place(at):
    return at("Welcome.md") + ":"


@pytest.fixture
def become(graph, world):
    def user(name):
        graph.token = delegated_token(world, name)

    return user


async def test_nobody_else_changes_a_file_that_is_checked_out(graph, place, at, become):
    assert (await graph.call("POST", f"{place}/checkout")).status_code == 204
    assert (await graph.call("POST", f"{place}/checkout")).status_code == 204  # by the same user
    become("megan")
    for verb, path, options in (
        ("PUT", f"{place}/content", {"content": b"x"}),
        ("PATCH", place, {"json": {"name": "b.md"}}),
        ("DELETE", place, {}),
        ("POST", f"{place}/checkout", {}),
        ("POST", f"{place}/checkin", {"json": {}}),
        ("POST", f"{place}/discardCheckout", {}),
        ("POST", f"{place}/createUploadSession", {"json": {}}),
        ("POST", f"{place}/versions/1.0/restoreVersion", {}),
    ):
        refused = await graph.call(verb, path, **options)
        assert (refused.status_code, path) == (423, path)
        assert refused.json()["error"]["code"] == "resourceLocked"
    assert (await graph.get(place)).status_code == 200
    assert (await graph.call("POST", f"{place}/copy", json={"name": "c.md"})).status_code == 202
    become("alex")
    assert (await graph.call("PUT", f"{place}/content", content=b"mine")).status_code == 200
    body = {"comment": "done", "checkInAs": "published"}
    assert (await graph.call("POST", f"{place}/checkin", json=body)).status_code == 204
    become("megan")
    assert (await graph.call("PUT", f"{place}/content", content=b"x")).status_code == 200


async def test_an_upload_that_ends_while_the_file_is_checked_out(graph, place, become):
    session = (await graph.call("POST", f"{place}/createUploadSession", json={})).json()
    become("megan")
    assert (await graph.call("POST", f"{place}/checkout")).status_code == 204
    fragment = {"Content-Range": "bytes 0-1/2"}
    refused = await graph.http.put(session["uploadUrl"], content=b"ab", headers=fragment)
    assert (refused.status_code, refused.json()["error"]["code"]) == (423, "resourceLocked")


async def test_who_has_it_is_shown_when_it_is_asked_for(graph, place, world):
    assert "publication" not in await graph.json(place)
    selected = f"{place}?$select=id,publication"
    assert (await graph.json(selected))["publication"] == {"level": "published", "versionId": "1.0"}
    await graph.call("POST", f"{place}/checkout")
    shown = (await graph.json(selected))["publication"]
    assert shown["level"] == "checkout"
    assert shown["checkedOutBy"]["user"]["displayName"] == "Alex Wilber"


async def test_a_checkout_is_discarded(graph, place, become, world):
    before = await graph.json(place)
    await graph.call("POST", f"{place}/checkout")
    await graph.call("PUT", f"{place}/content", content=b"a mistake")
    assert (await graph.call("POST", f"{place}/discardCheckout")).status_code == 204
    after = await graph.json(place)
    assert after["file"]["hashes"] == before["file"]["hashes"]
    assert (await graph.call("POST", f"{place}/discardCheckout")).status_code == 400
    await graph.call("POST", f"{place}/checkout")
    graph.token = app_token(world)  # an app may discard anybody's
    assert (await graph.call("POST", f"{place}/discardCheckout")).status_code == 204
    become("megan")
    assert (await graph.call("PUT", f"{place}/content", content=b"x")).status_code == 200


async def test_what_is_saved_meanwhile_is_the_holders_alone(graph, place, become, drive, world):
    feed = f"/drives/{drive.id}/root/delta"
    link = (await graph.get(f"{feed}?token=latest")).json()["@odata.deltaLink"]
    old = (await graph.get(f"{place}/content", follow_redirects=True)).content
    await graph.call("POST", f"{place}/checkout")
    become("megan")
    before = await graph.json(place)
    become("alex")
    mine = await graph.call("PUT", f"{place}/content", content=b"a draft")
    assert mine.json()["size"] == len(b"a draft")
    assert (await graph.get(f"{place}/content", follow_redirects=True)).content == b"a draft"
    assert [v["id"] for v in (await graph.json(f"{place}/versions"))["value"]] == ["2.0", "1.0"]

    become("megan")
    seen = await graph.json(place)
    for name in ("eTag", "cTag", "size", "file", "lastModifiedDateTime"):
        assert seen[name] == before[name]
    assert (await graph.get(f"{place}/content", follow_redirects=True)).content == old
    assert [v["id"] for v in (await graph.json(f"{place}/versions"))["value"]] == ["1.0"]
    children = (await graph.json(f"/drives/{drive.id}/root/children"))["value"]
    assert seen["eTag"] in {child["eTag"] for child in children}
    told = {i["id"]: i for i in (await graph.get(link)).json()["value"]}
    assert told[seen["id"]]["cTag"] == before["cTag"]
    (true,) = [
        item
        for site in truth(world, drive.id)["sites"]
        for one in site["drives"]
        for item in one["items"]
        if item["id"] == seen["id"]
    ]
    assert (true["size"], true["checkedIn"]["size"]) == (len(b"a draft"), before["size"])

    become("alex")
    await graph.call("POST", f"{place}/checkin", json={"comment": "ready"})
    become("megan")
    after = await graph.json(place)
    assert after["size"] == len(b"a draft")
    assert after["eTag"] != before["eTag"]
    assert after["cTag"] != before["cTag"]


async def test_a_draft_that_an_owner_discards_is_nobodys(graph, place, become, drive, world):
    before = await graph.json(place)
    become("megan")
    await graph.call("POST", f"{place}/checkout")
    await graph.call("PUT", f"{place}/content", content=b"first")
    await graph.call("PUT", f"{place}/content", content=b"second")
    graph.token = app_token(world)
    assert (await graph.call("POST", f"{place}/discardCheckout")).status_code == 204
    become("megan")
    after = await graph.json(place)
    assert (after["cTag"], after["size"]) == (before["cTag"], before["size"])
    assert after["eTag"] != before["eTag"]
    total = (await graph.json(f"/drives/{drive.id}/root"))["size"]
    sizes = (await graph.json(f"/drives/{drive.id}/root/children"))["value"]
    assert total == sum(one["size"] for one in sizes if "file" in one)


async def test_checkouts_that_cannot_be_meant(graph, place, at):
    assert (await graph.call("POST", f"{place}/checkin", json={})).status_code == 400
    assert (await graph.call("POST", at("Press") + ":/checkout")).status_code == 400
    await graph.call("POST", f"{place}/checkout")
    wrong = await graph.call("POST", f"{place}/checkin", json={"checkInAs": "nonsense"})
    assert wrong.status_code == 400


async def test_the_same_app_has_what_it_checked_out(graph, place, world, become):
    graph.token = app_token(world)
    assert (await graph.call("POST", f"{place}/checkout")).status_code == 204
    assert (await graph.call("PUT", f"{place}/content", content=b"x")).status_code == 200
    become("alex")
    assert (await graph.call("PUT", f"{place}/content", content=b"y")).status_code == 423
