"""Finding packs, and what runs where."""

from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from fairlead.errors import NotFound, OperatorError, UnknownProvider
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import (
    Batch,
    Checkpoint,
    Ctx,
    Metadata,
    Pack,
    Record,
    Registry,
    SyncCtx,
    load_packs,
    registry,
)

SOURCE = "https://vendor.example/docs"
HERE = Provider(name="here", display_name="Here", auth_mode=AuthMode.NONE)


class Thing(Record):
    id: str


def make(name: str = "vendor") -> Pack[None]:
    pack: Pack[None] = Pack(name, api=lambda send, config: None, providers=[HERE])

    @pack.action(scopes=[], source=SOURCE)
    async def read(ctx: Ctx[None]) -> Thing:
        """Read."""
        return Thing(id="1")

    @pack.sync(every="1h", scopes=[], source=SOURCE)
    async def things(ctx: SyncCtx[None, Metadata, Checkpoint]) -> AsyncIterator[Batch[Thing]]:
        """Mirror."""
        yield Batch()

    return pack


def test_lookups():
    pack = make()
    known = Registry([pack])
    assert dict(known.providers) == {"here": HERE}
    assert known.provider("here") is HERE
    assert known.pack_for("here") is pack
    assert known.pack_for("there") is None
    assert known.sync("here", "things") is pack.syncs["things"]
    assert known.action("here", "read") is pack.actions["read"]
    assert [sync.name for sync in known.syncs("here")] == ["things"]
    assert known.syncs("there") == known.actions("there") == []


def test_what_is_not_there_is_told_with_what_is():
    known = Registry([make()])
    with pytest.raises(UnknownProvider, match="'there'"):
        known.provider("there")
    with pytest.raises(NotFound, match="there are: things") as told:
        known.sync("here", "nothing")
    assert told.value.code == "unknown_sync"
    with pytest.raises(NotFound, match="there are: read") as told:
        known.action("here", "nothing")
    assert told.value.code == "unknown_action"
    with pytest.raises(NotFound, match="there are: none"):
        known.sync("there", "things")
    with pytest.raises(NotFound, match="there are: none"):
        known.action("there", "read")


def test_one_provider_belongs_to_one_pack():
    with pytest.raises(OperatorError, match="packs one and two both ship the provider here"):
        Registry([make("one"), make("two")])


MADE = make("made")


def refuses() -> Pack[None]:
    raise OperatorError("SOME_VARIABLE is wrong")


def number() -> int:
    return 7


@pytest.fixture
def installed(monkeypatch):
    def install(**values: str) -> None:
        found = EntryPoints(
            EntryPoint(name, value, registry.GROUP) for name, value in values.items()
        )
        monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))

    return install


def at(name: str) -> str:
    return f"{__name__}:{name}"


def test_a_pack_or_a_callable_is_loaded(installed, monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules,
        __name__,
        __import__("types").SimpleNamespace(MADE=MADE, make=make, refuses=refuses, number=number),
    )
    installed(one=at("MADE"))
    assert load_packs().packs == [MADE]
    installed(one=at("make"))
    assert load_packs().packs[0].name == "vendor"
    installed(one=at("MADE"), bad=at("number"))
    assert load_packs(["one"]).packs == [MADE]
    with pytest.raises(OperatorError, match=r"'bad' of fairlead\.packs gives int, not a Pack"):
        load_packs()
    installed(one=at("refuses"))
    with pytest.raises(OperatorError, match="SOME_VARIABLE is wrong"):
        load_packs()


def test_a_pack_that_is_not_there(installed):
    installed(one="no_such_module_here:pack")
    with pytest.raises(OperatorError, match="pack 'one' cannot be loaded"):
        load_packs()
    with pytest.raises(OperatorError, match="pack 'two' is not installed; there are: one"):
        load_packs(["two"])
    installed(one="json:no_such_name")
    with pytest.raises(OperatorError, match="pack 'one' cannot be loaded"):
        load_packs()
