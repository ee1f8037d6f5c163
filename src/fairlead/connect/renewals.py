"""What a process remembers of the credentials it renews, each kind under a key of its own.

A key is a connection and the origin of an API, "" for the connection's main credentials. Renewals
of one key run one at a time; what they give is remembered for a moment, their failures a little
longer: whatever may heal is asked for again after half a minute, what is final ever more rarely.
"""

import asyncio
from collections.abc import Callable, Coroutine
from copy import copy
from datetime import timedelta
from typing import Any

from fairlead.connect.remembered import Remembered
from fairlead.connect.validity import is_due, renewal_at, token_of
from fairlead.errors import FairleadError, Throttled
from fairlead.model.clock import Clock
from fairlead.model.credentials import Credentials
from fairlead.vault import same_token

#: after a failure the vendor is left alone for so long
BACK_OFF = timedelta(seconds=30)
#: ... and at most for so long, after many final ones or when the vendor says so
LONGEST_BACK_OFF = timedelta(minutes=5)
CACHED_FOR = timedelta(seconds=30)
#: a token that is refused (401) so soon after a renewal for that reason is not the trouble
NOT_AGAIN_FOR = timedelta(seconds=60)
#: failures that lie further apart are not of one row
_ROW_ENDS_AFTER = timedelta(hours=1)

Key = tuple[int, str]


class Renewals:
    """Credentials, failures and renewals under way, of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[Key, asyncio.Task[Credentials]] = {}
        self._cache: Remembered[Credentials] = Remembered()
        self._failures: Remembered[FairleadError] = Remembered()
        #: final failures in a row
        self._in_a_row: Remembered[int] = Remembered()
        #: tokens that came from a renewal after a 401, with the claims that were asked for
        self._after_401: Remembered[tuple[str, str]] = Remembered()
        #: how often something was forgotten: what was read before that is not remembered
        self.forgettings = 0

    def cached(self, key: Key) -> Credentials | None:
        """Return credentials that were good a moment ago."""
        return self._cache.get(key, self._clock.now())

    def remember(self, key: Key, credentials: Credentials, forgettings: int) -> Credentials:
        """Keep credentials for a moment, unless something was forgotten since they were read."""
        if forgettings == self.forgettings:
            until = self._clock.now() + CACHED_FOR
            due_at = renewal_at(credentials)
            self._cache.put(key, credentials, until if due_at is None else min(until, due_at))
        return credentials

    def must_renew(
        self, key: Key, stored: Credentials, after_401_of: str | None, claims: str
    ) -> bool:
        """Are they due, or just refused, and not renewed for that very reason a moment ago?"""
        now, token = self._clock.now(), token_of(stored)
        if is_due(stored, now):
            return True
        if after_401_of is None or not same_token(token, after_401_of):
            return False
        return self._after_401.get(key, now) != (token, claims)

    def renewed_after_401(self, key: Key, renewed: Credentials, claims: str) -> None:
        """Note that these came because others were refused."""
        until = self._clock.now() + NOT_AGAIN_FOR
        self._after_401.put(key, (token_of(renewed), claims), until)

    def failure(self, key: Key) -> FairleadError | None:
        """Return why renewing failed, while the vendor is to be left alone."""
        return self._failures.get(key, self._clock.now())

    def failed(self, key: Key, error: FairleadError) -> None:
        """Note a failure."""
        now, pause = self._clock.now(), BACK_OFF
        if not error.retryable:
            before = self._in_a_row.get(key, now) or 0
            self._in_a_row.put(key, before + 1, now + _ROW_ENDS_AFTER)
            pause = BACK_OFF * 2 ** min(before, 10)
        elif isinstance(error, Throttled) and error.retry_after is not None:
            pause = max(pause, timedelta(seconds=min(error.retry_after, 86_400.0)))
        self._failures.put(key, copy(error), now + min(pause, LONGEST_BACK_OFF))

    def succeeded(self, key: Key) -> None:
        """Note that renewing works."""
        self._failures.forget(key)
        self._in_a_row.forget(key)

    async def once(
        self, key: Key, renew: Callable[[], Coroutine[Any, Any, Credentials]]
    ) -> Credentials:
        """Renew, or wait for the renewal that is under way; all who wait get what it gives."""
        task = self._running.get(key)
        if task is None:
            # a task of its own: a caller who goes away must not lose a new refresh token
            task = asyncio.create_task(renew())
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            return await asyncio.shield(task)
        except FairleadError as error:
            # a copy: one exception raised in many tasks would collect all their tracebacks
            raise copy(error) from error

    def forget(self, pk: int) -> None:
        """Drop everything remembered of a connection: it was replaced, changed or deleted."""
        self.forgettings += 1
        for remembered in (self._cache, self._failures, self._in_a_row, self._after_401):
            remembered.forget_all(lambda key: isinstance(key, tuple) and key[0] == pk)

    async def close(self) -> None:
        """Wait for renewals that are under way: their new tokens must be kept."""
        while self._running:
            await asyncio.wait(list(self._running.values()))
            await asyncio.sleep(0)
