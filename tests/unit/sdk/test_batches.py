"""From an author's batch to what the store takes."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
import pytest

from fairlead.errors import OutputInvalid
from fairlead.sdk import Batch, Checkpoint, Metadata, Pack, Record, SyncCtx, to_stored

SOURCE = "https://vendor.example/docs"


class Thing(Record):
    id: str
    long_name: str | None = None
    seen: int = 0
    fields: dict[str, Any] | None = None


class Other(Record):
    id: str


class Place(Checkpoint):
    link: str | None = None


class Elsewhere(Checkpoint):
    link: str | None = None


pack: Pack[None] = Pack("vendor", api=lambda send, config: None)


@pack.sync(every="1h", scopes=[], source=SOURCE)
async def things(
    ctx: SyncCtx[None, Metadata, Place],
) -> AsyncIterator[Batch[Thing] | Batch[Other]]:
    """Mirror."""
    yield Batch[Thing]()


@pack.sync(every="1h", scopes=[], source=SOURCE, volatile=["seen"])
async def steady(ctx: SyncCtx[None, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """Mirror."""
    yield Batch()


THINGS = pack.syncs["things"]
STEADY = pack.syncs["steady"]


def test_content_is_canonical_and_hashed():
    record = Thing(id="1", long_name="n", fields={"b": 1, "a": None})
    stored = to_stored(Batch(upsert=[record], partition="p", restart=True), THINGS, "v")
    digest, content = stored.upsert["1"]
    assert content == b'{"fields":{"a":null,"b":1},"id":"1","longName":"n","seen":0}'
    assert digest == blake2b(content, digest_size=16).digest()
    assert (stored.model, stored.variant, stored.partition) == ("Thing", "v", "p")
    assert (stored.restart, stored.settled, stored.checkpoint) == (True, False, None)


def test_volatile_fields_are_stored_but_not_hashed():
    one, two = (
        to_stored(Batch(upsert=[Thing(id="1", seen=seen)]), STEADY).upsert["1"] for seen in (1, 2)
    )
    assert one[0] == two[0]
    assert one[1] != two[1]
    named = to_stored(Batch(upsert=[Thing(id="1", long_name="x")]), STEADY).upsert["1"]
    assert named[0] != one[0]


def test_last_appearance_wins_and_orders():
    batch = Batch(
        upsert=[Thing(id="1", seen=1), Thing(id="2"), Thing(id="1", seen=2)],
        delete=["9", "9"],
    )
    stored = to_stored(batch, THINGS)
    assert list(stored.upsert) == ["2", "1"]
    assert orjson.loads(stored.upsert["1"][1])["seen"] == 2
    assert stored.delete == ("9",)


def test_a_listed_delete_beats_an_upsert():
    stored = to_stored(Batch(upsert=[Thing(id="1"), Thing(id="2")], delete=["1"]), THINGS)
    assert list(stored.upsert) == ["2"]
    assert stored.delete == ("1",)


def test_checkpoint_is_taken_as_it_is_now():
    place = Place(link="a")
    stored = to_stored(Batch(checkpoint=place), THINGS)
    place.link = "b"
    assert stored.checkpoint == b'{"link":"a"}'


def test_model_comes_from_the_records_or_is_named():
    assert to_stored(Batch(upsert=[Other(id="1")]), THINGS).model == "Other"
    assert to_stored(Batch(delete=["1"], model="Other"), THINGS).model == "Other"
    assert to_stored(Batch(delete=["1"]), THINGS).model == "Thing"


@pytest.mark.parametrize(
    ("batch", "problem"),
    [
        (Batch(upsert=[Thing(id="1"), Other(id="2")]), "a Other in a batch of Thing"),
        (Batch(model="Nothing"), "yielded a batch of Nothing; it declares Thing, Other"),
        (Batch(upsert=[Thing(id="")]), "without an id"),
        (Batch(upsert=[Thing.model_construct(id=None)]), "without an id"),
        (Batch(delete=[""]), "without an id"),
        (Batch(upsert=[Thing(id="x" * 256)]), "256 characters"),
        (Batch(upsert=[Thing(id="a\0b")]), "no NUL"),
        (Batch(upsert=[Thing(id="1", fields={"x": object()})]), "that its model forbids"),
        (Batch(upsert=[Thing.model_construct(id="1", seen="no")]), "that its model forbids"),
        (Batch(checkpoint=Elsewhere()), "Elsewhere as its checkpoint; it declares Place"),
    ],
)
def test_an_authors_slip_is_named(batch, problem):
    with pytest.raises(OutputInvalid, match=problem):
        to_stored(batch, THINGS)


def test_times_are_written_as_iso():
    moment = datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    stored = to_stored(Batch(upsert=[Thing(id="1", fields={"at": moment})]), THINGS)
    assert b'"2026-01-02T03:04:05Z"' in stored.upsert["1"][1]
