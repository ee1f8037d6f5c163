"""Queries about people, and the browsers they are signed in with."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from fairlead.model.person import Person, PersonSession, Role
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.people_tables import people, person_sessions


def _person(row: Row[Any]) -> Person:
    return Person(**columns_of(row))


async def count(tx: Tx) -> int:
    """Return how many people there are."""
    return int(await tx.scalar(select(func.count()).select_from(people)))


async def list_all(tx: Tx) -> list[Person]:
    """Return everybody, by e-mail."""
    return [_person(row) for row in await tx.all(select(people).order_by(people.c.email))]


async def find(tx: Tx, number: int) -> Person | None:
    """Return the person with this number."""
    row = await tx.first(select(people).where(people.c.id == number))
    return row and _person(row)


async def by_email(tx: Tx, email: str) -> Person | None:
    """Return the person with this e-mail (lower case)."""
    row = await tx.first(select(people).where(people.c.email == email))
    return row and _person(row)


async def by_subject(tx: Tx, subject: str) -> Person | None:
    """Return the person whom the identity provider knows by this."""
    row = await tx.first(select(people).where(people.c.subject == subject))
    return row and _person(row)


async def add(
    tx: Tx,
    *,
    email: str,
    name: str,
    role: Role,
    password_hash: str | None,
    subject: str | None = None,
    now: datetime,
) -> Person | None:
    """Add somebody; None if that e-mail is taken."""
    row = await tx.first(
        dialect.insert(tx, people)
        .values(
            email=email,
            name=name,
            role=role.value,
            password_hash=password_hash,
            subject=subject,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(people)
    )
    return row and _person(row)


async def change(tx: Tx, number: int, **columns: Any) -> Person | None:
    """Change columns of somebody; None if they are gone."""
    row = await tx.first(
        update(people).where(people.c.id == number).values(**columns).returning(people)
    )
    return row and _person(row)


async def admins(tx: Tx) -> int:
    """Return how many may do everything."""
    query = select(func.count()).select_from(people).where(people.c.role == Role.ADMIN.value)
    return int(await tx.scalar(query))


async def remove(tx: Tx, number: int) -> bool:
    """Remove somebody, and sign them out; False if they are gone."""
    return await tx.count(delete(people).where(people.c.id == number)) > 0


async def add_session(tx: Tx, session: PersonSession) -> None:
    """Keep a new session."""
    await tx.execute(insert(person_sessions).values(**session.model_dump()))


async def find_session(tx: Tx, token_hash: str) -> tuple[PersonSession, Person] | None:
    """Return the session with this hash, and whose it is."""
    row = await tx.first(select(person_sessions).where(person_sessions.c.token_hash == token_hash))
    person = row and await find(tx, row.person_id)
    return (PersonSession(**columns_of(row)), person) if row and person else None


async def touch_session(tx: Tx, token_hash: str, now: datetime) -> None:
    """Note that a session is in use."""
    of_it = person_sessions.c.token_hash == token_hash
    await tx.execute(update(person_sessions).where(of_it).values(seen_at=now))


async def end_session(tx: Tx, token_hash: str) -> None:
    """End one session."""
    await tx.execute(delete(person_sessions).where(person_sessions.c.token_hash == token_hash))


async def end_sessions(tx: Tx, person_id: int) -> None:
    """End every session of somebody."""
    await tx.execute(delete(person_sessions).where(person_sessions.c.person_id == person_id))


async def purge_sessions(tx: Tx, now: datetime) -> int:
    """Delete sessions that are over; return how many."""
    return await tx.count(delete(person_sessions).where(person_sessions.c.expires_at <= now))
