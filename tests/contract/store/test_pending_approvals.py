"""What waits for an administrator: one a connection, found by either secret, until its time is over."""

from datetime import timedelta

from store_world import NOW, World

from fairlead.model.connect_session import ConnectSession, EndUser
from fairlead.model.credentials import SealedCredentials
from fairlead.model.pending_approval import PendingApproval
from fairlead.store import connection_tokens, pending_approvals


def pending(world: World, number: int, connection_id: str = "c9") -> PendingApproval:
    session = ConnectSession(
        id=f"s{number}",
        environment_id=world.environment.id,
        token_hash=f"t{number}",
        end_user=EndUser(id="u1", tags={"a": "b"}),
        allowed_integrations=("acme",),
        tags={"k": "v"},
        created_at=NOW,
        expires_at=NOW,
    )
    return PendingApproval(
        id=f"p{world.environment.id}-{number}",
        environment_id=world.environment.id,
        integration_key="acme",
        connection_id=connection_id,
        token_hash=f"h{world.environment.id}-{number}",
        admin_url="https://login.example/admin",
        session=session,
        connection_config={"tenant": "t1"},
        created_at=NOW + timedelta(seconds=number),
        expires_at=NOW + timedelta(days=number),
    )


async def test_life(world: World) -> None:
    first, second, other = (
        pending(world, 1),
        pending(world, 2),
        pending(world, 3, "c8"),
    )
    async with world.db.write() as tx:
        for each in (first, second, other):
            await pending_approvals.insert(tx, each)
    async with world.db.write() as tx:
        assert await pending_approvals.by_id(tx, first.id) is None
        assert await pending_approvals.by_id(tx, second.id) == second
        assert await pending_approvals.by_token_hash(tx, other.token_hash) == other
        listed = await pending_approvals.list_all(tx, world.environment.id, NOW)
        assert listed == [other, second]
        await pending_approvals.approve(tx, other.id, NOW)
        found = await pending_approvals.by_id(tx, other.id)
        assert found is not None
        assert found.approved_at == NOW
        await pending_approvals.purge_expired(tx, NOW + timedelta(days=2))
        assert await pending_approvals.by_id(tx, second.id) is None
        await pending_approvals.forget(tx, world.environment.id, "acme", "c8")
        assert await pending_approvals.list_all(tx, world.environment.id, NOW) == []


async def test_a_token_of_a_further_api_is_replaced(world: World) -> None:
    host = "https://further.example"
    async with world.db.write() as tx:
        assert await connection_tokens.find(tx, world.pk, host) is None
        for envelope in (b"1", b"2"):
            sealed = SealedCredentials(envelope=envelope, expires_at=NOW)
            await connection_tokens.put(tx, world.pk, host, sealed, NOW)
        assert await connection_tokens.find(tx, world.pk, host) == sealed
        assert await connection_tokens.find(tx, world.pk, "https://other.example") is None


async def test_an_app_is_tried_by_one_at_a_time_until_it_is_connected(world: World) -> None:
    app = pending(world, 1, "app").model_copy(update={"envelope": b"sealed", "tried_at": NOW})
    person = pending(world, 2, "person")
    later = NOW + timedelta(minutes=5)
    async with world.db.write() as tx:
        for each in (app, person):
            await pending_approvals.insert(tx, each)
        mine = [one for one in await pending_approvals.apps(tx, NOW) if one.id == app.id]
        assert mine == [app]
        assert await pending_approvals.claim(tx, app, later)
        # who looked before does not come second
        assert not await pending_approvals.claim(tx, app, later)
        for each in (app, person):
            await pending_approvals.finish(
                tx, world.environment.id, "acme", each.connection_id, later
            )
        assert await pending_approvals.list_all(tx, world.environment.id, NOW) == []
        assert app.id not in {one.id for one in await pending_approvals.apps(tx, NOW)}
        # the browser of whoever filled it in may still ask; the secret is gone
        done = await pending_approvals.by_token_hash(tx, app.token_hash)
        assert done is not None
        assert (done.envelope, done.done_at) == (None, later)
        assert await pending_approvals.by_id(tx, person.id) is None
        assert not await pending_approvals.claim(tx, done, later)
