"""A change in a drive reaches the product as a webhook, by a notification that wakes a run."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from fairlead.model.run import RunState
from fairlead.store import environments, notices, runs, subscriptions, tables
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM

PATIENCE = 30
WALK = {"provider_config_key": "sp", "connection_id": "walk"}
#: how the cloud reaches the platform; the port is not known when settings are made
PUBLIC = "https://fairlead.example"


@dataclass
class Product:
    """The product's webhook endpoint."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append(await request.json())
        return web.Response(status=204)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.heard if one["type"] == kind]


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    product = Product()
    app = web.Application()
    app.router.add_post("/hook", product.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    product.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield product
    await runner.cleanup()


@pytest.fixture
def walk_settings(product: Product) -> dict[str, Any]:
    return {
        "webhook_url": product.url,
        "egress_allow": ("127.0.0.1",),
        "public_url": PUBLIC,
        "notice_spacing_seconds": 0.5,
        # and so it is looked after twice a second
        "lease_seconds": 1,
    }


@pytest.fixture
async def live(walk: Any) -> Any:
    """A connection whose drive is followed, every other sync paused."""
    notify = walk.cloud.world.notify
    really_post = notify.post

    async def post(url: str, headers: dict[str, str], body: bytes) -> Any:
        return await really_post(url.replace(PUBLIC, walk.fairlead.url), headers, body)

    notify.post = post
    await walk.connected(realtime="on", change_webhooks="on")
    await walk.settled()
    await walk.alone()
    await until(lambda: is_active(walk))
    await idle(walk)
    return walk


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


async def is_active(walk: Any) -> bool:
    answer = await listed(walk)
    return any(one["state"] == "active" for one in answer["subscriptions"])


async def idle(walk: Any) -> None:
    """Wait until no run is owed, none is under way, and all that was to be told is told."""
    db = walk.fairlead.services.db

    async def is_idle() -> bool:
        async with db.read() as tx:
            untold = select(tables.events.c.id).where(tables.events.c.state == "pending")
            if await notices.owed(tx, 1) or await tx.first(untold):
                return False
            environment = (await environments.list_all(tx))[0]
            active = [RunState.QUEUED, RunState.RUNNING]
            return not await runs.list_for(tx, environment_id=environment.id, states=active)

    await until(is_idle)


async def runs_so_far(walk: Any) -> int:
    async with walk.fairlead.services.db.read() as tx:
        environment = (await environments.list_all(tx))[0]
        return len(await runs.list_for(tx, environment_id=environment.id, limit=1000))


def all_remote(walk: Any) -> list[Any]:
    return list(walk.cloud.world.notify.subscriptions.values())


def remote(walk: Any) -> list[Any]:
    """Return the subscriptions to the drive that the cloud knows."""
    known = walk.cloud.world.notify.subscriptions.values()
    return [one for one in known if one.watched.resource == f"drives/{walk.drive.id}/root"]


async def listed(walk: Any) -> Any:
    """Return what the API says of the drive's subscription, and of notices."""
    answer = await walk.get("/subscriptions", **WALK)
    name = f"drives/{walk.drive.id}/root"
    ours = [one for one in answer["subscriptions"] if one["address"] == name]
    return answer | {"subscriptions": ours}


async def told_after(product: Product, count: int) -> list[dict[str, Any]]:
    async def is_told() -> bool:
        return len(product.of("sync")) > count

    await until(is_told)
    return product.of("sync")[count:]


def element(one: Any, **changes: Any) -> dict[str, Any]:
    """Return what the cloud says when something changed."""
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": one.expires_at.isoformat(),
        "clientState": one.client_state,
        "changeType": "updated",
        "resource": one.watched.resource,
    } | changes


async def send(walk: Any, one: Any, *elements: dict[str, Any]) -> int:
    url = one.notification_url.replace(PUBLIC, walk.fairlead.url)
    answer = await walk.browser.post(url, content=json.dumps({"value": elements}))
    return int(answer.status_code)


async def counts(walk: Any) -> dict[str, int]:
    return dict((await walk.get("/subscriptions", **WALK))["notices"])


async def test_a_change_wakes_a_run_and_a_storm_two(live: Any, product: Product) -> None:
    [there] = remote(live)
    assert there.watched.resource == f"drives/{live.drive.id}/root"
    assert there.with_security
    before = len(product.of("sync"))
    live.drive.put_file(live.drive.root, "new.txt", MemoryBlob(b"new"), SYSTEM)
    [told] = await told_after(product, before)
    await idle(live)
    assert told["responseResults"] == {"added": 1, "updated": 0, "deleted": 0}
    answer = await listed(live)
    [one] = answer["subscriptions"]
    assert one["address"] == there.watched.resource
    assert {"name": "drive-items", "variant": "base"} in one["syncs"]
    assert one["lastNoticeAt"] is not None
    assert 1 <= one["notices"] <= answer["notices"]["accepted"]
    # the record that changed is named, and the vendor's own words are passed on without the secret
    item = live.files()["/new.txt"]
    [change] = product.of("change")[-1]["changes"]
    assert (change["id"], change["kinds"]) == (f"{live.drive.id}/{item['id']}", ["added"])
    passed_on = product.of("forward")[-1]
    assert (passed_on["from"], passed_on["connectionId"]) == ("sharepoint-online", "walk")
    [said] = passed_on["payload"]["value"]
    assert said["subscriptionId"] in {each.id for each in all_remote(live)}
    assert "clientState" not in said
    # and a storm of a thousand is two runs
    await idle(live)
    before = await runs_so_far(live)
    accepted = (await counts(live))["accepted"]
    statuses = await asyncio.gather(*(send(live, there, *[element(there)] * 20) for _ in range(50)))
    assert set(statuses) == {202}
    await idle(live)
    assert (await counts(live))["accepted"] == accepted + 1000
    assert 1 <= await runs_so_far(live) - before <= 2


async def test_what_is_not_the_vendors_changes_nothing(live: Any) -> None:
    [there] = remote(live)
    before, first = await runs_so_far(live), await counts(live)
    long_ago = "2026-01-01T00:00:00Z"
    assert await send(live, there, element(there, clientState="guessed")) == 202
    assert await send(live, there, element(there, clientState=None)) == 202
    assert await send(live, there, element(there, subscriptionId="none-such")) == 202
    replayed = element(there, subscriptionExpirationDateTime=long_ago)
    assert await send(live, there, replayed) == 202
    assert await send(live, there, {"clientState": "no id"}) == 400
    assert await send(live, there, element(there, lifecycleEvent="unheard of")) == 400
    url = there.notification_url.replace(PUBLIC, live.fairlead.url)
    assert (await live.browser.post(url, content=b"x" * (1024 * 1024 + 1))).status_code == 413
    assert (await live.browser.post(f"{url}-other", content=b"{}")).status_code == 404
    await idle(live)
    assert await runs_so_far(live) == before
    now = await counts(live)
    more = {name: now[name] - first[name] for name in now}
    assert more == {"accepted": 0, "unknown": 1, "forged": 2, "replayed": 1, "malformed": 2}
    # whoever asks for a proof gets its own words back, as text
    for name in ("validationToken", "validationtoken"):
        answer = await live.browser.post(url, params={name: "a <b> & ä+c"})
        assert (answer.status_code, answer.text) == (200, "a <b> & ä+c")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_one_that_died_in_silence_is_made_anew(live: Any, product: Product) -> None:
    [there] = remote(live)
    live.cloud.world.notify.subscriptions.clear()
    before = len(product.of("sync"))
    live.drive.put_file(live.drive.root, "untold.txt", MemoryBlob(b"x"), SYSTEM)
    # it is renewed now and then, and so found out
    db, clock = live.fairlead.services.db, live.fairlead.services.clock
    async with db.write() as tx:
        for one in await subscriptions.claim_due(tx, clock.now() + timedelta(days=30), 100):
            await subscriptions.failed(tx, one.id, one.state, "looked after early", clock.now())
    assert [each["responseResults"] for each in await told_after(product, before)] == [
        {"added": 1, "updated": 0, "deleted": 0}
    ]
    [anew] = remote(live)
    assert (anew.id, anew.client_state) != (there.id, there.client_state)


async def test_the_vendors_words_are_heeded_and_the_end_is_told_it(live: Any) -> None:
    [there] = remote(live)
    live.cloud.world.notify.challenge()
    assert there.is_paused

    async def goes_on() -> bool:
        return not there.is_paused

    await until(goes_on)
    live.cloud.world.notify.announce("subscriptionRemoved")

    async def is_anew() -> bool:
        return [one.id for one in remote(live)] not in ([], [there.id])

    await until(is_anew)
    # and the end of the connection is its subscriptions
    url, which = "/connections/walk", {"provider_config_key": "sp"}
    answer = await live.product.delete(url, params=which)
    assert answer.json() == {"success": True}
    assert live.cloud.world.notify.subscriptions == {}


async def test_what_is_not_followed_any_more_is_ended(live: Any) -> None:
    changes = {"integration_config": {"realtime": "off"}}
    answer = await live.product.patch("/integrations/sp", json=changes)
    assert answer.is_success
    await live.sync()

    async def is_ended() -> bool:
        ours = (await listed(live))["subscriptions"]
        # whoever else follows it was told to stand still
        return all({"name": "drive-items", "variant": "base"} not in one["syncs"] for one in ours)

    await until(is_ended)
    wrong = {"integration_config": {"realtime": "yes"}}
    answer = await live.product.patch("/integrations/sp", json=wrong)
    assert answer.status_code == 400
    assert "'on' or 'off'" in answer.text
