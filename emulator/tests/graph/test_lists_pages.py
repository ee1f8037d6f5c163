"""Site pages over HTTP."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from m365sim.testing import delegated_token

PAGE = {
    "@odata.type": "#microsoft.graph.sitePage",
    "name": "test.aspx",
    "title": "test",
    "pageLayout": "article",
    "showComments": True,
    "showRecommendedPages": False,
    "titleArea": {"enableGradientEffect": True, "layout": "colorBlock", "title": "sample1"},
    "canvasLayout": {
        "horizontalSections": [
            {
                "layout": "oneColumn",
                "id": "1",
                "emphasis": "none",
                "columns": [
                    {
                        "id": "1",
                        "width": 12,
                        "webparts": [
                            {
                                "id": "6f9230af-2a98-4952-b205-9ede4f9ef548",
                                "innerHtml": "<p>Hi</p>",
                            },
                            {
                                "id": "73d07dde-3474-4545-badb-f28ba239e0e1",
                                "webPartType": "d1d91016-032f-456d-98a4-721247c305e8",
                                "data": {"title": "Image"},
                            },
                        ],
                    }
                ],
            }
        ]
    },
}
CAST = "microsoft.graph.sitePage"


@pytest.fixture
def pages(world, graph):
    graph.token = delegated_token(
        world, scopes=["Sites.ReadWrite.All", "Files.ReadWrite.All"], lifetime=timedelta(days=1)
    )
    return "/sites/root/pages"


async def test_pages_are_listed_by_name(graph, pages):
    for place in (pages, f"{pages}/{CAST}"):
        page = await graph.json(place)
        assert [one["name"] for one in page["value"]] == [
            "Größe & Gewicht.aspx", "Home.aspx", "Travel-guide.aspx",
        ]  # fmt: skip
        home = page["value"][1]
        assert home["@odata.type"] == "#microsoft.graph.sitePage"
        assert home["publishingState"] == {"level": "published", "versionId": "1.0"}
        assert re.fullmatch(r'"\{[0-9A-F-]{36}\},\d+"', home["eTag"])
        assert home["id"] == home["eTag"][2:38].lower()
        assert "canvasLayout" not in home


async def test_what_a_sync_asks(graph, pages, world):
    made = (await graph.call("POST", pages, json=PAGE)).json()
    place = (
        f"{pages}/{CAST}?$select=id,title,publishingState,lastModifiedDateTime"
        "&$orderBy=lastModifiedDateTime asc&$top=2&$filter=lastModifiedDateTime ge "
    )
    first = await graph.json(place + "2026-05-01T00:00:00Z")
    assert len(first["value"]) == 2
    assert set(first["value"][0]) == {
        "@odata.type", "@odata.etag", "id", "title", "publishingState", "lastModifiedDateTime",
    }  # fmt: skip
    rest = await graph.json(first["@odata.nextLink"])
    times = [one["lastModifiedDateTime"] for one in first["value"] + rest["value"]]
    assert times == sorted(times)
    assert made["id"] in {one["id"] for one in first["value"] + rest["value"]}
    world.clock.advance(timedelta(hours=1))
    await graph.call(
        "PATCH",
        f"{pages}/{made['id']}/{CAST}",
        json={"@odata.type": PAGE["@odata.type"], "title": "B"},
    )
    late = await graph.json(place + "2026-06-03T15:30:00Z")
    assert [one["title"] for one in late["value"]] == ["B"]


async def test_the_life_of_a_page(graph, pages):
    made = await graph.call("POST", pages, json=PAGE)
    assert made.status_code == 201, made.text
    page = made.json()
    assert page["publishingState"]["level"] == "checkout"
    assert page["publishingState"]["versionId"] == "0.1"
    assert page["publishingState"]["checkedOutBy"]["user"]["displayName"] == "Alex Wilber"
    assert page["titleArea"] == PAGE["titleArea"]
    place = f"{pages}/{page['id']}/{CAST}"
    assert (await graph.call("POST", f"{place}/publish")).status_code == 204
    read = await graph.json(f"{place}?$expand=canvasLayout")
    assert read["publishingState"] == {"level": "published", "versionId": "1.0"}
    assert read["canvasLayout"] == PAGE["canvasLayout"]
    change = {
        "@odata.type": PAGE["@odata.type"],
        "title": "Better",
        "thumbnailWebUrl": "https://example.com/t.png",
        "description": "d",
        "promotionKind": "newsPost",
    }
    changed = (await graph.call("PATCH", place, json=change)).json()
    assert (changed["title"], changed["promotionKind"]) == ("Better", "newsPost")
    assert (changed["thumbnailWebUrl"], changed["description"]) == (
        "https://example.com/t.png",
        "d",
    )
    assert changed["publishingState"]["versionId"] == "1.1"
    assert changed["eTag"] != read["eTag"]
    bare = await graph.json(f"{pages}/{page['id']}?$select=id,name")
    assert (bare["id"], bare["name"]) == (page["id"], "test.aspx")
    again = await graph.call("POST", pages, json=PAGE)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nameAlreadyExists")
    assert (await graph.call("DELETE", f"{pages}/{page['id']}")).status_code == 204
    assert (await graph.get(place)).status_code == 404
    assert (await graph.get(f"{pages}/nonsense/{CAST}")).status_code == 404


async def test_a_page_is_a_file_of_its_library(graph, pages, world):
    page = (await graph.call("POST", pages, json=PAGE)).json()
    library = f"/sites/root/lists/{page['parentReference']['listId']}"
    assert (await graph.json(library))["list"]["template"] == "webPageLibrary"
    drive = await graph.json(f"{library}/drive")
    assert "system" in drive
    item = await graph.json(f"{library}/drive/root:/test.aspx")
    assert item["eTag"] == page["eTag"]
    rows = await graph.json(
        f"{library}/items?$expand=fields&$filter=startswith(fields/FileLeafRef,'test')",
        headers={"Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"},
    )
    fields = rows["value"][0]["fields"]
    assert (fields["Title"], fields["_UIVersionString"]) == ("test", "0.1")
    assert "CanvasContent1" not in fields
    assert not {name for name in fields if name.startswith("~")}
    assert rows["value"][0]["contentType"]["name"] == "Site Page"
    await graph.call("DELETE", f"/drives/{drive['id']}/items/{item['id']}")
    assert (await graph.get(f"{pages}/{page['id']}/{CAST}")).status_code == 404
    put = f"/drives/{drive['id']}/root:/{quote('Other.aspx')}:/content"
    other = (await graph.call("PUT", put, content=b"<%@ Page %>")).json()
    listed = {one["name"]: one for one in (await graph.json(pages))["value"]}
    assert listed["Other.aspx"]["title"] == "Other"
    assert listed["Other.aspx"]["eTag"] == other["eTag"]


async def test_someone_elses_checkout(graph, pages, world):
    marketing = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    place = f"/sites/{marketing.id}/pages"
    page = (await graph.call("POST", place, json=PAGE)).json()
    graph.token = delegated_token(world, "megan", scopes=["Sites.ReadWrite.All"])
    change = {"@odata.type": PAGE["@odata.type"], "title": "Mine"}
    for method, below, body in (("PATCH", "", change), ("POST", "/publish", None)):
        refused = await graph.call(method, f"{place}/{page['id']}/{CAST}{below}", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (423, "resourceLocked")


async def test_a_site_without_pages_has_none(graph, pages, world):
    site = world.content.site_at("contoso.sharepoint.com", "/sites/people")
    assert (await graph.json(f"/sites/{site.id}/pages"))["value"] == []


@pytest.mark.parametrize(
    "query", ["$filter=description eq 'x'", "$orderBy=description", "$filter=nonsense", "$top=0"]
)
async def test_what_cannot_be_asked(graph, pages, query):
    refused = await graph.get(f"{pages}/{CAST}?{query}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_a_body_without_its_type_is_refused(graph, pages):
    body = {key: value for key, value in PAGE.items() if key != "@odata.type"}
    refused = await graph.call("POST", pages, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert "@odata.type" in refused.json()["error"]["message"]
