"""Subscriptions over HTTP: validation, renewal, who may have what."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from m365sim.testing import app_token, delegated_token


class Hook:
    """A receiver on a real socket of this machine."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[dict] = []
        self.arrived = asyncio.Event()
        self.headers: dict[str, str] = {}
        self.status = "200 OK"
        self.type = "text/plain"
        self.change = lambda token: token

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split()[1]
        lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
        self.headers = {name: value.strip() for name, _, value in lines}
        body = await reader.readexactly(int(self.headers["content-length"]))
        token = parse_qs(target.partition("?")[2]).get("validationToken")
        answer = self.change(token[0]).encode() if token else b""
        if not token:
            self.got += json.loads(body)["value"]
            self.arrived.set()
        writer.write(
            f"HTTP/1.1 {self.status}\r\ncontent-type: {self.type}\r\n"
            f"content-length: {len(answer)}\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?tenant=7"
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
def subscribe(graph, world, drive, hook):
    async def send(status=201, headers=None, **changes):
        until = world.clock.now() + timedelta(days=10)
        body = {
            "changeType": "updated",
            "notificationUrl": hook.url,
            "resource": f"/drives/{drive.id}/root",
            "expirationDateTime": until.isoformat(),
            "clientState": "secret",
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        response = await graph.call("POST", "/subscriptions", json=body, headers=headers or {})
        assert response.status_code == status, response.text
        return response.json() if status == 201 else response.json()["error"]

    return send


async def test_a_subscription_from_its_beginning_to_its_end(graph, world, drive, hook, subscribe):
    made = await subscribe(lifecycleNotificationUrl=hook.url)
    assert hook.headers["content-type"] == "text/plain; charset=utf-8"
    assert hook.headers["content-length"] == "0"
    assert made["resource"] == f"drives/{drive.id}/root"
    assert made["expirationDateTime"] == "2026-06-13T15:00:00Z"
    assert made["clientState"] == "secret"
    assert made["creatorId"]
    place = f"/subscriptions/{made['id']}"
    assert (await graph.json(place))["id"] == made["id"]
    assert [s["id"] for s in (await graph.json("/subscriptions"))["value"]] == [made["id"]]
    drive.create_folder(drive.root, "New", drive.owner)
    assert await world.notify.pump() == 1
    assert hook.got[0]["subscriptionId"] == made["id"]
    until = (world.clock.now() + timedelta(minutes=42_300)).isoformat()
    renewed = await graph.call("PATCH", place, json={"expirationDateTime": until})
    assert renewed.status_code == 200
    assert renewed.json()["expirationDateTime"] == "2026-07-03T00:00:00Z"
    world.clock.advance(timedelta(days=29))
    assert (await graph.call("POST", f"{place}/reauthorize")).status_code == 204
    assert (await graph.call("DELETE", place)).status_code == 204
    assert (await graph.get(place)).status_code == 404
    drive.create_folder(drive.root, "Newer", drive.owner)
    assert await world.notify.pump() == 0


async def test_it_ends_by_itself(graph, world, subscribe):
    made = await subscribe()
    world.clock.advance(timedelta(days=10))
    response = await graph.get(f"/subscriptions/{made['id']}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert (await graph.json("/subscriptions"))["value"] == []


@pytest.mark.parametrize(
    ("status", "kind", "change"),
    [
        ("404 Not Found", "text/plain", str),
        ("202 Accepted", "text/plain", str),
        ("200 OK", "application/json", str),
        ("200 OK", "text/plain", lambda token: token.replace(" ", "+")),
        ("200 OK", "text/plain", lambda _: ""),
    ],
)
async def test_a_receiver_that_does_not_prove_itself(world, hook, subscribe, status, kind, change):
    hook.status, hook.type, hook.change = status, kind, change
    error = await subscribe(status=400)
    assert error["code"] == "ValidationError"
    assert error["message"].startswith("Subscription validation request failed.")
    assert world.notify.subscriptions == {}


async def test_receivers_elsewhere_are_not_called(subscribe):
    error = await subscribe(status=400, notificationUrl="https://webhook.example.com/x")
    assert error["code"] == "ValidationError"
    assert "not this machine" in error["message"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"changeType": "created"}, "InvalidRequest"),
        ({"changeType": "updated,deleted"}, "InvalidRequest"),
        ({"notificationUrl": None}, "InvalidRequest"),
        ({"lifecycleNotificationUrl": 1}, "InvalidRequest"),
        ({"clientState": "x" * 129}, "InvalidRequest"),
        ({"resource": None}, "InvalidRequest"),
        ({"resource": "/me/messages"}, "InvalidRequest"),
        ({"resource": "/me/drive/root:/Drafts:"}, "InvalidRequest"),
        ({"resource": "/me/drive/root/children"}, "InvalidRequest"),
        ({"expirationDateTime": None}, "InvalidRequest"),
        ({"expirationDateTime": "soon"}, "InvalidRequest"),
        ({"expirationDateTime": "2026-06-03T14:59:59Z"}, "InvalidRequest"),
        ({"expirationDateTime": "2026-07-03T00:00:01Z"}, "ExtensionError"),
    ],
)
async def test_subscriptions_that_cannot_be_meant(subscribe, changes, code):
    error = await subscribe(status=400, **changes)
    assert error["code"] == code


async def test_resources(graph, world, drive, hook, subscribe):
    site = drive.site.id
    lists = (await graph.json(f"/sites/{site}/lists"))["value"]
    documents = next(one for one in lists if one["list"]["template"] == "documentLibrary")
    kinds = {
        "me/drive/root": "DriveItem",
        "/users/alex@contoso.onmicrosoft.com/drive/root": "DriveItem",
        f"/sites/{site}/drive/root": "DriveItem",
        f"/sites/{site}/lists/{documents['id']}": "ListItem",
    }
    for resource in kinds:
        await subscribe(resource=resource)
    drive.create_folder(drive.root, "New", drive.owner)
    await world.notify.pump()
    told = {one["resource"]: one["resourceData"]["@odata.type"] for one in hook.got}
    assert told == {
        f"sites/{site}/drive/root": "#Microsoft.Graph.DriveItem",
        f"sites/{site}/lists/{documents['id']}": "#Microsoft.Graph.ListItem",
    }


async def test_a_generic_list_is_watched_too(graph, world, drive, hook, subscribe):
    site = drive.site.id
    body = {"displayName": "Books", "list": {"template": "genericList"}}
    graph.token = app_token(world, roles=["Sites.FullControl.All"], lifetime=timedelta(days=9))
    made = (await graph.call("POST", f"/sites/{site}/lists", json=body)).json()
    place = f"/sites/{site}/lists/{made['id']}"
    await subscribe(resource=place)
    await graph.call("POST", f"{place}/items", json={"fields": {"Title": "Walden"}})
    assert await world.notify.pump() == 1


async def test_changes_of_permissions_are_told_if_that_is_preferred(
    graph, world, at, hook, subscribe
):
    await subscribe()
    made = await subscribe(headers={"Prefer": "includesecuritywebhooks"})
    body = {"recipients": [{"alias": "megan"}], "roles": ["read"]}
    await graph.call("POST", at("Press") + ":/invite", json=body)
    await world.notify.pump()
    assert [one["subscriptionId"] for one in hook.got] == [made["id"]]


async def test_who_may_subscribe_and_see_what(graph, world, drive, subscribe):
    made = await subscribe()
    graph.token = app_token(world)
    assert (await graph.json("/subscriptions"))["value"] == []
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/reauthorize")):
        response = await graph.call(method, f"/subscriptions/{made['id']}{tail}")
        assert response.status_code == 404
    own = await subscribe(resource="/users/megan@contoso.onmicrosoft.com/drive/root")
    assert [s["id"] for s in (await graph.json("/subscriptions"))["value"]] == [own["id"]]
    graph.token = delegated_token(world, "megan")
    assert (await graph.json("/subscriptions"))["value"] == []
    await subscribe(status=403, resource="/users/alex@contoso.onmicrosoft.com/drive/root")
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    await subscribe(status=403)
    world.quirks.change(subscribing_needs_write=False)
    await subscribe()


async def test_the_control_api_breaks_deliveries(graph, world, drive, hook, subscribe):
    place = "http://control/_m365sim/notifications"
    await subscribe(lifecycleNotificationUrl=hook.url)
    set_ = await graph.http.post(place, json={"drop": 1, "delay": 5})
    assert (set_.json()["drop"], set_.json()["delay"]) == (1.0, 5.0)
    drive.create_folder(drive.root, "New", drive.owner)
    await world.notify.pump()
    world.clock.advance(timedelta(seconds=5))
    await world.notify.pump()
    assert hook.got == []
    report = (await graph.http.get(place)).json()
    assert report["counts"] == {"dropped on purpose": 1}
    assert [one["paused"] for one in report["subscriptions"]] == [False]
    await graph.http.post(place, json={"challenge": True})
    await world.notify.pump()
    assert [one["lifecycleEvent"] for one in hook.got] == ["reauthorizationRequired"]
    for wrong in ({"drop": 2}, {"speed": 1}, {"announce": "nonsense"}):
        assert (await graph.http.post(place, json=wrong)).status_code == 400


async def test_missed_and_removed_are_announced_when_the_control_api_says_so(
    graph, world, hook, subscribe
):
    place = "http://control/_m365sim/notifications"
    made = await subscribe(lifecycleNotificationUrl=hook.url)
    await subscribe()  # hears of nothing but changes
    await graph.http.post(place, json={"announce": "missed"})
    await world.notify.pump()
    assert [(one["subscriptionId"], one["lifecycleEvent"]) for one in hook.got] == [
        (made["id"], "missed")
    ]
    assert hook.got[0]["clientState"] == "secret"
    assert len((await graph.json("/subscriptions"))["value"]) == 2
    await graph.http.post(place, json={"announce": "subscriptionRemoved"})
    await world.notify.pump()
    assert hook.got[-1]["lifecycleEvent"] == "subscriptionRemoved"
    assert (await graph.json("/subscriptions"))["value"] == []


async def test_a_running_cloud_delivers_by_itself(hook):
    import httpx

    from m365sim.server import running

    async with running() as cloud, httpx.AsyncClient() as http:
        world = cloud.world
        token = app_token(world)
        drive = world.content.site_at("contoso.sharepoint.com", "/sites/marketing").drives[0]
        made = await http.post(
            f"{world.urls.graph}/v1.0/subscriptions",
            headers={"Authorization": f"Bearer {token}"},
            json={
                "changeType": "updated",
                "notificationUrl": hook.url,
                "resource": f"drives/{drive.id}/root",
                "expirationDateTime": (world.clock.now() + timedelta(days=1)).isoformat(),
            },
        )
        assert made.status_code == 201
        drive.create_folder(drive.root, "New", drive.owner)
        await asyncio.wait_for(hook.arrived.wait(), 5)
    assert hook.got[0]["subscriptionId"] == made.json()["id"]
