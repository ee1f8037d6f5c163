"""The sync `drive-items`, against replies in their recorded shapes."""

import orjson
import pytest

from fairlead.errors import Rejected
from fairlead.sdk.testing import Exchange, Replay, run_sync
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.sharepoint.drive_items import DriveItem
from fairlead_microsoft.sharepoint.models import GraphItem

PACK = pack(GLOBAL)
ROOT = GLOBAL.graph_url
DRIVE = "b!BCZxLHATdEShv1QmVz_agMNEIi0aJepJk6g54cOgYP5q"
QUOTED = DRIVE.replace("!", "%21")
ROOT_ID = "01NKDM7HN6Y2GOVW7725BZO354PWSELRRZ"
FILE = {
    "@odata.type": "#microsoft.graph.driveItem",
    "createdBy": {"user": {"email": "ada@contoso.com", "id": "u1", "displayName": "Ada"}},
    "createdDateTime": "2026-06-03T15:00:12Z",
    "eTag": '"{C17B2B2F-D261-47E5-AD41-238B86DDA8AB},2"',
    "id": "01NKDM7HJPFN54CYOS4VD22QJDRODN3KFL",
    "lastModifiedDateTime": "2026-06-03T15:02:40Z",
    "name": "Q1 100%.xlsx",
    "webUrl": "https://contoso.sharepoint.com/_layouts/15/Doc.aspx?sourcedoc=%7BC17B2B2F%7D",
    "cTag": '"c:{C17B2B2F-D261-47E5-AD41-238B86DDA8AB},1"',
    "size": 11,
    "parentReference": {
        "driveType": "documentLibrary",
        "driveId": DRIVE,
        "id": "01NKDM7HFOLDER",
        "path": f"/drives/{DRIVE}/root:/Quarterly%20r%C3%A9ports",
        "siteId": "contoso.sharepoint.com,2c71,2d22",
    },
    "file": {"mimeType": "text/plain", "hashes": {"quickXorHash": "aCgDG9jwBgAAAAAABQAAAAAAAAA="}},
    "shared": {"scope": "users"},
}
FOLDER = {
    "@odata.type": "#microsoft.graph.driveItem",
    "createdDateTime": "2026-06-03T14:00:00Z",
    "eTag": '"{AAAA},1"',
    "cTag": '"c:{AAAA},0"',
    "id": "01NKDM7HFOLDER",
    "lastModifiedDateTime": "2026-06-03T14:00:00Z",
    "name": "Quarterly réports",
    "webUrl": "https://contoso.sharepoint.com/Shared%20Documents/Quarterly%20r%C3%A9ports",
    "size": 11,
    "parentReference": {"driveId": DRIVE, "id": ROOT_ID, "path": f"/drives/{DRIVE}/root:"},
    "folder": {"childCount": 1},
}
ROOT_ITEM = {"id": ROOT_ID, "name": "root", "root": {}, "folder": {"childCount": 1}, "size": 11}


def feed(drive: str, token: str | None, *entries: dict, **links: str) -> Exchange:
    url = f"/v1.0/drives/{drive.replace('!', '%21')}/root/delta"
    return Exchange(
        url=f"{url}?token={token}" if token else url,
        body={
            "@odata.context": f"{ROOT}/v1.0/$metadata#Collection(driveItem)",
            "@microsoft.graph.hasMoreData": False,
            "@microsoft.graph.syncStatus": "FullData",
            **{
                f"@odata.{name}Link": f"{ROOT}/v1.0/drives/{drive.replace('!', '%21')}"
                f"/root/delta?token={value}"
                for name, value in links.items()
            },
            "value": list(entries),
        },
    )


async def test_a_record_has_the_contracts_fields_and_ours():
    send = Replay([feed(DRIVE, None, ROOT_ITEM, FOLDER, FILE, delta="end")])
    ran = await run_sync(PACK, "drive-items", send, metadata={"driveIds": [DRIVE]})
    send.assert_all_used()
    assert ran.table.live() == {
        f"{DRIVE}/{FILE['id']}": {
            "id": f"{DRIVE}/{FILE['id']}",
            "driveId": DRIVE,
            "itemId": FILE["id"],
            "name": "Q1 100%.xlsx",
            "parentId": "01NKDM7HFOLDER",
            "path": "/Quarterly réports/Q1 100%.xlsx",
            "size": 11,
            "webUrl": FILE["webUrl"],
            "createdDateTime": "2026-06-03T15:00:12Z",
            "lastModifiedDateTime": "2026-06-03T15:02:40Z",
            "folder": False,
            "file": True,
            "mimeType": "text/plain",
            "eTag": FILE["eTag"],
            "cTag": FILE["cTag"],
            "quickXorHash": "aCgDG9jwBgAAAAAABQAAAAAAAAA=",
        },
        f"{DRIVE}/{FOLDER['id']}": {
            "id": f"{DRIVE}/{FOLDER['id']}",
            "driveId": DRIVE,
            "itemId": FOLDER["id"],
            "name": "Quarterly réports",
            "parentId": ROOT_ID,
            "path": "/Quarterly réports",
            "webUrl": FOLDER["webUrl"],
            "createdDateTime": "2026-06-03T14:00:00Z",
            "lastModifiedDateTime": "2026-06-03T14:00:00Z",
            "folder": True,
            "file": False,
            "eTag": FOLDER["eTag"],
            "cTag": FOLDER["cTag"],
        },
    }


async def test_a_second_run_writes_only_what_changed():
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed(DRIVE, None, FOLDER, FILE, delta="one")]),
        metadata={"driveIds": [DRIVE]},
    )
    send = Replay([feed(DRIVE, "one", {**FILE, "size": 12}, delta="two")])
    second = await run_sync(
        PACK,
        "drive-items",
        send,
        metadata={"driveIds": [DRIVE]},
        table=first.table,
        checkpoint=first.checkpoint,
    )
    send.assert_all_used()
    assert (second.counts.updated, second.counts.added, second.counts.deleted) == (1, 0, 0)
    assert second.table.live()[f"{DRIVE}/{FILE['id']}"]["size"] == 12
    third = await run_sync(
        PACK,
        "drive-items",
        Replay([feed(DRIVE, "two", {"id": FILE["id"], "deleted": {}, "file": {}}, delta="three")]),
        metadata={"driveIds": [DRIVE]},
        table=second.table,
        checkpoint=second.checkpoint,
    )
    assert third.counts.deleted == 1
    assert third.table.deleted() == {f"{DRIVE}/{FILE['id']}"}


async def test_a_folders_estimates_are_no_change():
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed(DRIVE, None, FOLDER, delta="one")]),
        metadata={"driveIds": [DRIVE]},
    )
    grown = {**FOLDER, "size": 999, "folder": {"childCount": 0}}
    second = await run_sync(
        PACK,
        "drive-items",
        Replay([feed(DRIVE, "one", grown, delta="two")]),
        metadata={"driveIds": [DRIVE]},
        table=first.table,
        checkpoint=first.checkpoint,
    )
    assert second.counts.unchanged == 1
    assert second.counts.updated == 0


async def test_paths_below_a_renamed_folder_are_right_again():
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed(DRIVE, None, FOLDER, FILE, delta="one")]),
        metadata={"driveIds": [DRIVE]},
    )
    # the feed tells of the folder alone, and nothing else is asked for
    send = Replay([feed(DRIVE, "one", {**FOLDER, "name": "Old"}, delta="two")])
    second = await run_sync(
        PACK,
        "drive-items",
        send,
        metadata={"driveIds": [DRIVE]},
        table=first.table,
        checkpoint=first.checkpoint,
    )
    send.assert_all_used()
    assert second.counts.updated == 2
    paths = {record["path"] for record in second.table.live().values()}
    assert paths == {"/Old", "/Old/Q1 100%.xlsx"}


async def test_without_metadata_the_root_sites_libraries_are_mirrored():
    more = f"{ROOT}/v1.0/sites/root/drives?$skiptoken=2"
    send = Replay(
        [
            Exchange(
                url=f"{ROOT}/v1.0/sites/root/drives?$select=id,name",
                body={"value": [{"id": "b!1", "name": "Documents"}], "@odata.nextLink": more},
            ),
            Exchange(url=more, body={"value": [{"id": "b!2"}]}),
            feed("b!1", None, FILE, delta="end"),
            feed("b!2", None, FILE, delta="end"),
        ]
    )
    ran = await run_sync(PACK, "drive-items", send)
    send.assert_all_used()
    assert set(ran.table.live()) == {f"b!1/{FILE['id']}", f"b!2/{FILE['id']}"}
    assert [batch.partition for batch in ran.batches] == ["b!1", "b!2"]


async def test_snake_case_metadata_and_repeated_drives():
    send = Replay([feed("b!1", None, delta="end")])
    ran = await run_sync(PACK, "drive-items", send, metadata={"drive_ids": ["b!1", "b!1"], "x": 1})
    assert len(ran.batches) == 1


async def test_a_drive_no_longer_chosen_is_swept_and_forgotten():
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed("b!1", None, FILE, delta="one"), feed("b!2", None, FILE, delta="one")]),
        metadata={"driveIds": ["b!1", "b!2"]},
    )
    second = await run_sync(
        PACK,
        "drive-items",
        Replay([feed("b!2", "one", delta="two")]),
        metadata={"driveIds": ["b!2"]},
        table=first.table,
        checkpoint=first.checkpoint,
    )
    assert set(second.table.live()) == {f"b!2/{FILE['id']}"}
    assert list(orjson.loads(second.checkpoint)["links"]) == ["b!2"]
    # chosen again, it is read from the start, since its records are gone
    third = await run_sync(
        PACK,
        "drive-items",
        Replay([feed("b!1", None, FILE, delta="one"), feed("b!2", "two", delta="three")]),
        metadata={"driveIds": ["b!1", "b!2"]},
        table=second.table,
        checkpoint=second.checkpoint,
    )
    assert third.counts.added == 1


async def test_a_killed_run_goes_on_from_its_last_page():
    metadata = {"driveIds": ["b!1", "b!2"]}
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed("b!1", None, FILE, next="mid")]),
        metadata=metadata,
        stop_after=1,
    )
    send = Replay([feed("b!1", "mid", FOLDER, delta="end"), feed("b!2", None, FILE, delta="end")])
    second = await run_sync(
        PACK,
        "drive-items",
        send,
        metadata=metadata,
        table=first.table,
        checkpoint=first.checkpoint,
    )
    send.assert_all_used()
    assert len(second.table.live()) == 3


async def test_410_reads_afresh_and_sweeps():
    metadata = {"driveIds": ["b!1"]}
    first = await run_sync(
        PACK,
        "drive-items",
        Replay([feed("b!1", None, FOLDER, FILE, delta="old")]),
        metadata=metadata,
    )
    send = Replay(
        [
            Exchange(
                url="/v1.0/drives/b%211/root/delta?token=old",
                status=410,
                body={
                    "error": {
                        "code": "resyncRequired",
                        "message": "Resync required. Replace any local items.",
                        "innerError": {"code": "resyncChangesApplyDifferences"},
                    }
                },
            ),
            feed("b!1", None, FOLDER, delta="new"),
        ]
    )
    second = await run_sync(
        PACK,
        "drive-items",
        send,
        metadata=metadata,
        table=first.table,
        checkpoint=first.checkpoint,
    )
    assert set(second.table.live()) == {f"b!1/{FOLDER['id']}"}
    assert (second.counts.deleted, second.counts.unchanged) == (1, 1)


async def test_a_drive_that_is_not_found_wipes_nothing():
    metadata = {"driveIds": ["b!1"]}
    first = await run_sync(
        PACK, "drive-items", Replay([feed("b!1", None, FILE, delta="old")]), metadata=metadata
    )
    lost = Exchange(
        url="/v1.0/drives/b%211/root/delta?token=old",
        status=404,
        body={"error": {"code": "itemNotFound"}},
    )
    with pytest.raises(Rejected, match="no such item"):
        await run_sync(
            PACK,
            "drive-items",
            Replay([lost]),
            metadata=metadata,
            table=first.table,
            checkpoint=first.checkpoint,
        )
    assert len(first.table.live()) == 1


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"id": "1", "name": "a", "parentReference": {"path": "/drives/d/root:"}}, "/a"),
        (
            {"id": "1", "name": "a", "parentReference": {"path": "/drives/d/root:/B:c%23"}},
            "/B:c#/a",
        ),
        (
            {"id": "1", "name": "a", "parentReference": {"path": "/x/root:/50%25 off"}},
            "/50%25 off/a",
        ),
        ({"id": "1", "name": "a", "parentReference": {"path": "/x/root:/100%"}}, "/100%/a"),
        (
            {"id": "1", "name": "a", "parentReference": {"path": "/x/root:/\u00e9%20"}},
            "/\u00e9%20/a",
        ),
        (
            {"id": "1", "name": "a", "parentReference": {"path": "/x/root:/50%25%20off"}},
            "/50% off/a",
        ),
        ({"id": "1", "name": "a", "parentReference": {"id": "p"}}, None),
        ({"id": "1", "name": "a"}, None),
        ({"id": "1", "parentReference": {"path": "/drives/d/root:"}}, None),
    ],
)
def test_paths(item, path):
    assert GraphItem.model_validate(item).path == path


def test_a_notebook_is_neither_file_nor_folder():
    record = DriveItem.of(
        "d", GraphItem.model_validate({"id": "1", "package": {"type": "oneNote"}})
    )
    assert (record.file, record.folder, record.package) == (False, False, "oneNote")
