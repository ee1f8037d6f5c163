"""Alerts: told once for all who are concerned, again when it spreads, and when it is over."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from fairlead.model.connection import Fault
from fairlead.observe.alert_targets import targets_of
from fairlead.observe.alerts import EVERY, Alerter
from fairlead.settings import Settings, SettingsInvalid, load_settings
from fairlead.store import faults
from fairlead.webhooks.deliver import Deliverer

AS = {"Provider-Config-Key": "acme"}


class Channel:
    """Whoever listens, behind the vendor's port: the one that the egress guard lets through."""

    def __init__(self, world: Any, *addresses: str) -> None:
        self.world = world
        services = world.services
        urls = ",".join(address.replace("HERE", world.vendor.url) for address in addresses)
        given = services.settings.model_copy(
            update={"alert_urls": Settings(alert_urls=urls).alert_urls}  # type: ignore[arg-type]
        )
        self.alerter = Alerter(services.db, given, services.clock, services.new_id)
        self.deliverer = Deliverer(
            services.db, services.transport, given, services.clock, services.new_id, services.watch
        )

    async def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Look, deliver, and return what arrived: path -> body."""
        vendor = self.world.vendor
        before = len(vendor.calls)
        self.world.clock.advance(EVERY)
        await self.alerter.look()
        while await self.deliverer.deliver_due():
            pass
        return [
            (call.path.removeprefix("/api/"), orjson.loads(body))
            for call, body in zip(vendor.calls[before:], vendor.bodies[before:], strict=True)
        ]


async def fail(world: Any, pk: int, kind: str = "sync", sync: str | None = "notes") -> None:
    fault = Fault(
        type=kind,
        code="vendor_down",
        message="The vendor is <down>.",
        log_id=f"log-{pk}",
        sync_name=sync,
        created_at=world.clock.now(),
    )
    async with world.services.db.write() as tx:
        await faults.set_fault(tx, pk, fault)


@pytest.fixture
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    # the server's own deliverer knows none of the addresses
    monkeypatch.setattr(Deliverer, "start", lambda _: None)


@pytest.fixture(autouse=True)
async def _connections(_still: None, world: Any) -> None:
    await world.integration()
    for number in range(1, 5):
        await world.connection(f"c{number}")


async def test_a_trouble_is_told_once_then_when_it_spreads_then_when_it_is_over(
    world: Any,
) -> None:
    channel = Channel(world, "HERE/api/hook")
    assert await channel.heard() == []
    await fail(world, 1)
    [(path, body)] = await channel.heard()
    assert (path, body["state"], body["kind"], body["function"]) == (
        "hook",
        "firing",
        "sync",
        "notes",
    )
    assert (body["integration"], body["environment"], body["count"]) == ("acme", "dev", 1)
    assert body["error"] == {"code": "vendor_down", "message": "The vendor is <down>."}
    assert await channel.heard() == []
    await fail(world, 2)
    assert await channel.heard() == []
    await fail(world, 3)
    assert [said["count"] for _, said in await channel.heard()] == [3]
    async with world.services.db.write() as tx:
        for pk in (1, 2, 3):
            await faults.clear_fault(tx, pk, "sync", "notes")
    [(_, over)] = await channel.heard()
    assert (over["state"], over["opened_at"]) == ("resolved", body["opened_at"])
    assert await channel.heard() == []


async def test_slack_is_told_in_a_sentence(world: Any) -> None:
    channel = Channel(world, "slack+HERE/api/slack", "prod=HERE/api/other")
    await fail(world, 1, "auth", None)
    await fail(world, 2, "auth", None)
    text = "Authorization of acme (dev) fails for 2 connections: The vendor is &lt;down&gt;."
    assert await channel.heard() == [("slack", {"text": f"{text} (vendor_down)"})]
    last = world.vendor.calls[-1]
    assert not [name for name in last.headers if "signature" in name.lower()]
    async with world.services.db.write() as tx:
        for pk in (1, 2):
            await faults.clear_fault(tx, pk, "auth")
    assert await channel.heard() == [
        ("slack", {"text": "Resolved: Authorization of acme (dev) works again."})
    ]


async def test_actions_count_until_one_goes_well(world: Any) -> None:
    channel = Channel(world, "dev=HERE/api/hook")

    async def shout(text: str) -> None:
        body = {"action_name": "shout", "input": {"text": text}}
        await world.client.post("/action/trigger", json=body, headers=AS | {"Connection-Id": "c1"})
        world.clock.advance(timedelta(seconds=1))
        await world.services.journal.flush()

    await shout("crash")
    [(_, body)] = await channel.heard()
    assert (body["kind"], body["function"], body["count"]) == ("action", "shout", 1)
    await shout("fine")
    [(_, over)] = await channel.heard()
    assert over["state"] == "resolved"


async def test_the_address_stays_a_secret(world: Any) -> None:
    channel = Channel(world, "slack+HERE/api/hush-hush")
    await fail(world, 1)
    await channel.heard()
    await world.services.journal.flush()
    answer = await world.client.get("/logs?type=webhook")
    found = [each for each in answer.json()["operations"] if each["action"] == "alert"]
    assert [each["state"] for each in found] == ["success"]
    steps = await world.client.get(f"/logs/{found[0]['id']}/messages")
    assert "hush" not in answer.text + steps.text


async def test_an_address_that_is_set_no_more_is_a_dead_letter(world: Any) -> None:
    channel = Channel(world, "HERE/api/hook")
    channel.deliverer = Deliverer(
        world.services.db,
        world.services.transport,
        world.services.settings,
        world.services.clock,
        world.services.new_id,
    )
    await fail(world, 1)
    assert await channel.heard() == []
    dead = (await world.client.get("/webhooks/dead-letters")).json()["events"]
    assert [each for each in dead if each["type"].startswith("alert:")]


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "https://hooks.slack.com/services/T/B/x, prod=https://a.example/?a=b"
    first, second = targets_of(Settings(alert_urls=words))  # type: ignore[arg-type]
    assert (first.is_slack, first.environment) == (True, None)
    assert first.shown == "https://hooks.slack.com/..."
    assert (second.is_slack, second.environment, second.url) == (
        False,
        "prod",
        "https://a.example/?a=b",
    )
    assert "services" not in repr(first)
    monkeypatch.setenv("FAIRLEAD_ALERT_URLS", "dev=nonsense")
    with pytest.raises(SettingsInvalid, match="FAIRLEAD_ALERT_URLS"):
        load_settings()
