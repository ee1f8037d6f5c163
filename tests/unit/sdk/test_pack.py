"""Declaring functions: what is derived, and what an author is told at import."""

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from pydantic import Field

from fairlead.errors import AuthorError
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, SyncCtx, input_schema
from fairlead.sdk.schemas import output_schema, record_schemas, schema_of
from fairlead.sdk.signature import effect_of

SOURCE = "https://vendor.example/docs"


class Api:
    """A vendor's API."""


class Thing(Record):
    id: str
    long_name: str | None = None


class Other(Record):
    id: str


class NoId(Record):
    name: str


class NumberId(Record):
    id: int


class Chosen(Metadata):
    thing_ids: list[str] = Field(default_factory=list)


class Place(Checkpoint):
    link: str | None = None


class NeedsStart(Checkpoint):
    link: str


@pytest.fixture
def pack() -> Pack[Api]:
    return Pack("vendor", api=lambda send, config: Api())


def test_action_is_derived_from_its_signature(pack):
    @pack.action(scopes=["Things.Read"], source=SOURCE, version="2.0.0")
    async def read_long_thing(
        ctx: Ctx[Api],
        thing_id: Annotated[str, Field(description="Which one.", examples=["t1"])],
        only: list[str] | None = None,
        type_: str = "small",
    ) -> Thing:
        """Read a thing.

        Really.
        """
        return Thing(id=thing_id)

    action = pack.actions["read-long-thing"]
    assert action.name == "read-long-thing"
    assert action.description == "Read a thing.\n\nReally."
    assert action.scopes == ("Things.Read",)
    assert action.source == SOURCE
    assert action.version == "2.0.0"
    schema = input_schema(action)
    assert set(schema["properties"]) == {"thingId", "only", "type"}
    assert schema["required"] == ["thingId"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["thingId"]["description"] == "Which one."
    assert schema["properties"]["thingId"]["examples"] == ["t1"]
    assert schema["properties"]["thingId"]["title"] == "Thing id"
    assert schema["properties"]["type"]["title"] == "Type"
    assert set(output_schema(action)["properties"]) == {"id", "longName"}


async def test_decorated_function_is_still_the_function(pack):
    @pack.action(scopes=[], source=SOURCE)
    async def read(ctx: Ctx[Api], name: str) -> Thing:
        """Read."""
        return Thing(id=name)

    assert pack.actions["read"].body is read


def test_sync_is_derived_from_its_signature(pack):
    @pack.sync(every="1h", scopes=["Things.Read"], source=SOURCE, volatile=["long_name"])
    async def all_things(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[Thing]]:
        """Mirror things."""
        yield Batch()

    sync = pack.syncs["all-things"]
    assert sync.description == "Mirror things."
    assert sync.every == "1h"
    assert sync.models == {"Thing": Thing}
    assert sync.metadata_model is Chosen
    assert sync.checkpoint_model is Place
    assert sync.auto_start is True
    assert sync.volatile == {"longName"}
    assert record_schemas(sync)["Thing"]["required"] == ["id"]
    assert set(schema_of(sync.metadata_model)["properties"]) == {"thingIds"}


def test_sync_may_have_several_models(pack):
    @pack.sync(every="1h", scopes=[], source=SOURCE)
    async def either(
        ctx: SyncCtx[Api, Chosen, Place],
    ) -> AsyncIterator[Batch[Thing] | Batch[Other]]:
        """Mirror both."""
        yield Batch[Thing]()

    assert list(pack.syncs["either"].models) == ["Thing", "Other"]


def test_missing_docstring(pack):
    async def bare(ctx: Ctx[Api]) -> Thing:
        return Thing(id="1")

    with pytest.raises(AuthorError, match=r"bare has no docstring") as told:
        pack.action(scopes=[], source=SOURCE)(bare)
    assert told.value.code == "invalid_function"


@pytest.mark.parametrize("source", ["", "vendor.example", "http://vendor.example"])
def test_source_must_be_a_link(pack, source):
    async def read(ctx: Ctx[Api]) -> Thing:
        """Read."""
        return Thing(id="1")

    with pytest.raises(AuthorError, match="give the https link of the vendor's page"):
        pack.action(scopes=[], source=source)(read)


@pytest.mark.parametrize("scopes", ["Things.Read", [""], [1], None])
def test_scopes_must_be_a_list(pack, scopes):
    async def read(ctx: Ctx[Api]) -> Thing:
        """Read."""
        return Thing(id="1")

    with pytest.raises(AuthorError, match="give a list of names"):
        pack.action(scopes=scopes, source=SOURCE)(read)


def test_action_mistakes_are_named(pack):
    def not_async(ctx: Ctx[Api]) -> Thing:
        """Doc."""
        return Thing(id="1")

    async def no_ctx(name: str) -> Thing:
        """Doc."""
        return Thing(id=name)

    async def untyped_input(ctx: Ctx[Api], name) -> Thing:
        """Doc."""
        return Thing(id=name)

    async def starred(ctx: Ctx[Api], *names: str) -> Thing:
        """Doc."""
        return Thing(id=names[0])

    async def no_return(ctx: Ctx[Api]):
        """Doc."""

    async def no_json(ctx: Ctx[Api], api: Api) -> Thing:
        """Doc."""
        return Thing(id="1")

    async def unknown_type(ctx: Ctx[Api], api: "Nowhere") -> Thing:  # noqa: F821
        """Doc."""
        return Thing(id="1")

    for body, problem in (
        (not_async, "is not an `async def`"),
        (no_ctx, "must take `ctx: Ctx"),
        (untyped_input, "does not say the type of `name`"),
        (starred, r"takes \*names"),
        (no_return, "does not say what it returns"),
        (no_json, "has a type that has no JSON shape"),
        (unknown_type, "annotation that cannot be resolved"),
    ):
        with pytest.raises(AuthorError, match=problem):
            pack.action(scopes=[], source=SOURCE)(body)
    assert pack.actions == {}


def test_sync_mistakes_are_named(pack):
    async def not_generator(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        raise AssertionError

    async def no_ctx() -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        yield Batch()

    async def no_batch(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Thing]:
        """Doc."""
        yield Thing(id="1")

    async def no_iterator(ctx: SyncCtx[Api, Chosen, Place]) -> list[Batch[Thing]]:
        """Doc."""
        yield Batch()

    async def no_id(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[NoId]]:
        """Doc."""
        yield Batch()

    async def number_id(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[NumberId]]:
        """Doc."""
        yield Batch()

    async def no_model(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[dict]]:
        """Doc."""
        yield Batch()

    async def no_metadata(ctx: SyncCtx[Api, dict, Place]) -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        yield Batch()

    async def no_start(ctx: SyncCtx[Api, Chosen, NeedsStart]) -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        yield Batch()

    for body, problem in (
        (not_generator, "is not an async generator"),
        (no_ctx, "must take exactly one argument"),
        (no_batch, r"AsyncIterator\[Batch\[SomeRecord\]\]"),
        (no_iterator, r"AsyncIterator\[Batch\[SomeRecord\]\]"),
        (no_id, "NoId, which needs a field `id: str`"),
        (number_id, "NumberId, which needs a field `id: str`"),
        (no_model, "records must be model classes"),
        (no_metadata, "for its metadata; it must be a model class"),
        (no_start, r"fields need defaults \(a first run\): \['link'\]"),
    ):
        with pytest.raises(AuthorError, match=problem):
            pack.sync(every="1h", scopes=[], source=SOURCE)(body)
    assert pack.syncs == {}


def test_sync_options_are_checked(pack):
    async def things(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        yield Batch()

    with pytest.raises(AuthorError, match="'now and then' is not a frequency"):
        pack.sync(every="now and then", scopes=[], source=SOURCE)(things)
    with pytest.raises(AuthorError, match="outside the allowed range"):
        pack.sync(every="1s", scopes=[], source=SOURCE)(things)
    with pytest.raises(AuthorError, match=r"has volatile=\['colour'\]"):
        pack.sync(every="1h", scopes=[], source=SOURCE, volatile=["colour"])(things)


def test_names_are_unique_in_a_pack(pack):
    @pack.action(scopes=[], source=SOURCE)
    async def things(ctx: Ctx[Api]) -> Thing:
        """Doc."""
        return Thing(id="1")

    async def more(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[Thing]]:
        """Doc."""
        yield Batch()

    with pytest.raises(AuthorError, match="second function named things"):
        pack.sync(every="1h", scopes=[], source=SOURCE, name="things")(more)


def test_serving_shares_functions_but_not_providers():
    here = Provider(name="here", display_name="Here", auth_mode=AuthMode.NONE)
    pack = Pack("vendor", api=lambda send, config: Api())
    served = pack.serving([here])
    assert served.applies_to("here")
    assert not pack.applies_to("here")
    assert served.actions is pack.actions
    with pytest.raises(AuthorError, match="two providers named here"):
        pack.serving([here, here])


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("list-things", "read"),
        ("download-thing", "read"),
        ("delete-thing", "destructive"),
        ("remove-thing", "destructive"),
        ("create-thing", "write"),
        ("frobnicate", "write"),
    ],
)
def test_a_name_says_what_a_function_does(name: str, effect: str) -> None:
    assert effect_of(name) == effect
