"""Running a function: input, context, output."""

from typing import Any

import pytest

from fairlead.errors import (
    ActionFailed,
    AuthorError,
    FairleadError,
    InvalidInput,
    MissingScope,
    OutputInvalid,
    Rejected,
)
from fairlead.sdk import ActionError, Ctx, Pack, Record, dump_output, validate_input
from fairlead.sdk.testing import Replay, run_action

SOURCE = "https://vendor.example/docs"


class Thing(Record):
    id: str
    long_name: str | None = None
    fields: dict[str, Any] | None = None


pack: Pack[str] = Pack("vendor", api=lambda send, config: config.get("host", "nowhere"))


@pack.action(scopes=[], source=SOURCE)
async def echo(ctx: Ctx[str], site_id: str, count: int = 1) -> Thing:
    """Echo."""
    if site_id == "refuse":
        raise ActionError("No such site.", code="unknown_site", payload={"site": site_id})
    if site_id == "wrong":
        return {"name": "no id"}  # type: ignore[return-value]
    if site_id == "unchecked":
        return Thing.model_construct(id=3)  # type: ignore[arg-type]
    return Thing(id=f"{site_id}*{count}@{ctx.api}", fields={"Title": None, "n": 1})


ECHO = pack.actions["echo"]


@pytest.mark.parametrize("raw", [{"siteId": "s", "count": 2}, {"site_id": "s", "count": 2}])
async def test_both_spellings_of_an_input_are_read(raw):
    result = await run_action(pack, "echo", raw, Replay([]), connection_config={"host": "h"})
    assert result == {"id": "s*2@h", "fields": {"Title": None, "n": 1}}


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        ({"siteId": "s", "colour": 1}, "extra_forbidden", ["colour"]),
        ({"siteId": "s", "site_id": "t"}, "extra_forbidden", ["site_id"]),
        ({}, "missing", ["siteId"]),
        (None, "missing", ["siteId"]),
        ({"siteId": 7}, "string_type", ["siteId"]),
        ({"siteId": "s", "count": "many"}, "int_parsing", ["count"]),
        ([], "model_type", []),
        ("text", "model_type", []),
    ],
)
def test_wrong_input_lists_the_problems(raw, code, path):
    with pytest.raises(InvalidInput) as told:
        validate_input(ECHO, raw)
    assert told.value.code == "invalid_action_input"
    assert [(issue["code"], issue["path"]) for issue in told.value.issues] == [(code, path)]
    assert "echo" in told.value.message


def test_wrong_input_is_not_repeated_in_the_message():
    with pytest.raises(InvalidInput) as told:
        validate_input(ECHO, {"siteId": {"password": "hunter2"}})
    assert "hunter2" not in str(told.value)
    assert "hunter2" not in str(told.value.issues)


async def test_a_refusal_reaches_the_caller():
    with pytest.raises(ActionFailed) as told:
        await run_action(pack, "echo", {"siteId": "refuse"}, Replay([]))
    assert (told.value.code, told.value.payload) == ("unknown_site", {"site": "refuse"})


@pack.action(scopes=["Things.Read", "Things.Share"], source=SOURCE)
async def share(ctx: Ctx[str], kind: str) -> Thing:
    """Share."""
    if kind == "scope":
        raise MissingScope("It lacks a permission.")
    raise Rejected("No.", provider_status=int(kind))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("403", "No. share needs Things.Read and Things.Share."),
        ("scope", "It lacks a permission. share needs Things.Read and Things.Share."),
        ("404", "No."),
    ],
)
async def test_a_refusal_of_the_vendor_names_the_permissions(kind, message):
    with pytest.raises(FairleadError) as told:
        await run_action(pack, "share", {"kind": kind}, Replay([]))
    assert (told.value.message, str(told.value)) == (message, message)


@pytest.mark.parametrize("kind", ["wrong", "unchecked"])
async def test_wrong_output_is_the_authors(kind):
    with pytest.raises(OutputInvalid, match="echo returned what"):
        await run_action(pack, "echo", {"siteId": kind}, Replay([]))


def test_output_without_json_form_is_the_authors():
    with pytest.raises(OutputInvalid):
        dump_output(ECHO, Thing(id="1", fields={"x": object()}))


async def test_unknown_action_is_told():
    with pytest.raises(AuthorError, match="no action nothing"):
        await run_action(pack, "nothing", {}, Replay([]))
