"""Searching the tenant by `POST /search/query`."""

from datetime import timedelta

import pytest

from m365sim.testing import app_token, delegated_token


@pytest.fixture
def ask(graph):
    async def search(kinds, text, **options):
        request = {"entityTypes": kinds, "query": {"queryString": text}, **options}
        return await graph.call("POST", "/search/query", json={"requests": [request]})

    return search


def container(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["value"][0]["hitsContainers"][0]


def names(answer):
    return [hit["resource"].get("name") for hit in container(answer).get("hits", [])]


async def test_files_and_folders_are_found_by_name_and_text(ask, drive):
    answer = await ask(["driveItem"], "budget")
    whole = answer.json()
    assert whole["value"][0]["searchTerms"] == ["budget"]
    found = container(answer)
    assert (found["total"], found["moreResultsAvailable"]) == (1, False)
    hit = found["hits"][0]
    assert (hit["rank"], hit["summary"][:16]) == (1, "<c0>Budget</c0> ")
    resource = hit["resource"]
    assert hit["hitId"] == resource["id"]
    assert resource["@odata.type"] == "#microsoft.graph.driveItem"
    assert resource["parentReference"]["driveId"] == drive.id
    assert resource["parentReference"]["siteId"] == drive.site.id
    assert set(resource["parentReference"]["sharepointIds"]) == {
        "listId", "listItemId", "listItemUniqueId",
    }  # fmt: skip
    assert "file" not in resource  # so a client cannot tell a file from a folder by it
    assert "eTag" not in resource
    assert "Müller & Söhne.txt" in names(await ask(["driveItem"], "stand NOT nothing"))
    assert names(await ask(["driveItem"], "Reviews isDocument=false")) == ["Reviews"]


async def test_pages_of_hits(ask):
    whole = names(await ask(["driveItem"], "filetype:md"))
    assert len(whole) > 4
    first = await ask(["driveItem"], "filetype:md", **{"from": 0, "size": 3})
    assert (container(first)["total"], container(first)["moreResultsAvailable"]) == (
        len(whole),
        True,
    )
    rest = await ask(["driveItem"], "filetype:md", **{"from": 3, "size": 500})
    assert container(rest)["moreResultsAvailable"] is False
    assert names(first) + names(rest) == whole
    assert container(rest)["hits"][0]["rank"] == 4
    beyond = container(await ask(["driveItem"], "filetype:md", **{"from": 400}))
    assert "hits" not in beyond


async def test_list_items_lists_drives_and_sites(ask, world):
    row = container(await ask(["listItem"], "harbour master"))["hits"][0]["resource"]
    assert row["@odata.type"] == "#microsoft.graph.listItem"
    assert row["webUrl"].endswith("/Lists/Campaign%20tasks/DispForm.aspx?ID=2")
    chosen = await ask(["listItem"], "harbour master", fields=["title", "priority", "nonsense"])
    assert container(chosen)["hits"][0]["resource"]["fields"] == {
        "title": "Call the harbour master",
        "priority": "(1) High",
    }
    # Files are list items, too, unless they are asked for as such.
    found = container(await ask(["listItem"], "brief"))["hits"][0]["resource"]
    assert (found["@odata.type"], found["name"]) == ("#microsoft.graph.listItem", "Brief.docx")
    both = container(await ask(["listItem", "driveItem"], "brief"))
    assert [hit["resource"]["@odata.type"] for hit in both["hits"]] == [
        "#microsoft.graph.driveItem"
    ]
    lists = container(await ask(["list"], "Assets"))["hits"]
    assert [hit["resource"]["displayName"] for hit in lists] == ["Assets"]
    drives = container(await ask(["drive"], "Specifications"))["hits"]
    assert [hit["resource"]["name"] for hit in drives] == ["Specifications"]
    sites = container(await ask(["site"], "Engineering"))["hits"]
    assert [hit["resource"]["name"] for hit in sites] == ["engineering"]
    assert sites[0]["hitId"] == sites[0]["resource"]["id"]


async def test_hits_are_trimmed_to_what_the_caller_sees(ask, graph, world):
    alone = 'filetype:txt path:"https://contoso-my.sharepoint.com"'
    assert names(await ask(["driveItem"], alone)) == ["Notes.txt"]
    graph.token = app_token(world)
    shared = await ask(["driveItem"], "filetype:txt", region="EMEA")
    assert "Notes.txt" not in names(shared)
    options = {"includeContent": "privateContent,sharedContent"}
    every = await ask(
        ["driveItem"], "filetype:txt", region="emea", sharePointOneDriveOptions=options
    )
    assert names(every).count("Notes.txt") == 4


async def test_order_and_template(ask, graph):
    sorts = [{"name": "size", "isDescending": True}, {"name": "name"}]
    found = container(await ask(["driveItem"], "filetype:md", sortProperties=sorts))["hits"]
    sizes = [hit["resource"]["size"] for hit in found]
    assert sizes == sorted(sizes, reverse=True)
    query = {"queryString": "*", "queryTemplate": '{searchTerms} CreatedBy:"Adele Vance"'}
    body = {"requests": [{"entityTypes": ["driveItem"], "query": query}]}
    answer = await graph.call("POST", "/search/query", json=body)
    makers = {h["resource"]["createdBy"]["user"]["displayName"] for h in container(answer)["hits"]}
    assert makers == {"Adele Vance"}


async def test_the_index_lags(ask, graph, at, world):
    world.quirks.search_lag = timedelta(minutes=5)
    await graph.call("PUT", at("fresh.md") + ":/content", content=b"x")
    assert names(await ask(["driveItem"], "fresh")) == []
    world.clock.advance(timedelta(minutes=6))
    assert names(await ask(["driveItem"], "fresh")) == ["fresh.md"]


async def test_apps_must_name_the_region(ask, graph, world):
    graph.token = app_token(world)
    refused = await ask(["driveItem"], "budget")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    assert "Region is required" in refused.json()["error"]["message"]
    wrong = await ask(["driveItem"], "budget", region="NAM")
    assert "Only valid regions are EMEA" in wrong.json()["error"]["message"]


@pytest.mark.parametrize(
    ("scopes", "kind", "status"),
    [
        (["Files.Read.All"], "driveItem", 200),
        (["Files.Read.All"], "listItem", 403),
        (["Sites.Read.All"], "listItem", 200),
        (["Sites.Read.All"], "site", 200),
        (["Files.Read"], "driveItem", 403),
        (["Sites.Selected"], "site", 403),
    ],
)
async def test_permissions(ask, graph, world, scopes, kind, status):
    graph.token = delegated_token(world, scopes=scopes)
    assert (await ask([kind], "x")).status_code == status


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ({}, "request"),
        ({"requests": []}, "request"),
        ({"requests": [{}, {}]}, "one"),
        ({"requests": [{"query": {"queryString": "x"}}]}, "entityTypes"),
        ({"requests": [{"entityTypes": ["message"], "query": {"queryString": "x"}}]}, "message"),
        ({"requests": [{"entityTypes": ["site"]}]}, "queryString"),
        ({"requests": [{"entityTypes": ["site"], "query": {"queryString": "(x"}}]}, "bracket"),
        *(
            (
                {"requests": [{"entityTypes": ["site"], "query": {"queryString": "x"}, **wrong}]},
                about,
            )
            for wrong, about in (
                ({"size": 501}, "500"),
                ({"size": 0}, "size"),
                ({"from": -1}, "from"),
                ({"from": "a"}, "from"),
                ({"fields": "a"}, "fields"),
                ({"sortProperties": "a"}, "sort"),
                ({"sortProperties": [{"name": "rank"}]}, "sortable"),
            )
        ),
    ],
)
async def test_requests_that_cannot_be_meant(graph, body, about):
    refused = await graph.call("POST", "/search/query", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
    assert about in refused.json()["error"]["message"]
