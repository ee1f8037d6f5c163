"""The dialect of `_api` against the emulator: addresses, pages, changes, errors, batches."""

import json

import pytest
from pydantic import BaseModel
from rest_lab import SITE

from fairlead.errors import (
    InvalidInput,
    OperatorError,
    ProviderError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.rest import ETAG, Rest, Web
from m365sim.faults import Fault
from m365sim.files.item import SYSTEM

ODD = "It's 50% of #1 – é+&.txt"


class Row(BaseModel):
    Id: int
    Title: str | None = None


class Named(BaseModel):
    Title: str | None = None
    Id: str


async def made_list(lab, title="Boats & 'co'", rows=0):
    web = await lab.api.web(SITE)
    made = await lab.api.post_json(web.path("lists"), {"Title": title, "BaseTemplate": 100})
    for number in range(rows):
        await lab.api.post_json(web.list(made["Id"], "items"), {"Title": f"row {number}"})
    return web, made["Id"]


# -- where things are


async def test_a_site_by_all_that_names_it(lab):
    site = lab.site()
    host = await lab.api.host()
    assert host == lab.cloud.sharepoint_url.replace("{tenant}", "contoso")
    names = [
        SITE,
        f"{host}{SITE}/",
        site.id,
        f"{site.host}:{SITE}:",
        f"https://contoso.sharepoint.com{SITE}",
    ]
    for name in names:
        assert (await lab.api.web(name)).url == f"{host}{SITE}"
    asked = len(lab.requests)
    assert asked == 2  # for the ids alone
    await lab.api.web(site.id)
    assert len(lab.requests) == asked
    assert (await lab.api.web("root")).url == host
    assert (await lab.api.web("contoso.sharepoint.com")).root == "/"


async def test_a_connection_that_calls_graph_has_it_too(lab):
    lab.be("alex", scopes=["AllSites.Read"])
    graph = Graph(lab.http, {}, cloud=lab.cloud)
    api = Rest.of(graph)
    assert Rest.of(graph) is api
    web = await api.web(SITE)
    assert (await api.get_json(web.path()))["Title"] == "Marketing"


async def test_what_names_no_site(lab):
    nobody = "00000000-0000-4000-8000-000000000001"
    for wrong in (
        "",
        ".",
        "..",
        "marketing",
        "/sites/../x",
        "/a/_api/web",
        "a,b,c",
        "://x",
        "a_b.c",
    ):
        with pytest.raises(InvalidInput):
            await lab.api.web(wrong)
    assert lab.requests == []
    with pytest.raises(Rejected) as told:
        await lab.api.web(f"contoso.sharepoint.com,{nobody},{nobody}")
    assert (told.value.code, told.value.who) == ("item_not_found", "caller")


async def test_the_tenants_host_is_found_or_asked_for(lab):
    api = lab.be(config={"sharepointHost": "contoso.sharepoint.com"})
    assert (await api.host()).endswith(lab.cloud.sharepoint_url.partition("{tenant}")[2])
    assert lab.requests == []
    api = lab.be(config={})
    assert await api.host() == lab.cloud.sharepoint_url.replace("{tenant}", "contoso")
    await api.host()
    assert len(lab.requests) == 1
    lab.world.faults.add(Fault(host="graph", path="*/sites/root*", status=200, body="{}"))
    with pytest.raises(OperatorError) as told:
        await lab.be(config={}).host()
    assert told.value.code == "tenant_host_unknown"


@pytest.mark.parametrize("accept", ["nometadata", "verbose"])
async def test_names_go_as_they_are(lab, accept, monkeypatch):
    if accept == "verbose":
        monkeypatch.setattr("fairlead_microsoft.rest.client.BARE", "application/json;odata=verbose")
        monkeypatch.setattr("fairlead_microsoft.rest.writer.BARE", "application/json;odata=verbose")
    web, list_id = await made_list(lab)
    found = await lab.api.get(Named, web.list("Boats & 'co'"))
    assert found.Id == list_id
    folder = web.folder(web.within("Shared Documents"))
    made = await lab.api.upload(web, folder, ODD, b"odd")
    place = web.within(f"Shared Documents/{ODD}")
    assert made["ServerRelativeUrl"] == place
    told = await lab.api.get_json(web.file(place), select="Name")
    assert told["Name"] == ODD
    content = await lab.api.content(web.file(place, "$value"))
    assert (await content.encoded()).size == 3
    assert lab.item(ODD).blob.size == 3


def test_what_would_lead_elsewhere_is_refused():
    web = Web("https://contoso.sharepoint.com/sites/x")
    for place in ("", "a", "/a/../b", "/./b"):
        with pytest.raises(InvalidInput):
            web.file(place)
    for number in ("", "1/..", "٣", "-1"):
        with pytest.raises(InvalidInput):
            web.item("Books", number)
    with pytest.raises(InvalidInput):
        web.list("..")


# -- pages


@pytest.mark.parametrize("form", ["nometadata", "minimalmetadata", "verbose"])
async def test_pages_in_every_form(lab, form, monkeypatch):
    web, list_id = await made_list(lab, rows=7)
    monkeypatch.setattr("fairlead_microsoft.rest.client.BARE", f"application/json;odata={form}")
    url = web.list(list_id, "items")
    pages = [page async for page in lab.api.pages(Row, url, select="Id,Title", top=3)]
    assert [[row.Id for row in page.items] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]
    first = await lab.api.page(Row, url, top=3)
    again = await lab.api.page(Row, url, cursor=first.next_link)
    assert [row.Id for row in again.items] == [4, 5, 6]
    bare = first.next_link.removeprefix(await lab.api.host())
    assert [row.Id for row in (await lab.api.page(Row, url, cursor=bare)).items] == [4, 5, 6]
    assert [row.Id async for row in lab.api.items(Row, url, top=5)] == list(range(1, 8))


async def test_a_cursor_of_something_else_is_refused(lab):
    web, list_id = await made_list(lab)
    url = web.list(list_id, "items")
    asked = len(lab.requests)
    for cursor in ("https://evil.example/x", f"{SITE}/_api/web/siteusers?$skiptoken=1", "x"):
        with pytest.raises(InvalidInput) as told:
            await lab.api.page(Row, url, cursor=cursor)
        assert told.value.code == "invalid_cursor"
    assert len(lab.requests) == asked


async def test_links_that_lead_away_or_round_are_not_followed(lab):
    web = await lab.api.web(SITE)
    url = web.path("siteusers")
    lab.fault(
        "*siteusers*", status=200, body='{"value":[],"odata.nextLink":"https://evil.example/a"}'
    )
    with pytest.raises(ProviderError) as told:
        await lab.api.page(Row, url)
    assert told.value.code == "foreign_link"
    round_ = json.dumps({"value": [], "odata.nextLink": f"{url}?$skiptoken=1"})
    lab.fault("*siteusers*", status=200, body=round_, count=None)
    with pytest.raises(Unavailable) as told:
        [page async for page in lab.api.pages(Row, url)]
    assert told.value.code == "paging_loop"


async def test_rows_above_the_threshold(lab, monkeypatch):
    web, list_id = await made_list(lab)
    url = web.list(list_id, "items")
    target = next(one for one in lab.world.lists.of(lab.site()) if "Boats" in one.display_name)
    for number in range(5_003):
        target.add({"Title": f"row {number % 2}"}, SYSTEM)
    with pytest.raises(Rejected) as told:
        await lab.api.get_json(url, filter="Title eq 'row 1'", top=10)
    assert (told.value.code, told.value.who) == ("list_view_threshold", "caller")
    ids = [row.Id async for page in lab.api.rows(Row, url, select="Id") for row in page.items]
    assert ids == list(range(1, 5_004))
    odd = [
        row.Id
        async for page in lab.api.rows(Row, url, filter="Title eq 'row 1'", select="Id")
        for row in page.items
    ]
    assert odd == list(range(2, 5_004, 2))
    late = [row.Id async for page in lab.api.rows(Row, url, after=5_000) for row in page.items]
    assert late == [5_001, 5_002, 5_003]


# -- changes


async def test_merge_and_delete_by_etag(lab):
    web, list_id = await made_list(lab, rows=1)
    url = web.item(list_id, 1)
    read = await lab.api.get_json(url, with_etag=True)
    await lab.api.merge(url, {"Title": "first"}, if_match=read[ETAG])
    for change in (
        lab.api.merge(url, {"Title": "second"}, if_match=read[ETAG]),
        lab.api.delete(url, if_match=read[ETAG]),
    ):
        with pytest.raises(Rejected) as told:
            await change
        assert (told.value.code, told.value.provider_status) == ("resource_modified", 412)
    await lab.api.merge(url, {"Title": "third"})
    assert (await lab.api.get_json(url))["Title"] == "third"
    assert lab.requests[-2].headers["If-Match"] == "*"
    await lab.api.delete(url)
    with pytest.raises(Rejected) as told:
        await lab.api.delete(url)
    assert told.value.code == "item_not_found"
    assert await lab.api.read_if_there(url) == {}


async def test_a_delete_whose_answer_was_lost_is_done(lab):
    web, list_id = await made_list(lab, rows=1)
    lab.fault("*items(1)*", method="POST", status=503)
    await lab.api.delete(web.item(list_id, 1))
    assert lab.waits == [2.0]
    lab.fault("*items(9)*", method="POST", status=503)
    await lab.api.delete(web.item(list_id, 9))  # it finds nothing the second time
    lab.fault("*items(9)*", method="POST", status=503, count=None)
    with pytest.raises(Unavailable):
        await lab.api.delete(web.item(list_id, 9))


async def test_a_digest_only_when_it_is_demanded(lab):
    web, list_id = await made_list(lab)
    assert not any("contextinfo" in one.url for one in lab.requests)
    refused = json.dumps(
        {"odata.error": {"code": "-2130575251, Microsoft.SharePoint.SPException",
                         "message": {"lang": "en-US", "value": "The security validation"}}}
    )  # fmt: skip
    lab.fault("*/items", status=403, body=refused)
    await lab.api.post_json(web.list(list_id, "items"), {"Title": "a"})
    assert [one.url.rpartition("/")[2] for one in lab.requests[-3:]] == [
        "items",
        "contextinfo",
        "items",
    ]
    await lab.api.post_json(web.list(list_id, "items"), {"Title": "b"})
    assert lab.requests[-1].headers["X-RequestDigest"].startswith("0x")
    assert sum("contextinfo" in one.url for one in lab.requests) == 1
    lab.fault("*/items", status=403, body=refused, count=2)
    with pytest.raises(Rejected) as told:
        await lab.api.post_json(web.list(list_id, "items"), {"Title": "c"})
    assert told.value.code == "invalid_digest"
    lab.fault("*/items", status=403, body=refused)
    lab.fault("*contextinfo", status=200, body="{}")
    with pytest.raises(ProviderError) as told:
        await lab.api.post_json(web.list(list_id, "items"), {"Title": "d"})
    assert told.value.code == "unexpected_reply"


# -- errors


async def test_errors_of_the_emulator(lab):
    web, list_id = await made_list(lab)
    folder = web.folder(web.within("Shared Documents"))
    for url, code in (
        (web.list("00000000-0000-4000-8000-00000000000f"), "item_not_found"),
        (web.list("Nothing of that name"), "item_not_found"),
        (web.item(list_id, 99), "item_not_found"),
        (web.file(web.within("Shared Documents/none.txt")), "item_not_found"),
        (web.path("nothing"), "item_not_found"),
    ):
        with pytest.raises(Rejected) as told:
            await lab.api.get_json(url)
        error = told.value
        assert (error.code, error.who, error.provider_status) == (code, "caller", 404)
    with pytest.raises(Rejected) as told:
        await lab.api.get_json(web.list(list_id, "items"), filter="((")
    assert (told.value.code, told.value.who) == ("invalid_request", "caller")
    with pytest.raises(Rejected) as told:
        await lab.api.upload(web, folder, "Welcome.md", b"x", conflict="fail")
    assert (told.value.code, told.value.who) == ("name_taken", "caller")
    lab.be(scopes=["Sites.Read.All"])
    with pytest.raises(Rejected) as told:
        await lab.api.post_json(web.path("lists"), {"Title": "x", "BaseTemplate": 100})
    assert (told.value.code, told.value.who) == ("access_denied", "operator")
    lab.be(appidacr="1")
    with pytest.raises(OperatorError) as told:
        await lab.api.get_json(web.path())
    assert told.value.code == "certificate_required"


async def test_throttled(lab):
    web = await lab.api.web(SITE)
    lab.fault("*/web", status=429, retry_after=9)
    with pytest.raises(Throttled) as told:
        await lab.api.get_json(web.path())
    assert told.value.retry_after == 9


async def test_answers_that_are_no_json(lab):
    web = await lab.api.web(SITE)
    lab.fault("*/web", status=200, body="<html>")
    with pytest.raises(ProviderError) as told:
        await lab.api.get_json(web.path())
    assert told.value.code == "unexpected_reply"
    lab.fault("*/web", status=200, body="")
    with pytest.raises(ProviderError):
        await lab.api.get_json(web.path())
    lab.fault("*/siteusers", status=200, body='{"value": 1}')
    with pytest.raises(Unavailable):
        await lab.api.page(Row, web.path("siteusers"))
    lab.fault("*/siteusers", status=200, body='{"value": [{"Id": "x"}]}')
    with pytest.raises(ProviderError) as told:
        await lab.api.page(Row, web.path("siteusers"))
    assert "Row.Id" in told.value.message
    lab.fault("*/web", status=401, body="401 UNAUTHORIZED")
    with pytest.raises(ReconnectRequired):
        await lab.api.get_json(web.path())


# -- batches


async def test_many_are_read_at_once(lab):
    web, list_id = await made_list(lab, rows=3)
    lab.requests.clear()
    addresses = [web.item(list_id, number) for number in (3, 9, 1)] * 40
    answers = await lab.api.read_many(addresses, select="Id")
    assert len(lab.requests) == 2
    assert [one["Id"] for one in (answers[0], answers[2])] == [3, 1]
    assert isinstance(answers[1], Rejected)
    assert answers[1].code == "item_not_found"
    assert await lab.api.read_many([]) == []
    with pytest.raises(InvalidInput):
        await lab.api.read_many([web.path(), (await lab.api.web("root")).path()])


async def test_a_batch_in_an_unexpected_shape(lab):
    web = await lab.api.web(SITE)
    lab.fault("*$batch", status=200, body="nothing")
    with pytest.raises(ProviderError) as told:
        await lab.api.read_many([web.path()])
    assert told.value.code == "unexpected_reply"
