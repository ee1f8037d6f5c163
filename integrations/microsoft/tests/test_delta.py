"""Delta: the rules of following a feed, one by one."""

import pytest

from fairlead.errors import Gone, ProviderError, Rejected, Unavailable
from fairlead.sdk.testing import Exchange, Replay
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.models import GraphItem

ROOT = "https://graph.microsoft.com"
FEED = "/v1.0/drives/d/root/delta"
START = f"{ROOT}{FEED}"


def link(token: str) -> str:
    return f"{START}?token={token}"


def item(item_id: str, **facts: object) -> dict:
    base: dict = {"id": item_id, "name": f"n{item_id}", "parentReference": {"driveId": "d"}}
    return {**base, "file": {}} | facts if "folder" not in facts else {**base, **facts}


def gone(item_id: str, **facts: object) -> dict:
    return {"id": item_id, "deleted": {"state": "deleted"}, **facts}


def page(*entries: dict, onto: str | None = None, delta: str | None = None) -> dict:
    body: dict = {"value": list(entries)}
    if onto:
        body["@odata.nextLink"] = link(onto)
    if delta:
        body["@odata.deltaLink"] = link(delta)
    return body


def at(token: str | None, body: dict) -> Exchange:
    return Exchange(url=link(token) if token else START, body=body)


def resync(token: str | None, location: str | None = None, status: int = 410) -> Exchange:
    return Exchange(
        url=link(token) if token else START,
        status=status,
        headers={"Location": location} if location else {},
        body={"error": {"code": "resyncRequired" if status == 410 else "invalidRequest"}},
    )


async def walk(*exchanges: Exchange, since: str | None = None, **params: str):
    send = Replay(exchanges)
    pages = [page async for page in Graph(send).delta(GraphItem, FEED, since=since, **params)]
    send.assert_all_used()
    return pages, send


def seen(pages) -> list[tuple]:
    return [
        ([one.id for one in p.live], [one.id for one in p.gone], p.link, p.restarted, p.settled)
        for p in pages
    ]


async def test_a_first_read_runs_to_the_delta_link():
    pages, send = await walk(
        at(None, page(item("1"), onto="a")),
        at("a", page(item("2"), delta="end")),
    )
    assert seen(pages) == [
        (["1"], [], f"{link('a')}#afresh", True, False),
        (["2"], [], link("end"), False, True),
    ]
    assert all(one.headers["deltaExcludeParent"] == "true" for one in send.requests)


async def test_the_mark_of_a_full_read_is_never_sent():
    pages, send = await walk(at("a", page(delta="end")), since=f"{link('a')}#afresh")
    assert send.requests[0].url == link("a")
    assert seen(pages) == [([], [], link("end"), False, True)]


async def test_an_incremental_round_restarts_nothing():
    pages, _ = await walk(
        at("t", page(item("1"), onto="a")), at("a", page(gone("2"), delta="end")), since=link("t")
    )
    assert seen(pages) == [
        (["1"], [], link("a"), False, False),
        ([], ["2"], link("end"), False, True),
    ]


async def test_an_empty_page_does_not_end_a_round():
    pages, _ = await walk(
        at(None, page(onto="a")), at("a", page(onto="b")), at("b", page(item("1"), delta="e"))
    )
    assert [len(p.live) for p in pages] == [0, 0, 1]
    assert [p.restarted for p in pages] == [True, False, False]


async def test_a_next_link_beside_a_delta_link_goes_on():
    pages, _ = await walk(at(None, page(onto="a", delta="too-early")), at("a", page(delta="end")))
    assert [p.settled for p in pages] == [False, True]


async def test_last_appearance_wins_within_a_page():
    pages, _ = await walk(
        at(
            "t",
            page(
                item("1", name="old"),
                item("2"),
                gone("3"),
                item("1", name="new"),
                gone("2"),
                item("3"),
                delta="e",
            ),
        ),
        since=link("t"),
    )
    assert [(one.id, one.name) for one in pages[0].live] == [("1", "new"), ("3", "n3")]
    assert [one.id for one in pages[0].gone] == ["2"]


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "1", "deleted": {"state": "deleted"}},
        {"id": "1", "deleted": {"state": "softdeleted"}, "name": "still named"},
        {"id": "1", "deleted": {}, "lastModifiedDateTime": "0001-01-01T00:00:00Z"},
        {"id": "1", "@removed": {"reason": "deleted"}},
        {"id": "1", "deleted": {"state": "deleted"}, "file": {}, "size": 0},
    ],
)
async def test_what_counts_as_gone(entry):
    pages, _ = await walk(at("t", page(entry, delta="e")), since=link("t"))
    assert seen(pages)[0][:2] == ([], ["1"])


@pytest.mark.parametrize("entry", [{"id": "1"}, {"id": "1", "deleted": None, "name": None}])
async def test_what_lacks_a_name_is_not_gone(entry):
    pages, _ = await walk(at("t", page(entry, delta="e")), since=link("t"))
    assert seen(pages)[0][:2] == (["1"], [])


async def test_the_root_is_not_an_item_of_its_feed():
    pages, _ = await walk(
        at(None, page(item("r", root={}, folder={"childCount": 3}), item("1"), delta="e"))
    )
    assert seen(pages)[0][0] == ["1"]


async def test_paths_are_never_trusted():
    entry = item(
        "1", parentReference={"driveId": "d", "id": "p", "path": "/drives/d/root:/../../x"}
    )
    pages, _ = await walk(at("t", page(entry, delta="e")), since=link("t"))
    assert seen(pages)[0][0] == ["1"]


async def test_410_at_the_start_reads_afresh_from_the_location():
    fresh = link("fresh")
    pages, _ = await walk(
        resync("old", fresh), at("fresh", page(item("1"), delta="e")), since=link("old")
    )
    assert seen(pages) == [(["1"], [], link("e"), True, True)]


@pytest.mark.parametrize("location", [None, "https://evil.example/x", "nonsense"])
async def test_410_without_a_usable_location_reads_from_the_beginning(location):
    pages, _ = await walk(
        resync("old", location), at(None, page(item("1"), delta="e")), since=link("old")
    )
    assert seen(pages) == [(["1"], [], link("e"), True, True)]


@pytest.mark.parametrize("status", [410, 400])
async def test_a_location_that_does_not_work_is_given_up(status):
    pages, _ = await walk(
        resync("old", link("bad")),
        resync("bad", link("bad"), status),
        at(None, page(item("1"), delta="e")),
        since=link("old"),
    )
    assert seen(pages) == [(["1"], [], link("e"), True, True)]


async def test_410_midway_restarts_with_a_first_page():
    pages, _ = await walk(
        at("t", page(item("1"), onto="a")),
        resync("a"),
        at(None, page(item("1"), onto="b")),
        at("b", page(item("2"), delta="e")),
        since=link("t"),
    )
    assert seen(pages) == [
        (["1"], [], link("a"), False, False),
        (["1"], [], f"{link('b')}#afresh", True, False),
        (["2"], [], link("e"), False, True),
    ]


async def test_410_midway_in_a_full_read_restarts_it():
    pages, _ = await walk(
        at(None, page(item("1"), onto="a")), resync("a"), at(None, page(item("2"), delta="e"))
    )
    assert [p.restarted for p in pages] == [True, True]


async def test_410_for_ever_is_given_up():
    with pytest.raises(Gone):
        await walk(*[resync(None) for _ in range(6)])


async def test_other_refusals_are_raised_as_they_are():
    with pytest.raises(Rejected) as told:
        await walk(resync("t", status=400), since=link("t"))
    assert told.value.code == "invalid_request"
    with pytest.raises(Unavailable):
        await walk(resync("t", status=503), since=link("t"))


async def test_a_deleted_folder_leads_to_a_full_read():
    pages, _ = await walk(
        at("t", page(gone("f", folder={}), item("1"), onto="a")),
        at(None, page(item("1"), onto="b")),
        at("b", page(gone("g", folder={}), delta="e")),
        since=link("t"),
    )
    assert seen(pages) == [
        # killed here, the next run reads from the start as well
        (["1"], ["f"], None, False, False),
        (["1"], [], f"{link('b')}#afresh", True, False),
        ([], ["g"], link("e"), False, True),
    ]


def children(folder: str, *entries: dict, status: int = 200) -> Exchange:
    body = {"value": list(entries)} if status == 200 else {"error": {"code": "itemNotFound"}}
    return Exchange(
        url=f"/v1.0/drives/d/items/{folder}/children?$top=500", status=status, body=body
    )


async def test_what_lies_below_a_changed_folder_is_listed_first():
    pages, _ = await walk(
        at("t", page(item("f", folder={"childCount": 2}), item("1"), onto="a")),
        children("f", item("x"), item("g", folder={"childCount": 1})),
        children("g", item("y")),
        at("a", page(item("g", folder={"childCount": 1}), delta="e")),
        since=link("t"),
    )
    assert seen(pages) == [
        # killed here, the page with the folder comes again
        (["x", "g"], [], link("t"), False, False),
        (["y"], [], link("t"), False, False),
        (["f", "1"], [], link("a"), False, False),
        (["g"], [], link("e"), False, True),
    ]


async def test_listing_pages_are_followed():
    more = f"{ROOT}/v1.0/drives/d/items/f/children?$skiptoken=2"
    first = Exchange(
        url="/v1.0/drives/d/items/f/children?$top=500",
        body={"value": [item("x")], "@odata.nextLink": more},
    )
    pages, _ = await walk(
        at("t", page(item("f", folder={"childCount": 2}), delta="e")),
        first,
        Exchange(url=more, body={"value": [item("y")]}),
        since=link("t"),
    )
    assert [[one.id for one in p.live] for p in pages] == [["x"], ["y"], ["f"]]


async def test_empty_folders_are_not_listed_nor_any_in_a_full_read():
    await walk(at("t", page(item("f", folder={"childCount": 0}), delta="e")), since=link("t"))
    await walk(at(None, page(item("f", folder={"childCount": 9}), delta="e")))
    await walk(
        at("a", page(item("f", folder={"childCount": 9}), delta="e")), since=f"{link('a')}#afresh"
    )


async def test_a_folder_that_vanished_meanwhile_is_passed_by():
    pages, _ = await walk(
        at("t", page(item("f", folder={}), delta="e")),
        children("f", status=404),
        since=link("t"),
    )
    assert seen(pages) == [(["f"], [], link("e"), False, True)]
    with pytest.raises(Rejected):
        await walk(
            at("t", page(item("f", folder={}), delta="e")),
            children("f", status=403),
            since=link("t"),
        )


async def test_a_position_of_another_cloud_counts_as_none():
    pages, _ = await walk(
        at(None, page(item("1"), delta="e")),
        since="http://127.0.0.1:9/v1.0/drives/d/root/delta?token=t",
    )
    assert pages[0].restarted


async def test_a_next_link_that_comes_again_is_noticed():
    with pytest.raises(Unavailable) as told:
        await walk(at(None, page(onto="a")), *[at("a", page(onto="a")) for _ in range(20)])
    assert told.value.code == "paging_loop"


async def test_a_foreign_next_link_is_not_followed():
    body = {"value": [], "@odata.nextLink": "https://evil.example/x"}
    with pytest.raises(ProviderError) as told:
        await walk(at(None, body))
    assert told.value.code == "foreign_link"


@pytest.mark.parametrize(
    "body", [{"value": []}, {"value": [{"name": "no id"}], "@odata.deltaLink": "x"}]
)
async def test_a_malformed_page_is_the_vendors(body):
    with pytest.raises(Unavailable) as told:
        await walk(at(None, body))
    assert told.value.code == "malformed_page"


async def test_a_selection_always_tells_deleted_items():
    url = f"{START}?$select=id,name,deleted,root,folder"
    await walk(Exchange(url=url, body=page(delta="e")), select="id,name")
