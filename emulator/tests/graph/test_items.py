"""Reading items: addressing, shapes, children."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from m365sim.files.ids import upper_guid_of


async def test_item_has_the_recorded_shape(graph, drive, find, at):
    item = find("Press/Releases/2026-09-01 Launch.html")
    shape = await graph.json(at("Press/Releases/2026-09-01 Launch.html"))
    guid = upper_guid_of(item.uid)
    parent = find("Press/Releases")
    assert shape["eTag"] == f'"{{{guid}}},1"'
    assert shape["cTag"] == f'"c:{{{guid}}},1"'
    assert shape["file"]["mimeType"] == "text/html"
    assert shape["file"]["hashes"] == {"quickXorHash": item.blob.quick_xor_hash()}
    assert shape["parentReference"] == {
        "driveType": "documentLibrary",
        "driveId": drive.id,
        "id": drive.item_id(parent.uid),
        "name": "Releases",
        "path": f"/drives/{drive.id}/root:/Press/Releases",
        "siteId": drive.site.id,
    }
    assert shape["webUrl"] == (
        "https://contoso.sharepoint.com/sites/marketing/Shared%20Documents"
        "/Press/Releases/2026-09-01%20Launch.html"
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shape["lastModifiedDateTime"])
    assert shape["@microsoft.graph.downloadUrl"].startswith("https://contoso.sharepoint.com/")
    assert {"createdBy", "lastModifiedBy", "fileSystemInfo", "size", "name", "id"} <= set(shape)


async def test_root_and_folder(graph, drive):
    root = await graph.json(f"/drives/{drive.id}/root")
    assert root["root"] == {}
    assert root["name"] == "root"
    assert root["folder"]["childCount"] == 4
    assert root["id"].endswith("6Y2GOVW7725BZO354PWSELRRZ")
    assert "createdBy" not in root
    assert "@microsoft.graph.downloadUrl" not in root
    folder = await graph.json(f"/drives/{drive.id}/root:/Campaigns")
    assert folder["cTag"].endswith(',0"')
    assert folder["parentReference"]["path"] == f"/drives/{drive.id}/root:"


async def test_office_file_has_a_viewer_for_its_address(graph, at):
    shape = await graph.json(at("Campaigns/2026 Q3/Brief.docx"))
    assert "_layouts/15/Doc.aspx?sourcedoc=%7B" in shape["webUrl"]


def doubled(text):
    return text.replace("'", "''")


def literal(text):
    """A string as OData writes it, in a query."""
    return quote(f"'{doubled(text)}'", safe="")


@pytest.mark.parametrize(
    "path",
    [
        "Campaigns/2026 Q3/Budget #2 (50%).csv",
        "Campaigns/2026 Q3/Müller & Söhne.txt",
        "Campaigns/Adele's notes+drafts.txt",
    ],
)
async def test_every_way_to_address_an_item(graph, drive, find, at, path):
    item_id = drive.item_id(find(path).uid)
    above, _, name = path.rpartition("/")
    parent_id = drive.item_id(find(above).uid)
    site, encoded = drive.site.id, quote(name, safe="")
    places = [
        f"/drives/{drive.id}/items/{item_id}",
        f"/drives/{drive.id.replace('!', '%21')}//items/{item_id}",
        f"/sites/{site}/drive/items/{item_id}",
        f"/sites/{site}/drives/{drive.id}/items/{item_id}",
        f"/sites/contoso.sharepoint.com:/sites/marketing:/drive/items/{item_id}",
        at(path),
        at(path) + ":",
        at(path.upper()),
        f"/drives/{drive.id}/items/{parent_id}:/{encoded}",
        f"/drives/{drive.id}/items/{parent_id}:/{encoded}:",
        f"/drives/{drive.id}/items/root:/{quote(path)}",
        f"/drives/{drive.id}/items/{parent_id}/children('{quote(doubled(name), safe='')}')",
        f"/drives/{drive.id}/items/{parent_id}/children('@a1')?@a1={literal(name)}",
        f"/drives/{drive.id}/root/children('@a1')?@a1={literal(path)}",
    ]
    for place in places:
        assert (await graph.json(place))["id"] == item_id, place
    for place in (f"/drives/{drive.id}/items/root", f"/drives/{drive.id}/root:"):
        assert "root" in await graph.json(place)


async def test_select_keeps_what_was_asked_for(graph, at):
    shape = await graph.json(at("Welcome.md") + "?$select=id,name")
    assert set(shape) == {"@odata.context", "id", "name"}
    shape = await graph.json(at("Welcome.md") + "?select=id,@microsoft.graph.downloadUrl")
    assert set(shape) == {"@odata.context", "id", "@microsoft.graph.downloadUrl"}


async def test_missing_and_malformed_items(graph, drive):
    for place in ("items/01NOTHING", f"items/{'01' + 'A' * 32}", "root:/not/there.txt"):
        response = await graph.get(f"/drives/{drive.id}/{place}")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "itemNotFound"


async def test_unchanged_item_is_not_sent_again(graph, at):
    first = await graph.get(at("Welcome.md"))
    assert first.headers["etag"] == first.json()["eTag"]
    again = await graph.get(at("Welcome.md"), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_children_page_by_skiptoken(graph, drive, world):
    names, link, pages = [], f"/drives/{drive.id}/root/children?$top=3", 0
    while link:
        page = await graph.json(link)
        names += [item["name"] for item in page["value"]]
        link, pages = page.get("@odata.nextLink"), pages + 1
    assert sorted(names) == ["Campaigns", "Empty file.txt", "Press", "Welcome.md"]
    assert pages == 2
    world.quirks.page_size = 1
    page = await graph.json(f"/drives/{drive.id}/items/root/children")
    assert len(page["value"]) == 1


async def test_children_are_sorted_on_demand(graph, drive, at, world):
    place = f"/drives/{drive.id}/root/children"
    names = [i["name"] for i in (await graph.json(f"{place}?$orderby=name desc"))["value"]]
    assert names == ["Welcome.md", "Press", "Empty file.txt", "Campaigns"]
    world.clock.advance(timedelta(hours=1))
    await graph.call("PUT", at("Welcome.md") + ":/content", content=b"x")
    newest = (await graph.json(f"{place}?%24orderby=lastModifiedDateTime%20desc"))["value"]
    assert newest[0]["name"] == "Welcome.md"
    assert (await graph.get(f"{place}?$orderby=eTag")).status_code == 400
    assert (await graph.get(f"{place}?$filter=name eq 'x'")).status_code == 501
    assert (await graph.get(f"{place}?$top=0")).status_code == 400
    assert (await graph.get(f"{place}?$top=x")).status_code == 400
    assert (await graph.get(f"{place}?$skiptoken=x")).status_code == 400


async def test_children_by_path_and_of_a_file(graph, at):
    page = await graph.json(at("Press") + ":/children?$count=true")
    assert page["@odata.count"] == 1
    assert [item["name"] for item in page["value"]] == ["Releases"]
    assert (await graph.json(at("Welcome.md") + ":/children"))["value"] == []


async def test_headers_and_content_types(graph, drive, at):
    one = await graph.get(at("Welcome.md"), headers={"client-request-id": "mine"})
    assert one.headers["content-type"].startswith("application/json;odata.metadata=minimal;")
    assert one.headers["odata-version"] == "4.0"
    assert one.headers["client-request-id"] == "mine"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one.headers["request-id"])
    assert "ServerInfo" in one.headers["x-ms-ags-diagnostic"]
    many = await graph.get(f"/drives/{drive.id}/root/children")
    assert many.headers["content-type"].startswith("application/json; odata.metadata=minimal; ")
