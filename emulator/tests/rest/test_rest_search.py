"""Search and webhooks."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from m365sim.notify.post import Answer

PLACE = "/sites/marketing/Shared Documents"
LIBRARY = "web/lists/getbytitle('Documents')"


def found(answer):
    rows = answer["PrimaryQueryResult"]["RelevantResults"]["Table"]["Rows"]
    return [{cell["Key"]: cell["Value"] for cell in row["Cells"]} for row in rows]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Müller", ["Müller & Söhne", "Müller KG"]),
        ("Müller -ContentClass:STS_ListItem_GenericList", ["Müller & Söhne"]),
        ('path:"https://contoso.sharepoint.com/sites/people" filetype:csv', ["Prämien"]),
        ("filename:Welcome AND IsDocument:1", ["Welcome"]),
        ("nothing-like-that", []),
    ],
)
async def test_search(api, text, names):
    answer = await api.get(f"search/query?querytext='{text.replace('&', '%26')}'&rowlimit=50")
    assert [row["Title"] for row in found(answer)] == names


async def test_paging_by_document(api):
    url = "search/query?querytext='*%s'&rowlimit=3&selectproperties='Path,IndexDocId'"
    first = found(await api.get(url % ""))
    assert set(first[0]) == {"Path", "IndexDocId"}
    more = found(await api.get(url % f" IndexDocId>{first[-1]['IndexDocId']}"))
    assert not {row["Path"] for row in first} & {row["Path"] for row in more}
    request = {"Querytext": "Welcome", "RowLimit": 1, "SelectProperties": ["Title"]}
    answer = await api.post("search/postquery", json={"request": request})
    assert found(answer) == [{"Title": "Welcome"}]
    verbose = await api.get("search/query?querytext='zzz'", accept="application/json;odata=verbose")
    assert verbose["d"]["query"]["PrimaryQueryResult"]["RelevantResults"]["RowCount"] == 0
    await api.get("search/query?querytext='x'&rowlimit=501", 400)
    await api.get("search/query?querytext=''", 400)
    await api.post("search/postquery", 400, json={})


async def test_webhooks(api, world):
    sent = []

    async def post(url, _, body):
        sent.append((url, body))
        token = parse_qs(urlsplit(url).query).get("validationtoken", [""])[0]
        return Answer(200, "text/plain", token.encode())

    world.notify.post = post
    place = f"{LIBRARY}/subscriptions"
    hook = {"resource": "x", "notificationUrl": "http://127.0.0.1:9/h", "clientState": "s"}
    late = (world.clock.now() + timedelta(days=181)).isoformat()
    await api.post(place, 400, json={**hook, "expirationDateTime": late})
    await api.post(place, 400, json={})
    made = await api.post(place, 201, json=hook)
    assert made["expirationDateTime"] == "2026-11-30T15:00:00Z"
    assert [one["id"] for one in (await api.get(place))["value"]] == [made["id"]]
    assert world.notify.find(made["id"]) is None
    files = f"web/GetFolderByServerRelativePath(decodedurl='{PLACE}')/Files"
    await api.post(f"{files}/add(url='a.txt',overwrite=true)", content=b"x")
    assert await world.notify.pump() == 1
    (notification,) = orjson.loads(sent[-1][1])["value"]
    assert notification["subscriptionId"] == made["id"]
    assert notification["siteUrl"] == "/sites/marketing"
    assert notification["resource"] == (await api.get(LIBRARY))["Id"]
    patched = await api.call("PATCH", f"{place}('{made['id']}')", json={"clientState": "t"})
    assert patched.status_code == 204
    assert (await api.get(f"{place}('{made['id']}')"))["clientState"] == "t"
    assert (await api.call("DELETE", f"{place}('{made['id']}')")).status_code == 204
    await api.get(f"{place}('{made['id']}')", 404)


async def test_receivers_must_answer_the_handshake(api, world):
    async def post(*_):
        return Answer(404)

    world.notify.post = post
    hook = {"notificationUrl": "http://127.0.0.1:9/h"}
    await api.post(f"{LIBRARY}/subscriptions", 400, json=hook)


async def test_search_finds_more_than_files(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    boats = "web/lists/getbytitle('Boats')/items"
    for title in ("Sloop rigged", "Ketch rigged"):
        await api.post(boats, 201, json={"Title": title})
    query = "querytext='rigged'&selectproperties='Title,ListItemID'&sortlist='Title:descending'"
    rows = found(await api.get(f"search/query?{query}"))
    assert [(row["Title"], row["ListItemID"]) for row in rows] == [
        ("Sloop rigged", "1"),
        ("Ketch rigged", "2"),
    ]
    for query, titles in (
        ("contentclass:STS_Site Marketing", ["Marketing"]),
        ("contentclass:STS_List_GenericList Boats", ["Boats"]),
        ("Sloop OR Ketch", ["Ketch rigged", "Sloop rigged"]),
        ("rigged NOT Sloop", ["Ketch rigged"]),
    ):
        request = {
            "Querytext": query,
            "RowLimit": 5,
            "SortList": {"results": [{"Property": "Title", "Direction": 0}]},
            "Refiners": "ContentClass",
        }
        answer = await api.post("search/postquery", json={"request": request})
        assert [row["Title"] for row in found(answer)] == titles
        refined = answer["PrimaryQueryResult"]["RefinementResults"]["Refiners"]
        assert refined[0]["Name"] == "ContentClass"
        assert sum(int(one["RefinementCount"]) for one in refined[0]["Entries"]) == len(titles)
    api.as_user("AllSites.Read", user="megan")
    assert found(await api.get("search/query?querytext='rigged'"))
