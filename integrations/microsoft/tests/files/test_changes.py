"""Actions that change files and folders, compared with what m365sim then holds."""

import pytest

from fairlead.errors import ActionFailed, InvalidInput, Rejected, Unavailable
from fairlead.model.exchange import Request
from m365sim.files.item import SYSTEM
from m365sim.graph.item_shapes import etag

AWKWARD = [
    "a#b.txt",
    "50%.txt",
    "100%25.txt",
    "it's.txt",
    "a~b.txt",
    "Größe ü 日本.txt",
    "a b&c+d=e.txt",
]


@pytest.mark.parametrize("name", AWKWARD)
async def test_names_that_need_quoting(lab, name):
    folder = await lab.run("create-drive-folder", **lab.library(), parentItemId="root", name=name)
    assert folder["name"] == name
    made = await lab.run(
        "upload-drive-item",
        **lab.library(),
        parentItemId=folder["id"],
        fileName=name,
        content="aGVsbG8=",
    )
    assert made["name"] == name
    assert lab.content(f"{name}/{name}") == b"hello"
    session = await lab.run(
        "create-drive-upload-session",
        **lab.library(),
        parentItemId=folder["id"],
        fileName=f"x{name}",
    )
    assert session["nextExpectedRanges"] == ["0-"]
    await lab.run("update-drive-item", **lab.where(f"{name}/{name}"), name=f"y{name}")
    assert lab.item(f"{name}/y{name}").name == f"y{name}"
    found = await lab.run("search-drive-items", **lab.library(), query=f"y{name}")
    assert [hit["name"] for hit in found["items"]] == [f"y{name}"]


async def test_create_a_folder(lab):
    lab.world.quirks.change(folder_touch=False)
    where = {**lab.library(), "parentItemId": lab.id_of("Press")}
    made = await lab.run("create-drive-folder", **where, name="News")
    item = lab.item("Press/News")
    assert (made["id"], made["eTag"]) == (lab.id_of("Press/News"), etag(item))
    assert made["folder"] == {"childCount": 0}
    assert made["parentReference"]["id"] == where["parentItemId"]
    again = await lab.run("create-drive-folder", **where, name="News")
    assert again["name"] == "News 1"
    with pytest.raises(Rejected) as told:
        await lab.run("create-drive-folder", **where, name="News", conflictBehavior="fail")
    assert told.value.code == "name_taken"
    same = await lab.run("create-drive-folder", **where, name="News", conflictBehavior="replace")
    assert same["id"] == made["id"]
    names = [item.name for item in lab.drive.children(lab.item("Press").uid)]
    assert [name for name in names if name.startswith("News")] == ["News", "News 1"]


async def test_a_folder_whose_answer_was_lost_is_not_made_again(lab):
    lab.fail(host="graph", method="POST", path="*/children", status=503)
    with pytest.raises(Unavailable):
        await lab.run("create-drive-folder", **lab.library(), parentItemId="root", name="Once")
    assert len(lab.http.sent("POST")) == 1
    assert lab.http.requests[0].body is not None


@pytest.mark.parametrize(
    "name", ["", "a/b", "a:b", 'a"b', "a\\b", "a?b", "a|b", "a*b", "<a>", ".."]
)
async def test_names_that_cannot_be_are_refused_before_the_call(lab, name):
    upload = {**lab.library(), "parentItemId": "root", "fileName": name}
    for action, values in (
        ("upload-drive-item", {**upload, "content": "aGk="}),
        ("create-drive-upload-session", upload),
    ):
        with pytest.raises(InvalidInput):
            await lab.run(action, **values)
        assert lab.http.requests == []


async def test_rename_and_move(lab):
    where = lab.where("Welcome.md")
    renamed = await lab.run("update-drive-item", **where, name="Hello.md")
    assert (renamed["id"], renamed["name"]) == (where["itemId"], "Hello.md")
    assert renamed["eTag"] == etag(lab.item("Hello.md"))
    moved = await lab.run("update-drive-item", **where, parentReference={"id": lab.id_of("Press")})
    assert moved["parentReference"]["name"] == "Press"
    back = await lab.run("update-drive-item", **where, parentReference={"id": "root"})
    assert back["parentReference"]["id"] == lab.drive.item_id(lab.drive.root.uid)
    assert lab.item("Hello.md").parent == lab.drive.root.uid
    with pytest.raises(ActionFailed) as told:
        await lab.run("update-drive-item", **where)
    assert told.value.code == "invalid_input"


async def test_a_name_that_is_taken(lab):
    lab.put("Press/Welcome.md", b"other")
    where = lab.where("Press/Welcome.md")
    to_root = {"parentReference": {"id": "root"}}
    with pytest.raises(Rejected) as told:
        await lab.run("update-drive-item", **where, **to_root)
    assert (told.value.code, told.value.who) == ("name_taken", "caller")
    moved = await lab.run("update-drive-item", **where, **to_root, conflictBehavior="rename")
    assert moved["name"] == "Welcome 1.md"


async def test_nothing_changes_that_is_not_as_it_was_read(lab):
    where = lab.where("Welcome.md")
    known = (await lab.run("get-drive-item", **where))["eTag"]
    lab.drive.update(lab.item("Welcome.md"), SYSTEM, name="Changed.md")
    upload = {**lab.library(), "parentItemId": "root", "fileName": "Changed.md", "content": "aGk="}
    big = {**upload, "content": "QUFB" * 1_500_000}
    session = {k: v for k, v in upload.items() if k != "content"}
    for name, values in (
        ("update-drive-item", {**where, "name": "Mine.md"}),
        ("delete-drive-item", where),
        ("upload-drive-item", upload),
        ("upload-drive-item", big),
        ("create-drive-upload-session", session),
    ):
        with pytest.raises(Rejected) as told:
            await lab.run(name, **values, eTag=known)
        assert (told.value.code, told.value.provider_status) == ("resource_modified", 412)
    fresh = (await lab.run("get-drive-item", **where))["eTag"]
    assert (await lab.run("delete-drive-item", **where, eTag=fresh)) == {"success": True}


async def test_delete(lab):
    where = lab.where("Campaigns")
    assert await lab.run("delete-drive-item", **where) == {"success": True}
    assert "Campaigns" not in [item.name for item in lab.drive.children(lab.drive.root.uid)]
    with pytest.raises(Rejected) as told:
        await lab.run("delete-drive-item", **where)
    assert told.value.code == "item_not_found"


async def test_a_delete_whose_answer_was_lost_is_done(lab):
    where = lab.where("Press")
    lab.fail(host="graph", method="DELETE", cut_after=0)
    lab.fail(host="graph", method="DELETE", status=503)
    assert await lab.run("delete-drive-item", **where) == {"success": True}
    assert "Press" not in [item.name for item in lab.drive.children(lab.drive.root.uid)]


async def test_what_somebody_else_has_checked_out_is_locked(lab):
    lab.act_as("megan")
    where = lab.where("Welcome.md")
    checkout = f"{lab.urls.graph}/v1.0/drives/{lab.drive.id}/items/{where['itemId']}/checkout"
    answer = await lab.http(Request(method="POST", url=checkout))
    assert answer.status == 204
    lab.act_as("alex")
    upload = {**lab.library(), "parentItemId": "root", "fileName": "Welcome.md", "content": "aGk="}
    for name, values in (
        ("update-drive-item", {**where, "name": "Mine.md"}),
        ("delete-drive-item", where),
        ("upload-drive-item", upload),
    ):
        with pytest.raises(Rejected) as told:
            await lab.run(name, **values)
        assert (told.value.code, told.value.provider_status) == ("resource_locked", 423)


async def test_copy_and_wait(lab):
    specs = lab.drive_at("/sites/engineering", "Specs")
    to = {"parentDriveId": specs.id, "parentItemId": lab.id_of("", specs)}
    where = lab.where("Campaigns")
    begun = await lab.run("copy-drive-item", **where, **to, name="Ours")
    assert begun["status"] == "accepted"
    assert begun["monitorUrl"].endswith(f"/monitor/{begun['operationId']}")
    ended = await lab.run("copy-drive-item", **where, **to, name="Waited", wait=True)
    assert ended["status"] == "completed"
    assert ended["resourceId"] == lab.id_of("Waited", specs)
    assert len(lab.waits) == 1
    assert lab.item("Waited/2026 Q3", specs).is_folder
    children = await lab.run(
        "copy-drive-item", **where, **to, childrenOnly=True, wait=True, waitSeconds=600
    )
    assert children["status"] == "completed"
    assert lab.item("2026 Q3", specs).is_folder


async def test_a_copy_whose_answer_was_lost_is_not_begun_again(lab):
    lab.fail(host="graph", path="*/copy*", cut_after=0)
    with pytest.raises(Unavailable):
        await lab.run(
            "copy-drive-item",
            **lab.where("Press"),
            parentDriveId=lab.drive.id,
            parentItemId="root",
            name="Press 2",
        )
    assert [request.method for request in lab.http.requests] == ["POST"]


async def test_a_copy_that_fails_is_an_error_to_who_waits(lab):
    specs = lab.drive_at("/sites/engineering", "Specs")
    to = {"parentDriveId": specs.id, "parentItemId": lab.id_of("", specs)}
    where = lab.where("Welcome.md")
    await lab.run("copy-drive-item", **where, **to)
    assert (await lab.run("copy-drive-item", **where, **to))["status"] == "accepted"
    with pytest.raises(Rejected) as told:
        await lab.run("copy-drive-item", **where, **to, wait=True)
    assert told.value.code == "name_taken"
    renamed = await lab.run("copy-drive-item", **where, **to, wait=True, conflictBehavior="rename")
    assert renamed["resourceId"] == lab.id_of("Welcome 1.md", specs)


async def test_a_copy_that_outlasts_the_wait_is_not_an_error(lab):
    lab.world.quirks.change(copy_polls=50)
    to = {"parentDriveId": lab.drive.id, "parentItemId": lab.id_of("Press")}
    slow = await lab.run(
        "copy-drive-item", **lab.where("Welcome.md"), **to, wait=True, waitSeconds=5
    )
    assert slow["status"] == "inProgress"
    assert sum(lab.waits) == 5
