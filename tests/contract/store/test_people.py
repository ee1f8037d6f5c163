"""People, their sessions and the audit log, in both databases."""

from datetime import UTC, datetime, timedelta

from fairlead.model.person import AuditEntry, PersonSession, Role
from fairlead.store import audit, people
from fairlead.store.database import Database

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


async def test_people_and_their_sessions(database: Database) -> None:
    async with database.write() as tx:
        ada = await people.add(
            tx, email="ada@example.com", name="Ada", role=Role.ADMIN, password_hash="h", now=NOW
        )
        assert ada
        again = await people.add(
            tx, email="ada@example.com", name="A", role=Role.VIEWER, password_hash=None, now=NOW
        )
        assert again is None
        eve = await people.add(
            tx,
            email="eve@example.com",
            name="Eve",
            role=Role.VIEWER,
            password_hash=None,
            subject="issuer|1",
            now=NOW,
        )
        assert eve
    async with database.write() as tx:
        for token, person, hours in (("a", ada, 1), ("b", ada, 9), ("c", eve, 9)):
            session = PersonSession(
                token_hash=token,
                person_id=person.id,
                created_at=NOW,
                seen_at=NOW,
                expires_at=NOW + timedelta(hours=hours),
            )
            await people.add_session(tx, session)
        assert await people.purge_sessions(tx, NOW + timedelta(hours=1)) == 1
        await people.touch_session(tx, "b", NOW + timedelta(minutes=5))
        found = await people.find_session(tx, "b")
        assert found
        assert (found[0].seen_at, found[1]) == (NOW + timedelta(minutes=5), ada)
        assert await people.by_subject(tx, "issuer|1") == eve
        assert await people.admins(tx) == 1
        assert await people.count(tx) == 2
        assert await people.change(tx, 99, name="nobody") is None
        # who goes takes their sessions along
        assert await people.remove(tx, eve.id)
        assert not await people.remove(tx, eve.id)
        assert await people.find_session(tx, "c") is None
        await people.end_sessions(tx, ada.id)
        assert await people.find_session(tx, "b") is None


async def test_the_audit_log(database: Database) -> None:
    entries = [
        AuditEntry(
            id=str(number),
            environment_id=where,
            at=NOW + timedelta(minutes=number),
            who=who,
            what="POST /x",
            detail={"name": "n"} if number else None,
        )
        for number, (where, who) in enumerate([(1, "a"), (None, "a"), (2, "b"), (1, "b")])
    ]
    async with database.write() as tx:
        for entry in entries:
            await audit.note(tx, entry)
    async with database.read() as tx:
        mine = await audit.list_for(tx, 1, with_server=False)
        assert mine == [entries[3], entries[0]]
        assert await audit.list_for(tx, 1, with_server=True, limit=2) == [entries[3], entries[1]]
        assert await audit.list_for(tx, 1, with_server=True, who="a", before=entries[1].at) == [
            entries[0]
        ]
    async with database.write() as tx:
        assert await audit.purge(tx, NOW + timedelta(minutes=2)) == 2
