"""`prefer`: either API answers the same question with the same model."""

from typing import Any

import pytest
from direct_send import DirectSend

from fairlead.errors import InvalidInput, Rejected, Unavailable
from fairlead.sdk.shapes import wire_name
from fairlead.sdk.testing import run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.one_model import (
    NOT_TOLD_OF_FOLDERS,
    NOT_TOLD_OF_ITEMS,
    NOT_TOLD_OF_ROWS,
)
from fairlead_microsoft.sharepoint_v1.shapes.rows import NOT_TOLD
from fairlead_microsoft.sharepoint_v1.shapes.sites import TOLD_OTHERWISE
from m365sim.entra.resources import Resource
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.testing import app_token
from m365sim.world import build_world

CONFIG = {"tenantName": "contoso"}
_SITE = "/sites/marketing"


class Lab:
    """One connection with tokens for both APIs."""

    def __init__(self) -> None:
        self.world = build_world()
        tenant = self.world.tenant
        resource = Resource("sharepoint", f"https://{tenant.sharepoint_host}", tenant.name)
        roles = ("Sites.FullControl.All",)
        self.send = DirectSend(
            self.world,
            app_token(self.world, roles, resource=resource, appidacr="2"),
            app_token(self.world, (*roles, "Files.Read.All")),
        )
        self.site = self.world.content.site_at(self.world.content.host, _SITE)

    async def call(self, action: str, given: dict[str, Any], **more: Any) -> Any:
        self.send.requests.clear()
        return await run_action(
            pack(GLOBAL), action, given, self.send, connection_config=CONFIG, **more
        )

    @property
    def asked(self) -> set[str]:
        return {
            "v2" if request.url.startswith("https://graph.") else "v1"
            for request in self.send.requests
        }

    async def both(self, action: str, given: dict[str, Any]) -> tuple[Any, Any]:
        found = []
        for prefer in ("v1", "v2"):
            found.append(await self.call(action, {**given, "prefer": prefer}))
            assert self.asked == {prefer}
        return found[0], found[1]


@pytest.fixture
def lab():
    one = Lab()
    yield one
    one.world.close()


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    left_out = {wire_name(name) for name in names}
    return {key: value for key, value in record.items() if key not in left_out}


async def test_sites(lab):
    for given in (
        {"siteId": lab.site.id},
        {"hostname": "contoso.sharepoint.com", "path": _SITE},
        {"siteId": lab.world.content.site_at(lab.world.content.host, "/sites/engineering/lab").id},
    ):
        by_rest, by_graph = await lab.both("get-site", given)
        known = without(by_rest, *TOLD_OTHERWISE)
        # what it is besides, Graph says in facets of its own
        assert known == {key: by_graph[key] for key in known}


async def test_lists(lab):
    made = lab.world.lists.create(lab.site, "Parts & more", SYSTEM, description="all of them")
    site = {"siteId": lab.site.id}
    by_rest, by_graph = await lab.both("get-list", {**site, "listId": made.id})
    assert by_rest == by_graph
    by_rest, by_graph = await lab.both("list-lists", site)
    key = lambda one: one["id"]  # noqa: E731
    assert sorted(by_rest["items"], key=key) == sorted(by_graph["items"], key=key)


async def test_rows(lab):
    made = lab.world.lists.create(
        lab.site, "Parts", SYSTEM, columns=[{"name": "Weight", "number": {}}]
    )
    for number in range(3):
        made.add({"Title": f"Part {number}", "Weight": number + 0.5}, SYSTEM)
    where = {"siteId": lab.site.id, "listId": made.id}

    def same(by_rest: dict[str, Any], by_graph: dict[str, Any]) -> None:
        names = by_rest.get("fields", {}).keys()
        assert names >= by_graph.get("fields", {}).keys() - {"@odata.etag", *NOT_TOLD}
        for one in (by_rest, by_graph):
            told = one.pop("fields", {})
            one["fields"] = {name: told[name] for name in ("Title", "Weight") if name in told}
            for who in ("createdBy", "lastModifiedBy"):
                one[who]["user"].pop("id", None)  # the directory's, or the site's
        assert without(by_rest, *NOT_TOLD_OF_ROWS) == without(by_graph, *NOT_TOLD_OF_ROWS)

    for more in ({}, {"expandFields": True}, {"fieldSelectors": "Title,Weight"}):
        same(*await lab.both("get-list-item", {**where, "itemId": "2", **more}))
        by_rest, by_graph = await lab.both("list-list-items", {**where, **more})
        for one, other in zip(by_rest["items"], by_graph["items"], strict=True):
            same(one, other)
    # a cursor goes back to whoever gave it
    for prefer in ("v1", "v2"):
        first = await lab.call("list-list-items", {**where, "top": 2, "prefer": prefer})
        for later in ("v1", "v2"):
            asked = {**where, "cursor": first["nextCursor"], "prefer": later}
            rest = await lab.call("list-list-items", asked)
            assert [one["id"] for one in rest["items"]] == ["3"]
            assert lab.asked == {prefer}


async def test_files_and_folders(lab):
    drive = lab.site.drives[0]
    top = drive.create_folder(drive.root, "Top #1", SYSTEM)
    file = drive.put_file(top, "b é%.docx", MemoryBlob(b"content"), SYSTEM)[0]
    for item in (top, file):
        given = {"siteId": lab.site.id, "driveId": drive.id, "itemId": drive.item_id(item.uid)}
        by_rest, by_graph = await lab.both("get-drive-item", given)
        missing = (*NOT_TOLD_OF_ITEMS, *(NOT_TOLD_OF_FOLDERS if item.is_folder else ()))
        assert by_rest == without(by_graph, *missing)
    where = {"siteId": lab.site.id, "driveId": drive.id}
    for more in ({}, {"itemId": drive.item_id(top.uid)}):
        by_rest, by_graph = await lab.both("list-drive-children", {**where, **more})
        theirs = {one["id"]: one for one in by_graph["items"]}
        assert theirs.keys() == {one["id"] for one in by_rest["items"]}
        for mine in by_rest["items"]:
            other = theirs[mine["id"]]
            above = mine["parentReference"]
            assert above == {key: other["parentReference"][key] for key in above}
            missing = NOT_TOLD_OF_FOLDERS if "folder" in other else ("file",)
            assert mine.keys() >= other.keys() - {"cTag", *map(wire_name, missing)}
            for name in ("name", "webUrl", "folder", "lastModifiedDateTime"):
                assert mine.get(name) == other.get(name)
            assert ("file" in mine) is ("file" in other)
    names, cursor = [], None
    while True:
        asked = {**where, "limit": 2, "prefer": "v1", **({"cursor": cursor} if cursor else {})}
        page = await lab.call("list-drive-children", asked)
        names += [one["name"] for one in page["items"]]
        if (cursor := page.get("nextCursor")) is None:
            break
    assert sorted(names) == sorted(one.name for one in drive.children(drive.root.uid))
    gone = {**given, "itemId": drive.item_id(b"\0" * 16), "prefer": "v1"}
    with pytest.raises(Rejected) as told:
        await lab.call("get-drive-item", gone)
    assert told.value.code == "item_not_found"


async def test_the_connection_says_which_and_a_call_knows_better(lab):
    given = {"siteId": lab.site.id}
    for metadata, config, more, expected in (
        ({}, {}, {}, "v2"),
        ({"prefer": "v1"}, {}, {}, "v1"),
        ({}, {"prefer": "v1"}, {}, "v1"),
        ({"prefer": "v2"}, {"prefer": "v1"}, {}, "v2"),
        ({"prefer": "v1"}, {}, {"prefer": "v2"}, "v2"),
    ):
        lab.send.requests.clear()
        await run_action(
            pack(GLOBAL),
            "get-site",
            {**given, **more},
            lab.send,
            metadata=metadata,
            connection_config={**CONFIG, **config},
        )
        assert lab.asked == {expected}
    with pytest.raises(InvalidInput, match="v1, v2 or auto"):
        await lab.call("get-site", given, metadata={"prefer": "graph"})


async def test_what_graph_does_not_do_is_asked_of_the_other(lab):
    given = {"siteId": lab.site.id}
    body = '{"error":{"code":"notSupported","message":"not here"}}'
    lab.world.faults.add(Fault(host="graph", path="*", status=501, body=body, count=None))
    found = await lab.call("get-site", {**given, "prefer": "auto"})
    assert found["id"] == lab.site.id
    assert lab.asked == {"v1", "v2"}
    with pytest.raises(Unavailable):
        await lab.call("get-site", {**given, "prefer": "v2"})
    # a refusal is none of those
    lab.world.faults.remove()
    lab.world.faults.add(Fault(host="graph", path="*", status=403, count=None))
    with pytest.raises(Rejected):
        await lab.call("get-site", given)
    assert lab.asked == {"v2"}
