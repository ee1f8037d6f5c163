"""Copies and their monitor, deletion for good, and the way back from the recycle bin."""

from datetime import timedelta

import pytest

from m365sim.sharing.invitations import keep_only
from m365sim.testing import delegated_token


@pytest.fixture
def copy(graph):
    async def start(place, query="", status=202, **body):
        response = await graph.call("POST", f"{place}/copy{query}", json=body)
        assert response.status_code == status, response.text
        return response.headers.get("location")

    return start


@pytest.fixture
def ends(graph):
    async def wait(monitor):
        for _ in range(5):
            response = await graph.http.get(monitor)  # without a token
            if response.status_code == 200:
                return response.json()
            assert response.status_code == 202
        pytest.fail("the copy does not end")

    return wait


async def test_a_copy_is_watched_until_it_ends(graph, at, copy, ends, world):
    folder = (await graph.json(at("Press")))["id"]
    drive_id = (await graph.json(at("Press")))["parentReference"]["driveId"]
    monitor = await copy(at("Welcome.md") + ":", parentReference={"id": folder}, name="W.md")
    assert monitor.startswith("https://contoso.sharepoint.com/_api/v2.0/monitor/")
    first = await graph.http.get(monitor)
    assert first.status_code == 202
    assert first.json()["status"] == "inProgress"
    ended = await ends(monitor)
    assert (ended["status"], ended["percentageComplete"]) == ("completed", 100.0)
    made = await graph.json(f"/drives/{drive_id}/items/{ended['resourceId']}")
    assert (made["name"], made["parentReference"]["id"]) == ("W.md", folder)
    source = await graph.json(at("Welcome.md"))
    assert made["file"]["hashes"] == source["file"]["hashes"]
    assert made["id"] != source["id"]
    world.clock.advance(timedelta(hours=2))
    assert (await graph.http.get(monitor)).status_code == 404
    assert (await graph.http.get(monitor)).status_code == 404


async def test_the_clock_ends_a_copy_too(graph, at, copy, world):
    world.quirks.change(copy_polls=1000)
    monitor = await copy(at("Welcome.md") + ":", name="W.md")
    assert (await graph.http.get(monitor)).status_code == 202
    world.clock.advance(timedelta(seconds=5))
    assert (await graph.http.get(monitor)).json()["status"] == "completed"


async def test_a_folder_is_copied_with_all_below_to_another_site(
    graph, at, copy, ends, world, drive
):
    other = world.content.site_at("contoso.sharepoint.com", "/sites/engineering").drives[1]
    target = {"driveId": other.id, "id": other.item_id(other.root.uid)}
    ended = await ends(await copy(at("Campaigns") + ":", parentReference=target))
    made = await graph.json(f"/drives/{other.id}/items/{ended['resourceId']}")
    assert made["name"] == "Campaigns"
    source = drive.resolve(drive.root, ["Campaigns"])
    copied = other.by_id(ended["resourceId"])
    below = [(one.name, one.size) for one in other.walk(copied)]
    assert below == [(one.name, one.size) for one in drive.walk(source)]


async def test_conflicts_are_told_by_the_monitor(graph, at, copy, ends):
    failed = await ends(await copy(at("Welcome.md") + ":", name="README.md", query=""))
    assert failed["status"] == "completed"
    failed = await ends(await copy(at("Welcome.md") + ":", name="README.md"))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "nameAlreadyExists")
    assert "resourceId" not in failed
    how = "?@microsoft.graph.conflictBehavior="
    renamed = await ends(await copy(at("Welcome.md") + ":", f"{how}rename", name="README.md"))
    made = await graph.json(at("README 1.md"))
    assert made["id"] == renamed["resourceId"]
    replaced = await ends(await copy(at("Empty file.txt") + ":", f"{how}replace", name="README.md"))
    assert (await graph.json(at("README.md")))["id"] == replaced["resourceId"]
    assert (await graph.json(at("README.md")))["size"] == 0


async def test_children_only(graph, at, copy, ends, drive):
    await graph.call("POST", f"/drives/{drive.id}/root/children", json={"name": "N", "folder": {}})
    target = {"path": f"/drives/{drive.id}/root:/N"}
    await ends(await copy(at("Campaigns") + ":", parentReference=target, childrenOnly=True))
    names = [i["name"] for i in (await graph.json(at("N") + ":/children"))["value"]]
    assert sorted(names) == sorted(
        i["name"] for i in (await graph.json(at("Campaigns") + ":/children"))["value"]
    )


async def test_the_history_comes_along_if_it_is_wanted(graph, at, copy, ends):
    for text in (b"1", b"22", b"333"):
        await graph.call("PUT", at("v.txt") + ":/content", content=text)
    await ends(await copy(at("v.txt") + ":", name="bare.txt"))
    await ends(await copy(at("v.txt") + ":", name="whole.txt", includeAllVersionHistory=True))
    sizes = [v["size"] for v in (await graph.json(at("whole.txt") + ":/versions"))["value"]]
    assert sizes == [3, 2, 1]
    assert len((await graph.json(at("bare.txt") + ":/versions"))["value"]) == 1


async def test_a_folder_cannot_be_copied_into_itself(graph, at, copy, ends):
    inner = (await graph.json(at("Campaigns/2026 Q3")))["id"]
    ended = await ends(await copy(at("Campaigns") + ":", parentReference={"id": inner}))
    assert ended["status"] == "failed"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Welcome.md", {}, 400),
        ("Welcome.md", {"name": 7}, 400),
        ("Welcome.md", {"name": "x", "childrenOnly": True}, 400),
        ("Welcome.md", {"parentReference": "x"}, 400),
        ("Welcome.md", {"parentReference": {}}, 400),
        ("Welcome.md", {"parentReference": {"driveId": "b!none"}}, 404),
        ("Welcome.md", {"parentReference": {"id": "none"}}, 404),
        ("none.md", {"name": "x"}, 404),
    ],
)
async def test_copies_that_cannot_be_meant(at, copy, path, body, status):
    await copy(at(path) + ":", status=status, **body)


async def test_the_root_and_odd_conflicts(at, copy, drive):
    await copy(f"/drives/{drive.id}/root", status=400, name="x")
    how = "?@microsoft.graph.conflictBehavior=perhaps"
    await copy(at("Welcome.md") + ":", how, status=400, name="x")


async def test_a_copy_needs_leave_to_read_here_and_write_there(graph, at, copy, world, drive, find):
    megan = world.content.personal_site(
        world.directory.user_by_upn("megan@contoso.onmicrosoft.com").id
    ).drives[0]
    await copy(at("Welcome.md") + ":", status=403, parentReference={"driveId": megan.id})
    keep_only(world.sharing, drive, find("Press"), None)
    await copy(
        at("Welcome.md") + ":", status=404, parentReference={"id": drive.item_id(find("Press").uid)}
    )
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    await copy(at("Welcome.md") + ":", status=403, name="x")


async def test_deleted_for_good(graph, at, drive, world):
    item = await graph.json(at("Press"))
    place = f"/drives/{drive.id}/items/{item['id']}"
    assert (await graph.call("POST", f"{place}/permanentDelete")).status_code == 204
    assert (await graph.get(place)).status_code == 404
    assert (await graph.call("POST", f"{place}/restore", json={})).status_code == 404
    assert drive.bin() == []


async def test_out_of_the_recycle_bin(graph, at, drive):
    item = await graph.json(at("Press"))
    place = f"/drives/{drive.id}/items/{item['id']}"
    assert (await graph.call("POST", f"{place}/restore", json={})).status_code == 404
    await graph.call("DELETE", place)
    back = await graph.call("POST", f"{place}/restore", json={})
    assert (back.status_code, back.json()["name"]) == (200, "Press")
    assert (await graph.get(at("Press/Releases"))).status_code == 200
    await graph.call("DELETE", place)
    await graph.call(
        "POST", f"/drives/{drive.id}/root/children", json={"name": "Press", "folder": {}}
    )
    taken = await graph.call("POST", f"{place}/restore", json={})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "nameAlreadyExists")
    body = {
        "name": "Old press",
        "parentReference": {"id": (await graph.json(at("Campaigns")))["id"]},
    }
    assert (await graph.call("POST", f"{place}/restore", json={"name": 1})).status_code == 400
    back = await graph.call("POST", f"{place}/restore", json=body)
    assert back.json()["id"] == item["id"]
    assert (await graph.json(at("Campaigns/Old press")))["id"] == item["id"]
