"""What the owner of a drive was given, used lately and follows; sites that people follow."""

from datetime import timedelta

import pytest

from m365sim.testing import app_token, delegated_token

PEOPLE = "/users/megan@contoso.onmicrosoft.com"


@pytest.fixture
def as_user(graph, world):
    def become(name, scopes=("Sites.ReadWrite.All", "Files.ReadWrite.All", "User.Read")):
        graph.token = delegated_token(world, name, scopes)

    return become


async def share(graph, name, place, who, role="read"):
    body = {"recipients": [{"alias": who}], "roles": [role]}
    answer = await graph.call("POST", f"{place}/invite", json=body)
    assert answer.status_code == 200, (name, answer.text)


async def test_what_others_shared_is_listed_as_remote_items(graph, as_user, world):
    await share(graph, "file", "/me/drive/root:/Notes.txt:", "megan")
    await share(graph, "folder", "/me/drive/root:/Drafts:", "megan", "write")
    own = await graph.json("/me/drive")
    as_user("megan")
    shared = (await graph.json("/me/drive/sharedWithMe"))["value"]
    assert [one["name"] for one in shared] == ["Notes.txt", "Drafts"]
    remote = shared[0]["remoteItem"]
    assert remote["parentReference"]["driveId"] == own["id"]
    assert (remote["name"], remote["file"]["mimeType"]) == ("Notes.txt", "text/plain")
    assert "file" not in shared[0]
    # What it stands for is reached by the ids that it names.
    place = f"/drives/{remote['parentReference']['driveId']}/items/{remote['id']}"
    assert (await graph.json(place))["name"] == "Notes.txt"
    first = await graph.json("/me/drive/sharedWithMe?$top=1&$select=id")
    assert first["value"] == [{"id": shared[0]["id"]}]
    second = await graph.json(first["@odata.nextLink"])
    assert second["value"] == [{"id": shared[1]["id"]}]
    as_user("alex")
    assert (await graph.json("/me/drive/sharedWithMe"))["value"] == []
    graph.token = app_token(world)
    assert len((await graph.json(f"{PEOPLE}/drive/sharedWithMe"))["value"]) == 2


async def test_what_the_owner_changed_last_is_recent(graph, as_user, at, world):
    for minutes, place in ((1, "/me/drive/root:/old.txt:"), (2, at("new.txt") + ":")):
        world.clock.advance(timedelta(minutes=minutes))
        await graph.call("PUT", f"{place}/content", content=b"x")
    recent = (await graph.json("/me/drive/recent"))["value"]
    assert [one["name"] for one in recent[:2]] == ["new.txt", "old.txt"]
    assert recent[0]["remoteItem"]["name"] == "new.txt"
    assert "remoteItem" not in recent[1]
    assert recent[0]["fileSystemInfo"]["lastAccessedDateTime"] == "2026-06-03T15:03:00Z"
    as_user("megan")
    assert "new.txt" not in {one["name"] for one in (await graph.json("/me/drive/recent"))["value"]}


async def test_items_are_followed_and_unfollowed(graph, at, drive, world):
    followed = await graph.call("POST", at("Welcome.md") + ":/follow")
    assert (followed.status_code, followed.json()["name"]) == (200, "Welcome.md")
    await graph.call("POST", at("Press") + ":/follow")
    listed = (await graph.json("/me/drive/following"))["value"]
    assert [one["name"] for one in listed] == ["Welcome.md", "Press"]
    assert (await graph.call("POST", at("Welcome.md") + ":/unfollow")).status_code == 204
    await graph.call("DELETE", at("Press"))
    assert (await graph.json("/me/drive/following"))["value"] == []
    graph.token = app_token(world)
    assert (await graph.call("POST", at("Welcome.md") + ":/follow")).status_code == 400


async def test_a_library_has_no_owner_who_was_given_things(graph, drive):
    for view in ("sharedWithMe", "recent", "following"):
        refused = await graph.get(f"/drives/{drive.id}/{view}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_sites_are_followed_and_unfollowed(graph, as_user, world):
    people = world.content.site_at("contoso.sharepoint.com", "/sites/people")
    before = {site["id"] for site in (await graph.json("/me/followedSites"))["value"]}
    assert people.id not in before
    body = {"value": [{"id": people.id}]}
    made = await graph.call("POST", "/me/followedSites/add", json=body)
    assert made.status_code == 200
    shown = made.json()["value"][0]
    assert (shown["id"], shown["name"]) == (people.id, "people")
    assert shown["sharepointIds"]["siteUrl"] == people.web_url
    after = {site["id"] for site in (await graph.json("/me/followedSites"))["value"]}
    assert after == before | {people.id}
    assert (await graph.call("POST", "/me/followedSites/remove", json=body)).status_code == 204
    assert {s["id"] for s in (await graph.json("/me/followedSites"))["value"]} == before
    mixed = {"value": [{"id": people.id}, {"id": "contoso.sharepoint.com,x,y"}]}
    for verb in ("add", "remove"):
        partly = await graph.call("POST", f"/me/followedSites/{verb}", json=mixed)
        assert partly.status_code == 207
        assert partly.json()["value"][-1]["error"]["code"] == "invalidRequest"
    assert (await graph.call("POST", "/me/followedSites/add", json={})).status_code == 400
    as_user("alex", ["Sites.Read.All"])
    assert (await graph.call("POST", "/me/followedSites/add", json=body)).status_code == 403
    assert (await graph.get(f"{PEOPLE}/followedSites")).status_code == 403
    graph.token = app_token(world)
    assert (await graph.json(f"{PEOPLE}/followedSites"))["value"]
