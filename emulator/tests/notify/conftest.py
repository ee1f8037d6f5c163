"""A world, and a receiver that is called without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from m365sim.clock import VirtualClock
from m365sim.notify import Answer, SecurityOf, Subscription, Watched
from m365sim.world import World, build_world

START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def world() -> Iterator[World]:
    made = build_world(clock=VirtualClock(START), seed=7)
    yield made
    made.content.close()


class Receiver:
    """Takes down what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []
        self.status = 202
        self.seconds = 0.1
        self.fails: Exception | None = None

    async def __call__(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.fails is not None:
            raise self.fails
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if token:
            return Answer(200, "text/plain", token[0].encode())
        self.calls.append((url, json.loads(body)["value"]))
        return Answer(self.status, seconds=self.seconds)

    @property
    def notifications(self) -> list[dict[str, Any]]:
        return [one for _, several in self.calls for one in several]


@pytest.fixture
def receiver(world) -> Receiver:
    made = Receiver()
    world.notify.post = made
    return made


@pytest.fixture
def drive(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/marketing").drives[0]


@pytest.fixture
def change(drive):
    """Change something in the drive."""
    number = 0

    def make() -> None:
        nonlocal number
        number += 1
        drive.create_folder(drive.root, f"Change {number}", drive.owner)

    return make


@pytest.fixture
def subscribe(world, drive, receiver):
    def make(url: str = URL, minutes: int = 600, **options: Any) -> Subscription:
        now = world.clock.now()
        watched = Watched(
            f"drives/{drive.id}/root",
            "driveItem",
            drive,
            SecurityOf(world.sharing, drive),
        )
        return world.notify.add(
            Subscription(
                world.notify.new_id(),
                watched,
                "app",
                "creator",
                url,
                now,
                now + timedelta(minutes=minutes),
                drive.log.head,
                "secret",
                **options,
            )
        )

    return make
