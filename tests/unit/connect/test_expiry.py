"""Alarms before a secret or a pasted statement ends, and the end of replaced keys; by a fake clock."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from fairlead.connect.app_keys import AppKeys
from fairlead.connect.expiry import ExpiryWatch
from fairlead.connect.fields import two_step_credentials
from fairlead.model.app_key import KeyState
from fairlead.model.clock import new_id
from fairlead.model.credentials import ClientCredentials
from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead.store import app_keys, integrations

DAY = timedelta(days=1)
PASTED = Provider(
    name="pasted",
    display_name="Pasted",
    auth_mode=AuthMode.TWO_STEP,
    base_url="https://api.pasted.example",
    token_url="https://login.pasted.example/token",
    credential_fields={
        "clientId": ConfigField(title="Client ID"),
        "assertion": ConfigField(title="Assertion", required=False, secret=True),
    },
    client_id_field="clientId",
    assertion_field="assertion",
    token_params={"client_assertion": "${credentials.assertion}"},
)
SIGNING = replace(PASTED, name="signing", auth_mode=AuthMode.OAUTH2_CC, credential_fields={})


@pytest.fixture
async def world(sqlite, make_world):
    return await make_world(sqlite, PASTED, SIGNING)


@pytest.fixture
def watch(world):
    return ExpiryWatch(world.db, world.vault, world.registry, world.clock, new_id)


async def alarms(world, watch, days):
    """Let days go by, look twice, and return the alarms: days left -> what the product is told."""
    world.clock.advance(days * DAY)
    await watch.look()
    await watch.look()
    told = [event.payload for event in await world.events()]
    return {payload["expiry"]["daysLeft"]: payload for payload in told}


async def integration(world, key):
    async with world.db.read() as tx:
        return await integrations.find(tx, world.vault, world.environment.id, key)


async def test_a_client_secret_whose_end_was_declared(world, watch):
    known = await integration(world, "signing")
    async with world.db.write() as tx:
        ends_at = world.clock.now() + 40 * DAY
        changes = {"client_secret_expires_at": ends_at}
        await integrations.update(tx, world.vault, known, changes=changes, now=world.clock.now())
    seen = []
    for days, left in ((9, None), (1, 30), (5, None), (11, 14), (7, 7), (6, 1), (1, 0), (9, None)):
        told = await alarms(world, watch, days)
        assert list(told) == ([] if left is None else [left]), (days, left)
        seen += told.values()
    assert {payload["error"]["type"] for payload in seen} == {"client_secret_expires"}
    assert {payload["connectionId"] for payload in seen} == {None}
    first, last = seen[0]["error"]["description"], seen[-1]["error"]["description"]
    assert f"ends on {ends_at:%Y-%m-%d}" in first
    assert "must make a new one at the vendor and set it here" in first
    assert "ended on" in last
    [warning] = (await integration(world, "signing")).warnings
    assert (warning.kind, warning.expires_at) == ("client_secret", ends_at)
    # a new one is set: the warning goes without a word
    async with world.db.write() as tx:
        changes = {"client_secret_expires_at": world.clock.now() + 400 * DAY}
        await integrations.update(tx, world.vault, known, changes=changes, now=world.clock.now())
    assert await alarms(world, watch, 0) == {}
    assert (await integration(world, "signing")).warnings == ()


async def test_an_apps_own_secret_whose_end_was_declared(world, watch):
    made = await world.connect(
        ClientCredentials(
            token=SecretStr(""),
            client_id="a",
            client_secret=SecretStr("s"),
            proof_expires_at=world.clock.now() + 8 * DAY,
        ),
        key="signing",
    )
    [told] = (await alarms(world, watch, 1)).values()
    assert (told["connectionId"], told["expiry"]["daysLeft"]) == (made.connection_id, 7)
    assert told["error"]["type"] == "client_secret_expires"
    [warning] = (await world.read(made)).warnings
    assert warning.kind == "client_secret"


def statement(ends_at):
    claims = json.dumps({"exp": int(ends_at.timestamp())}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


async def test_a_pasted_statement_ends_when_it_says_so(world, watch):
    now = world.clock.now()
    given = {"clientId": "app", "assertion": statement(now + 10 * DAY)}
    made = await world.connect(two_step_credentials(PASTED, given, now), key="pasted")
    [told] = (await alarms(world, watch, 0)).values()
    assert (told["type"], told["success"], told["connectionId"]) == ("auth", False, "c1")
    assert told["error"]["type"] == "assertion_expires"
    assert "connect again, best with a certificate" in told["error"]["description"]
    assert told["expiry"]["daysLeft"] == 10
    assert (await world.read(made)).warnings[0].kind == "assertion"
    assert list(await alarms(world, watch, 4)) == [6]
    assert list(await alarms(world, watch, 7)) == [0]
    # connected again with one that tells no end
    again = {"clientId": "app", "assertion": "not.a.statement"}
    await world.connect(two_step_credentials(PASTED, again, now), key="pasted")
    assert await alarms(world, watch, 0) == {}
    assert (await world.read(made)).warnings == ()


async def test_a_replaced_key_is_destroyed_a_week_after_it_last_signed(world):
    keys = AppKeys(world.db, world.vault, world.registry, world.freshener, world.clock, new_id)
    signing = await integration(world, "signing")
    first = await keys.make(signing)
    await keys.switch_to(signing, first.id, force=True)
    second = await keys.make(signing)
    await keys.switch_to(signing, second.id, force=True)

    async def states():
        found = {key.id: key.state for key in await keys.all_of(signing)}
        return found[first.id], found[second.id]

    assert await states() == (KeyState.PREVIOUS, KeyState.ACTIVE)
    world.clock.advance(6 * DAY)
    assert await keys.retire_replaced() == 0
    # somebody fell back on it: the week begins anew
    async with world.db.write() as tx:
        await app_keys.change(tx, first.id, used_at=world.clock.now())
    world.clock.advance(6 * DAY)
    assert await keys.retire_replaced() == 0
    world.clock.advance(DAY)
    assert await keys.retire_replaced() == 1
    assert await states() == (KeyState.RETIRED, KeyState.ACTIVE)
    async with world.db.read() as tx:
        left = await app_keys.usable(tx, world.vault, signing.id, None)
    assert [key.id for key in left] == [second.id]
    assert await keys.retire_replaced() == 0
