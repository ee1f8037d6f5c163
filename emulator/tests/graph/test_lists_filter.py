"""Filtering and sorting list items: indexes, the preference that does without, the threshold."""

import pytest

from m365sim.testing import delegated_token

PREFER = {"Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"}


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


@pytest.fixture
def items(world, site, graph):
    graph.token = delegated_token(world, scopes=["Sites.ReadWrite.All"])
    return f"/sites/{site.id}/lists/Assets/items"


@pytest.fixture
async def ids(graph, items):
    async def found(query, headers=PREFER):
        page = await graph.json(f"{items}?{query}", headers=headers)
        return [row["id"] for row in page["value"]]

    return found


async def test_what_has_no_index_needs_the_preference(graph, items, ids):
    query = "$filter=fields/Title eq 'Anchor'"
    refused = await graph.get(f"{items}?{query}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    message = refused.json()["error"]["message"]
    assert message.startswith(
        "Field 'Title' cannot be referenced in filter or orderby as it is not"
    )
    assert "HonorNonIndexedQueriesWarningMayFailRandomly" in message
    assert await ids(query) == ["2"]
    assert (await graph.get(f"{items}?$orderby=fields/Title")).status_code == 400


async def test_what_has_an_index_does_not(ids):
    assert await ids("$filter=fields/State eq 'In use'", {}) == ["1"]
    assert await ids("$filter=fields/Serial_x0020_Number eq 'X-0003'", {}) == ["3"]
    assert await ids("$filter=id gt 2", {}) == ["3", "4"]
    assert await ids("$orderby=id desc&$top=2", {}) == ["4", "3"]
    assert await ids("$orderby=id&$top=2", {}) == ["1", "2"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("fields/Quantity gt 2", ["3", "4"]),
        ("fields/Quantity ge 2 and fields/Quantity lt 4", ["1", "2", "3"]),
        ("startswith(fields/Title,'fog')", ["3"]),
        ("fields/KeeperLookupId eq 7", ["1"]),
        ("fields/Keeper eq 'Megan Bowen'", ["1"]),
        ("fields/Insured eq true", ["1"]),
        ("fields/Keeper eq null", ["2", "3", "4"]),
        ("fields/Modified lt 2026-05-23T00:00:00Z", ["1"]),
        ("fields/Title eq 'Life raft #2'", ["4"]),
        ("fields/ContentType eq 'Item'", ["1", "2", "3", "4"]),
    ],
)
async def test_conditions(ids, query, wanted):
    assert await ids("$filter=" + query.replace("#", "%23")) == wanted


async def test_orders_and_their_pages(graph, items, ids):
    assert await ids("$orderby=fields/Title") == ["2", "1", "3", "4"]
    assert await ids("$orderby=fields/Quantity desc,fields/Title") == ["4", "3", "2", "1"]
    first = await graph.json(f"{items}?$orderby=fields/Title&$top=3", headers=PREFER)
    assert [row["id"] for row in first["value"]] == ["2", "1", "3"]
    rest = await graph.json(first["@odata.nextLink"], headers=PREFER)
    assert [row["id"] for row in rest["value"]] == ["4"]
    assert "@odata.nextLink" not in rest


async def test_a_filter_goes_over_all_pages(graph, items):
    place = f"{items}?$filter=fields/State eq 'In stock'&$top=2"
    first = await graph.json(place)
    assert [row["id"] for row in first["value"]] == ["2", "3"]
    rest = await graph.json(first["@odata.nextLink"])
    assert [row["id"] for row in rest["value"]] == ["4"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("$filter=fields/Nonsense eq 1", "Provided field name is not recognized."),
        ("$orderby=fields/Nonsense", "Provided field name is not recognized."),
        ("$filter=Title eq 'x'", "Invalid filter clause"),
        ("$filter=fields eq 'x'", "Invalid filter clause"),
        ("$filter=contains(fields/Title,'x')", "Invalid filter clause"),
        ("$orderby=fields/Title sideways", "is not valid"),
    ],
)
async def test_what_cannot_be_asked(graph, items, query, complaint):
    refused = await graph.get(f"{items}?{query}", headers=PREFER)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert complaint in refused.json()["error"]["message"]


async def test_beyond_the_threshold_only_an_index_helps(graph, world, site):
    big = world.content.add_site("/sites/big", "Big")
    world.content.add_drive(big, synthetic_files=5_000)
    items = f"/sites/{big.id}/lists/Documents/items"
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    page = await graph.json(f"{items}?$top=5000")
    assert len(page["value"]) == 5_000
    assert len((await graph.json(page["@odata.nextLink"]))["value"]) == 50  # the folders
    for query in ("$filter=fields/FileLeafRef eq 'x'", "$orderby=fields/FileLeafRef"):
        refused = await graph.get(f"{items}?{query}", headers=PREFER)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            429,
            "activityLimitReached",
        )
    assert (await graph.get(f"{items}?$orderby=id desc")).status_code == 429
    assert [r["id"] for r in (await graph.json(f"{items}?$filter=id gt 5048"))["value"]] == [
        "5049",
        "5050",
    ]


async def test_ids_are_found_without_looking_at_all_others(graph, world):
    big = world.content.add_site("/sites/huge", "Huge")
    world.content.add_drive(big, synthetic_files=1_000_000)
    items = f"/sites/{big.id}/lists/Documents/items"
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    page = await graph.json(f"{items}?$filter=id ge 900000 and id lt 900003")
    assert [row["id"] for row in page["value"]] == ["900000", "900001", "900002"]
    assert "@odata.nextLink" not in page
    assert [r["id"] for r in (await graph.json(f"{items}?$filter=id eq 77"))["value"]] == ["77"]
