"""Graph's client: objects, pages, downloads; links stay on Graph's own host."""

import pytest

from fairlead.errors import (
    Gone,
    InvalidInput,
    ProviderError,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from fairlead.sdk import Shape
from fairlead.sdk.testing import Exchange, Replay
from fairlead_microsoft.clouds import CLOUDS
from fairlead_microsoft.graph import Graph

ROOT = "https://graph.microsoft.com"


class Thing(Shape):
    id: str
    web_url: str | None = None


def graph(*exchanges: Exchange) -> tuple[Graph, Replay]:
    send = Replay(exchanges)
    return Graph(send), send


def listed(*ids: str, next_link: str | None = None) -> dict:
    page: dict = {"value": [{"id": one} for one in ids]}
    return page | ({"@odata.nextLink": next_link} if next_link else {})


async def test_an_object_is_read_as_its_model():
    api, send = graph(
        Exchange(
            url=f"{ROOT}/v1.0/sites/root?$select=id,webUrl",
            body={"@odata.context": "c", "id": "1", "webUrl": "https://x", "unknown": 1},
        )
    )
    thing = await api.get(Thing, api.path("sites", "root"), select="id,webUrl")
    assert thing == Thing(id="1", web_url="https://x")
    assert send.requests[0].headers["Accept"] == "application/json"
    send.assert_all_used()


async def test_each_cloud_has_its_own_graph():
    send = Replay([Exchange(url="https://graph.microsoft.us/v1.0/me", body={"id": "1"})])
    api = Graph(send, {}, cloud=CLOUDS["gcc-high"])
    assert await api.get_json(api.path("me")) == {"id": "1"}


async def test_an_object_of_another_shape_is_the_vendors():
    api, _ = graph(Exchange(url="/v1.0/me", body={"webUrl": 7}))
    with pytest.raises(ProviderError, match=r"unexpected shape \(Thing\.id\)") as told:
        await api.get(Thing, "/v1.0/me")
    assert told.value.code == "unexpected_reply"


async def test_an_answer_that_is_not_json():
    api, send = graph(Exchange(url="/v1.0/me", body=b"<html>"))
    with pytest.raises(ProviderError, match="not JSON"):
        await api.get_json("/v1.0/me")
    send.assert_all_used()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ReconnectRequired), (404, Rejected), (410, Gone), (503, Unavailable)]
)
async def test_errors_are_classified_and_the_response_closed(status, kind):
    api, send = graph(
        Exchange(url="/v1.0/me?secret=1", status=status, headers={"Request-Id": "r-9"}, body=b"{}")
    )
    with pytest.raises(kind) as told:
        await api.get_json("/v1.0/me", secret=1)
    assert "secret" not in (told.value.detail or "")
    assert "r-9" in (told.value.detail or "")
    send.assert_all_used()


async def test_pages_follow_the_next_link_as_it_came():
    link = f"{ROOT}/v1.0//things?%24skiptoken=a%2Bb&x=''"
    api, send = graph(
        Exchange(url=f"{ROOT}/v1.0/things?$top=2", body=listed("1", "2", next_link=link)),
        Exchange(url=link, body=listed(next_link=f"{ROOT}/v1.0/things?p=3")),
        Exchange(url=f"{ROOT}/v1.0/things?p=3", body=listed("3")),
    )
    pages = [page async for page in api.pages(Thing, "/v1.0/things", top=2)]
    assert [[item.id for item in page.items] for page in pages] == [["1", "2"], [], ["3"]]
    assert pages[-1].next_link is None
    send.assert_all_used()


async def test_items_run_over_all_pages():
    link = f"{ROOT}/v1.0/things?p=2"
    api, _ = graph(
        Exchange(url="/v1.0/things", body=listed("1", next_link=link)),
        Exchange(url=link, body=listed("2")),
    )
    assert [item.id async for item in api.items(Thing, "/v1.0/things")] == ["1", "2"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/things",
        "http://graph.microsoft.com/v1.0/things",
        "https://graph.microsoft.com:8443/v1.0/things",
        "https://graph.microsoft.com@evil.example/v1.0/things",
        "https://graph.microsoft.com.evil.example/v1.0/things",
        "/v1.0/things",
    ],
)
async def test_a_link_to_another_host_is_not_followed(link):
    api, send = graph(Exchange(url="/v1.0/things", body=listed("1", next_link=link)))
    with pytest.raises(ProviderError, match="leads to another host") as told:
        [page async for page in api.pages(Thing, "/v1.0/things")]
    assert told.value.code == "foreign_link"
    assert len(send.requests) == 1


async def test_links_that_go_in_a_circle_are_noticed():
    one, two = f"{ROOT}/v1.0/things?p=1", f"{ROOT}/v1.0/things?p=2"
    api, send = graph(
        Exchange(url="/v1.0/things", body=listed(next_link=one)),
        *[Exchange(url=one, body=listed(next_link=two)) for _ in range(30)],
        *[Exchange(url=two, body=listed(next_link=one)) for _ in range(30)],
    )
    with pytest.raises(Unavailable) as told:
        [page async for page in api.pages(Thing, "/v1.0/things")]
    assert told.value.code == "paging_loop"
    assert len(send.requests) < 60


@pytest.mark.parametrize("body", [[], {}, {"value": None}, {"value": [1]}])
async def test_a_page_without_a_list_is_the_vendors(body):
    api, _ = graph(Exchange(url="/v1.0/things", body=body))
    with pytest.raises(Unavailable) as told:
        await api.page(Thing, "/v1.0/things")
    assert told.value.code == "malformed_page"


async def test_a_cursor_names_the_next_page_with_or_without_its_host():
    url = "/v1.0/things?$skiptoken=s%21x"
    doubled = f"{ROOT}{url}".replace("/things", "//things")
    for cursor in (f"{ROOT}{url}", url, doubled):
        asked = doubled if cursor == doubled else f"{ROOT}{url}"
        api, _ = graph(Exchange(url=asked, body=listed("2")))
        page = await api.page(Thing, "/v1.0/things", cursor=cursor, search="*")
        assert [item.id for item in page.items] == ["2"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "https://evil.example/v1.0/things?p=2",
        f"{ROOT}/v1.0/me/messages",
        "/v1.0/me",
        "//evil.example/v1.0/things",
    ],
)
async def test_a_cursor_of_something_else_is_the_callers(cursor):
    api, send = graph()
    with pytest.raises(InvalidInput) as told:
        await api.page(Thing, "/v1.0/things", cursor=cursor)
    assert told.value.code == "invalid_cursor"
    assert send.requests == []


async def test_a_download_is_streamed_and_closed():
    api, send = graph(
        Exchange(url="/v1.0/f/content", headers={"Content-Type": "text/plain"}, body=b"hello")
    )
    content = await api.content("/v1.0/f/content")
    assert content.mime_type == "text/plain"
    assert b"".join([piece async for piece in content.stream()]) == b"hello"
    await content.close()
    send.assert_all_used()


async def test_a_refused_download_is_classified():
    api, _ = graph(Exchange(url="/v1.0/f/content", status=404, body=b"gone"))
    with pytest.raises(Rejected, match="no such item"):
        await api.content("/v1.0/f/content")
