"""Accounts: who may sign in, by password or elsewhere, and the sessions that follow."""

import hashlib
import hmac
import secrets
from datetime import timedelta

import structlog

from fairlead.errors import Conflict, InvalidInput, NotFound, Unauthorized
from fairlead.model.clock import Clock, NewId
from fairlead.model.person import AuditEntry, Person, PersonSession, Role
from fairlead.people.attempts import Attempts
from fairlead.people.passwords import Passwords
from fairlead.settings import Settings
from fairlead.store import audit, people
from fairlead.store.database import Database, Tx
from fairlead.vault.tokens import hash_token, same_token

log = structlog.get_logger(__name__)

#: how exactly the last use of a session is known
_SEEN_EVERY = timedelta(minutes=1)
_SET_UP = b"first account of the dashboard"


class Accounts:
    """Makes and ends accounts, and lets their people in."""

    def __init__(self, db: Database, settings: Settings, clock: Clock, new_id: NewId) -> None:
        self._db = db
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._passwords = Passwords()
        self._attempts = Attempts(clock)

    async def everybody(self) -> list[Person]:
        """Return all people, by e-mail."""
        async with self._db.read() as tx:
            return await people.list_all(tx)

    async def is_new(self) -> bool:
        """Say whether nobody can sign in yet."""
        async with self._db.read() as tx:
            return await people.count(tx) == 0

    def set_up_token(self) -> str:
        """Return what lets whoever sees the server's output make the first account.

        It follows from the encryption key, so every process knows it; it is worth nothing once
        there is an account.
        """
        key = self._settings.encryption_key
        assert key is not None
        return hmac.new(key.get_secret_value().encode(), _SET_UP, hashlib.sha256).hexdigest()[:40]

    async def set_up(self, token: str, *, email: str, name: str, password: str) -> Person:
        """Make the first account, an admin's; Unauthorized for another token, Conflict if late."""
        if not same_token(token, self.set_up_token()):
            raise Unauthorized("This link is not the one that the server printed.", code="bad_link")
        password_hash = await self._passwords.hashed(password)
        async with self._db.write() as tx:
            if await people.count(tx):
                raise Conflict("There is an account already; sign in, or ask an admin for one.")
            made = await self._add(
                tx, email=email, name=name, role=Role.ADMIN, password_hash=password_hash
            )
        await self.note(None, made.email, "set up the first account")
        return made

    async def add(
        self, *, email: str, name: str, role: Role, password: str | None, subject: str | None = None
    ) -> Person:
        """Add somebody; Conflict if the e-mail is taken, InvalidInput for a weak password."""
        password_hash = await self._passwords.hashed(password) if password is not None else None
        async with self._db.write() as tx:
            return await self._add(
                tx, email=email, name=name, role=role, password_hash=password_hash, subject=subject
            )

    async def _add(
        self,
        tx: Tx,
        *,
        email: str,
        name: str,
        role: Role,
        password_hash: str | None,
        subject: str | None = None,
    ) -> Person:
        made = await people.add(
            tx,
            email=email.strip().lower(),
            name=name.strip() or email.strip(),
            role=role,
            password_hash=password_hash,
            subject=subject,
            now=self._clock.now(),
        )
        if made is None:
            raise Conflict(f"There is an account for {email.strip().lower()} already.")
        return made

    async def change(
        self,
        number: int,
        *,
        name: str | None = None,
        role: Role | None = None,
        password: str | None = None,
    ) -> Person:
        """Change somebody; a new password or role signs them out everywhere.

        NotFound; Conflict for the last admin's role.
        """
        columns: dict[str, object] = {"name": name.strip()} if name and name.strip() else {}
        if password is not None:
            columns["password_hash"] = await self._passwords.hashed(password)
        if role is not None:
            columns["role"] = role.value
        if not columns:
            raise InvalidInput("Name at least one of name, role and password.")
        async with self._db.write() as tx:
            before = await people.find(tx, number)
            if before is None:
                raise NotFound("There is no such person.")
            if role is not None and role is not before.role:
                await self._check_last(tx, before)
            if password is not None or (role is not None and role is not before.role):
                await people.end_sessions(tx, number)
            changed = await people.change(tx, number, **columns)
        assert changed is not None
        return changed

    async def remove(self, number: int) -> Person:
        """Remove somebody and sign them out; NotFound, Conflict for the last admin."""
        async with self._db.write() as tx:
            person = await people.find(tx, number)
            if person is None:
                raise NotFound("There is no such person.")
            await self._check_last(tx, person)
            await people.remove(tx, number)
        return person

    async def _check_last(self, tx: Tx, person: Person) -> None:
        if person.role is Role.ADMIN and await people.admins(tx) == 1:
            raise Conflict("This is the last admin; make somebody else one first.")

    async def sign_in(self, email: str, password: str, address: str) -> tuple[Person, str]:
        """Return who it is, and a new session's token; Unauthorized, TooManyAttempts (429)."""
        email = email.strip().lower()
        self._attempts.check(email, address)
        async with self._db.read() as tx:
            person = await people.by_email(tx, email)
        stored = person.password_hash if person else None
        if not await self._passwords.matches(password, stored) or person is None:
            self._attempts.failed(email, address)
            log.warning("sign-in refused", email=email, address=address)
            raise Unauthorized("E-mail or password is wrong.", code="wrong_password")
        self._attempts.succeeded(email)
        return person, await self.open_session(person, "signed in with a password")

    async def open_session(self, person: Person, how: str) -> str:
        """Sign somebody in; return the session's token, which is told this once."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session = PersonSession(
            token_hash=hash_token(token),
            person_id=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=self._settings.sign_in_hours),
        )
        async with self._db.write() as tx:
            await people.purge_sessions(tx, now)
            await people.add_session(tx, session)
            await people.change(tx, person.id, signed_in_at=now)
        await self.note(None, person.email, how)
        return token

    async def who(self, token: str) -> Person | None:
        """Return whose session it is; None if it is over, or was idle for too long."""
        now, token_hash = self._clock.now(), hash_token(token)
        async with self._db.glance() as tx:
            found = await people.find_session(tx, token_hash)
        if found is None:
            return None
        session, person = found
        idle = timedelta(minutes=self._settings.sign_in_idle_minutes)
        if session.expires_at <= now or session.seen_at + idle <= now:
            await self.sign_out(token)
            return None
        if now - session.seen_at >= _SEEN_EVERY:
            async with self._db.write() as tx:
                await people.touch_session(tx, token_hash, now)
        return person

    async def sign_out(self, token: str) -> None:
        """End a session."""
        async with self._db.write() as tx:
            await people.end_session(tx, hash_token(token))

    async def note(
        self,
        environment_id: int | None,
        who: str,
        what: str,
        detail: dict[str, object] | None = None,
    ) -> None:
        """Write an entry of the audit log."""
        entry = AuditEntry(
            id=self._new_id(),
            environment_id=environment_id,
            at=self._clock.now(),
            who=who,
            what=what,
            detail=detail,
        )
        async with self._db.write() as tx:
            await audit.note(tx, entry)

    async def tidy(self) -> None:
        """Delete sessions that are over, and entries of the audit log that are old."""
        now = self._clock.now()
        async with self._db.write() as tx:
            await people.purge_sessions(tx, now)
            await audit.purge(tx, now - timedelta(days=self._settings.audit_days))
