"""The actions, against replies in their recorded shapes."""

from base64 import b64decode

import pytest

from fairlead.errors import ActionFailed, InvalidInput, Rejected
from fairlead.sdk import content
from fairlead.sdk.testing import Exchange, Replay, run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL

PACK = pack(GLOBAL)
ROOT = GLOBAL.graph_url
SITE_ID = "contoso.sharepoint.com,2c712604-1370-44e7-a1f5-426573fda80a,2d2244c3"
WHERE = {"siteId": SITE_ID, "driveId": "b!d", "itemId": "01X"}
ITEM = f"{ROOT}/v1.0/sites/{SITE_ID.replace(',', '%2C')}/drives/b%21d/items/01X"


async def test_list_shared_sites():
    link = f"{ROOT}/v1.0/sites?search=*&$skiptoken=s!NTtlMGY"
    site = {
        "createdDateTime": "2026-01-02T03:04:57.003Z",
        "id": SITE_ID,
        "name": "",
        "displayName": "Contoso",
        "webUrl": "https://contoso.sharepoint.com",
        "root": {},
        "siteCollection": {"hostname": "contoso.sharepoint.com"},
        "description": None,
    }
    send = Replay(
        [
            Exchange(
                url=f"{ROOT}/v1.0/sites?search=*", body={"value": [site], "@odata.nextLink": link}
            ),
            Exchange(url=link, body={"value": []}),
        ]
    )
    first = await run_action(PACK, "list-shared-sites", None, send)
    assert first == {
        "sites": [
            {
                "id": SITE_ID,
                "name": "",
                "displayName": "Contoso",
                "webUrl": "https://contoso.sharepoint.com",
                "createdDateTime": "2026-01-02T03:04:57.003Z",
            }
        ],
        "nextCursor": link,
    }
    second = await run_action(PACK, "list-shared-sites", {"cursor": first["nextCursor"]}, send)
    assert second == {"sites": []}
    send.assert_all_used()


@pytest.mark.parametrize("cursor", ["https://evil.example/v1.0/sites", f"{ROOT}/v1.0/me", ""])
async def test_list_shared_sites_refuses_a_foreign_cursor(cursor):
    send = Replay([])
    with pytest.raises(InvalidInput):
        await run_action(PACK, "list-shared-sites", {"cursor": cursor}, send)
    assert send.requests == []


async def test_get_drive_item_is_flat():
    item = {
        "id": "01X",
        "name": "a.txt",
        "size": 11,
        "webUrl": "https://contoso.sharepoint.com/a.txt",
        "createdDateTime": "2026-06-03T15:00:12Z",
        "lastModifiedDateTime": "2026-06-03T15:02:40Z",
        "createdBy": {"user": {"displayName": "Ada"}},
        "lastModifiedBy": {"application": {"displayName": "Robot"}},
        "file": {"mimeType": "text/plain"},
        "parentReference": {"driveId": "b!d", "id": "01P", "path": "/drives/b!d/root:/A%20b"},
    }
    assert await run_action(
        PACK, "get-drive-item", WHERE, Replay([Exchange(url=ITEM, body=item)])
    ) == {
        "id": "01X",
        "name": "a.txt",
        "size": 11,
        "webUrl": "https://contoso.sharepoint.com/a.txt",
        "createdDateTime": "2026-06-03T15:00:12Z",
        "lastModifiedDateTime": "2026-06-03T15:02:40Z",
        "mimeType": "text/plain",
        "parentDriveId": "b!d",
        "parentItemId": "01P",
        "parentPath": "/drives/b!d/root:/A%20b",
        "createdByDisplayName": "Ada",
        "lastModifiedByDisplayName": "Robot",
    }
    folder = {"id": "01X", "folder": {"childCount": 0}}
    send = Replay([Exchange(url=ITEM, body=folder)])
    assert await run_action(PACK, "get-drive-item", WHERE, send) == {
        "id": "01X",
        "folderChildCount": 0,
    }


@pytest.mark.parametrize("name", ["get-drive-item", "download-drive-item-content"])
async def test_an_item_that_is_not_there(name):
    url = ITEM if name == "get-drive-item" else f"{ITEM}/content"
    lost = Exchange(url=url, status=404, body={"error": {"code": "itemNotFound"}})
    with pytest.raises(Rejected) as told:
        await run_action(PACK, name, WHERE, Replay([lost]))
    assert told.value.code == "item_not_found"
    assert told.value.provider_status == 404


@pytest.mark.parametrize("name", ["get-drive-item", "download-drive-item-content"])
async def test_ids_that_would_lead_elsewhere_are_refused(name):
    send = Replay([])
    for wrong in ("", ".", ".."):
        with pytest.raises(InvalidInput):
            await run_action(PACK, name, {**WHERE, "driveId": wrong}, send)
    assert send.requests == []


@pytest.mark.parametrize("body", [b"", b"hello", bytes(range(256)) * 10])
async def test_download_drive_item_content(body):
    send = Replay(
        [Exchange(url=f"{ITEM}/content", headers={"Content-Type": "text/plain"}, body=body)]
    )
    found = await run_action(PACK, "download-drive-item-content", WHERE, send)
    assert b64decode(found["content"]) == body
    assert (found["size"], found["mimeType"]) == (len(body), "text/plain")
    send.assert_all_used()


async def test_a_file_too_large_for_an_action_is_refused_early(monkeypatch):
    monkeypatch.setattr(content, "LARGEST_AS_TEXT", 4)
    send = Replay([Exchange(url=f"{ITEM}/content", body=b"12345")])
    with pytest.raises(ActionFailed, match="Accept: application/octet-stream") as told:
        await run_action(PACK, "download-drive-item-content", WHERE, send)
    assert told.value.code == "file_too_large"
    send.assert_all_used()
    exact = Replay([Exchange(url=f"{ITEM}/content", body=b"1234")])
    found = await run_action(PACK, "download-drive-item-content", WHERE, exact)
    assert found["size"] == 4
