"""Connect sessions, and trips that are claimed once."""

import asyncio
from datetime import timedelta

from pydantic import SecretStr
from store_world import NOW, World

from fairlead.connect.session_intake import SessionIntake
from fairlead.errors import NotFound
from fairlead.model.clock import ManualClock
from fairlead.model.connect_session import (
    ConnectSession,
    EndUser,
    IntegrationDefaults,
    OAuthState,
    Organization,
)
from fairlead.store import connect_sessions

AGE = timedelta(minutes=30)


def session(world: World, name: str = "s1") -> ConnectSession:
    return ConnectSession(
        id=name,
        environment_id=world.environment.id,
        token_hash=f"hash-{name}",
        end_user=EndUser(id="u", email="e@x", tags={"a": "b"}, organization=Organization(id="o")),
        allowed_integrations=("acme", "other"),
        defaults={
            "acme": IntegrationDefaults(
                user_scopes="x", authorization_params={"prompt": ""}, connection_config={"n": 1}
            )
        },
        overrides={"acme": {"docs_connect": "https://docs"}},
        tags={"k": "v"},
        webhook_url_override="https://hook",
        connection_id="c1",
        created_at=NOW,
        expires_at=NOW + AGE,
    )


def state(world: World, name: str = "t1") -> OAuthState:
    return OAuthState(
        id=name,
        environment_id=world.environment.id,
        integration_key="acme",
        connect_session_id="s1",
        connection_id="c1",
        code_verifier=SecretStr("v3rifier"),
        redirect_uri="https://here/oauth/callback",
        connection_config={"tenant": "t", "deep": {"x": [1]}},
        authorization_params={"scope": "a b"},
        ws_client_id="ws",
        created_at=NOW,
        expires_at=NOW + AGE,
    )


async def test_session_round_trip(world: World) -> None:
    full = session(world)
    bare = ConnectSession(
        id="s2",
        environment_id=world.environment.id,
        token_hash="hash-bare",
        created_at=NOW,
        expires_at=NOW + AGE,
    )
    async with world.db.write() as tx:
        await connect_sessions.insert(tx, full)
        await connect_sessions.insert(tx, bare)
    async with world.db.read() as tx:
        assert await connect_sessions.find_by_token_hash(tx, "hash-s1") == full
        assert await connect_sessions.find_by_token_hash(tx, "hash-bare") == bare
        assert await connect_sessions.find(tx, "s1") == full
        assert await connect_sessions.find_by_token_hash(tx, "nope") is None
        assert await connect_sessions.find(tx, "nope") is None
    for is_there in (True, False):
        async with world.db.write() as tx:
            assert await connect_sessions.delete(tx, "s1") is is_there


async def test_state_round_trip_once(world: World) -> None:
    async with world.db.write() as tx:
        await connect_sessions.insert_state(tx, world.vault, state(world))
    async with world.db.write() as tx:
        assert await connect_sessions.claim_state(tx, world.vault, "t1") == state(world)
        assert await connect_sessions.claim_state(tx, world.vault, "t1") is None
        assert await connect_sessions.claim_state(tx, world.vault, "forged") is None


async def test_of_many_who_claim_a_state_one_gets_it(world: World) -> None:
    async with world.db.write() as tx:
        await connect_sessions.insert_state(tx, world.vault, state(world))

    async def claim() -> OAuthState | None:
        async with world.db.write() as tx:
            return await connect_sessions.claim_state(tx, world.vault, "t1")

    claimed = await asyncio.gather(*(claim() for _ in range(8)))
    assert [found for found in claimed if found] == [state(world)]


async def test_purge_takes_what_is_over(world: World) -> None:
    async with world.db.write() as tx:
        await connect_sessions.insert(tx, session(world))
        await connect_sessions.insert_state(tx, world.vault, state(world))
    async with world.db.write() as tx:
        assert await connect_sessions.purge_expired(tx, NOW + AGE / 2) == 0
        assert await connect_sessions.purge_expired(tx, NOW + AGE) == 2
        assert await connect_sessions.find(tx, "s1") is None


async def test_sessions_that_come_together_are_all_kept(world: World) -> None:
    intake = SessionIntake(world.db, ManualClock(NOW))
    sessions = [session(world, f"s{index}") for index in range(40)]
    first = asyncio.create_task(intake.keep(sessions[0]))
    others = [asyncio.create_task(intake.keep(each)) for each in sessions[1:]]
    await asyncio.sleep(0)
    # one of the callers goes away; the others, and its own session, are kept all the same
    others[3].cancel()
    await asyncio.gather(first, *others, return_exceptions=True)
    async with world.db.read() as tx:
        found = [await connect_sessions.find(tx, each.id) for each in sessions]
    assert found == sessions


async def test_a_session_of_a_gone_environment_fails_alone(world: World) -> None:
    intake = SessionIntake(world.db, ManualClock(NOW))
    orphan = session(world, "lost").model_copy(update={"environment_id": 4711})
    lost, kept = await asyncio.gather(
        intake.keep(orphan), intake.keep(session(world)), return_exceptions=True
    )
    assert isinstance(lost, NotFound)
    assert kept is None
    # and the next one is not held up by what failed
    await intake.keep(session(world, "s2"))
    async with world.db.read() as tx:
        assert await connect_sessions.find(tx, "s2") is not None


async def test_old_sessions_go_when_new_ones_come(world: World) -> None:
    clock = ManualClock(NOW)
    intake = SessionIntake(world.db, clock)
    await intake.keep(session(world))
    clock.advance(AGE + timedelta(hours=1))
    later = session(world, "s2").model_copy(update={"expires_at": clock.now() + AGE})
    await intake.keep(later)
    async with world.db.read() as tx:
        assert await connect_sessions.find(tx, "s1") is None
        assert await connect_sessions.find(tx, "s2") == later
