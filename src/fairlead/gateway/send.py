"""The only function by which a provider request leaves: authorised, renewed, retried, streamed."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from operator import is_

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.validity import token_of
from fairlead.errors import Unavailable
from fairlead.gateway.authorise import Target, authorise, provider_headers, target_of
from fairlead.gateway.needs import Needs, ScopeCheck
from fairlead.gateway.pauses import Pauses
from fairlead.http import Transport, asked_wait, backoff, is_used_up, redact_url, retry_delay
from fairlead.http.retry import IDEMPOTENT
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.model.exchange import FixedHeaders, OnWait, Request, Response, Send
from fairlead.model.provider import Provider, Reply
from fairlead.oauth import claims_of
from fairlead.sdk.registry import Registry

log = structlog.get_logger(__name__)

FUNCTION_RETRIES = 5
#: a longer wait is the caller's business: the vendor's answer is returned as it is
LONGEST_WAIT = timedelta(minutes=5)
_NONE: frozenset[str] = frozenset()


class Gateway:
    """Sends requests as connections."""

    def __init__(
        self,
        registry: Registry,
        freshener: Freshener,
        transport: Transport,
        clock: Clock,
        *,
        longest_wait: timedelta = LONGEST_WAIT,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._freshener = freshener
        self._transport = transport
        self._clock = clock
        self._longest_wait = longest_wait
        self._sleep = sleep
        self._pauses = Pauses()

    async def send(
        self,
        connection: Connection,
        request: Request,
        *,
        retries: int = 0,
        retry_on: frozenset[int] = frozenset(),
        decompress: bool = True,
        redirects: int = 5,
        on_request: Callable[[], None] | None = None,
        on_wait: OnWait | None = None,
        patience: timedelta | None = None,
        check: Callable[[Credentials], None] | None = None,
    ) -> Response:
        """Send one request as the connection and return the answer, whatever its status.

        `request.url` is a path below the provider's base URL, or absolute. Credentials go to the
        provider's own origins only, and the address decides which token it is; a caller's header of
        the same name wins over them. A 401 is answered by one renewal of the credentials and,
        unless the body was streamed, one more try; if that is refused because the token lacks
        claims, by another one that asks for them. Retried, up to `retries` times: throttled calls,
        `retry_on`, and for idempotent methods passing 5xx and network trouble. A streamed body is
        never sent twice, one that `is_once` never after it may have been carried out. `on_request`
        is called before each request, `on_wait` with the seconds of each wait and why. No wait is
        longer than `longest_wait`; all last no longer than `patience` together, None = no limit.
        `check` looks at the main API's credentials before they are used, and may raise.
        """
        exchange = _Exchange(
            self._registry.provider(connection.provider),
            connection,
            request,
            redirects,
            decompress=decompress,
            on_wait=on_wait,
            patience_seconds=math.inf if patience is None else patience.total_seconds(),
        )
        may_repeat = isinstance(request.body, bytes | None)
        retries = retries if may_repeat else 0
        attempt = 0
        renewed_for: set[bool] = set()
        credentials: Credentials | None = None
        while True:
            if retries:
                await self._wait_for_pause(exchange)
            audience = None if request.is_bare else exchange.target.audience
            if audience is not None and credentials is None:
                credentials = await self._fresh(connection, audience, check)
            try:
                if on_request is not None:
                    on_request()
                answer = await self._send_once(exchange, credentials)
            except Unavailable:
                pause = backoff(attempt)
                may_go_on = attempt < retries and may_be_repeated(request)
                if not (may_go_on and self._is_bearable(exchange, pause)):
                    raise
                await self._wait(exchange, pause, "no answer")
                attempt += 1
                credentials = None
                continue
            claims = claims_of(answer.raw_headers) if answer.status == 401 else ""
            # a token that lacks claims may be refused after one that was over, not the reverse
            is_curable = answer.status == 401 and not renewed_for & {bool(claims), True}
            if is_curable and credentials is not None:
                renewed_for.add(bool(claims))
                renewed = await self._renewed(exchange, credentials, answer, claims)
                if renewed is not None and may_repeat:
                    await answer.close()
                    credentials = renewed
                    continue
            delay = self._delay(exchange, answer, attempt, retry_on)
            if delay is None or attempt >= retries or not self._is_bearable(exchange, delay):
                return answer
            await answer.close()
            await self._wait(exchange, delay, f"status {answer.status}")
            attempt += 1
            # asked for again: the wait may have outlived them
            credentials = None

    def sender(
        self,
        connection: Connection,
        on_request: Callable[[], None],
        needs: Needs | None = None,
        on_wait: OnWait | None = None,
    ) -> Send:
        """Return what a function sends its requests with.

        `on_request` is called before each, `on_wait` with the seconds that one has to wait.
        MissingScope, before anything is sent, if the grant lacks what the function needs.
        """
        check = None
        if needs is not None:
            check = ScopeCheck(self._registry.provider(connection.provider), needs)

        async def send(request: Request) -> Response:
            return await self.send(
                connection,
                request,
                retries=FUNCTION_RETRIES,
                on_request=on_request,
                on_wait=on_wait,
                check=check,
            )

        return send

    async def _fresh(
        self, connection: Connection, audience: str, check: Callable[[Credentials], None] | None
    ) -> Credentials:
        credentials = self._freshener.remembered(connection, audience)
        if credentials is None:
            credentials = await self._freshener.fresh_credentials(connection, audience=audience)
        if check is not None and not audience:
            check(credentials)
        return credentials

    async def _send_once(self, exchange: "_Exchange", credentials: Credentials | None) -> Response:
        request, target = exchange.request, exchange.target
        headers, secret_names = request.headers, _NONE
        if credentials is not None:
            headers, secret_names = exchange.dressed(credentials)
        return await self._transport.send(
            Request(method=request.method, url=target.url, headers=headers, body=request.body),
            redirects=exchange.redirects,
            decompress=exchange.decompress,
            secret_headers=secret_names,
        )

    async def _renewed(
        self, exchange: "_Exchange", refused: Credentials, answer: Response, claims: str
    ) -> Credentials | None:
        """Return other credentials after a 401, None if there are none (the answer stands)."""
        token = token_of(refused)
        if not token or "authorization" in {name.lower() for name in exchange.request.headers}:
            return None
        try:
            renewed = await self._freshener.fresh_credentials(
                exchange.connection,
                after_401_of=token,
                audience=exchange.target.audience or "",
                claims=claims,
            )
        except BaseException:
            await answer.close()
            raise
        return None if token_of(renewed) == token else renewed

    def _delay(
        self, exchange: "_Exchange", answer: Response, attempt: int, retry_on: frozenset[int]
    ) -> float | None:
        provider = exchange.provider
        rule = provider.rate_limit
        if (
            answer.status < 400
            and provider.throttle is None
            and not retry_on
            and not is_used_up(answer.headers, rule)
        ):
            return None
        reply = Reply(
            status=answer.status,
            headers=answer.headers,
            url=answer.url.partition("?")[0],
            method=exchange.request.method.upper(),
        )
        throttled = provider.throttle(reply) if provider.throttle is not None else None
        is_over = answer.status == 429 or is_used_up(reply.headers, rule)
        if answer.status < 400 and throttled is None and not is_over and not retry_on:
            return None
        now = self._clock.now()
        if throttled is None and is_over:
            throttled = asked_wait(reply.headers, rule, now)
        if throttled is not None:
            self._pauses.note(exchange.connection.id, throttled, now)
        if answer.status < 400 and not retry_on:
            return None
        repeatable = may_be_repeated(exchange.request)
        return retry_delay(reply, provider, attempt, now, also=retry_on, repeatable=repeatable)

    async def _wait_for_pause(self, exchange: "_Exchange") -> None:
        left = self._pauses.left(exchange.connection.id, self._clock.now())
        if left > 0 and self._is_bearable(exchange, left):
            await self._wait(exchange, left, "paused by the vendor")

    def _is_bearable(self, exchange: "_Exchange", seconds: float) -> bool:
        return seconds <= min(exchange.patience_seconds, self._longest_wait.total_seconds())

    async def _wait(self, exchange: "_Exchange", seconds: float, reason: str) -> None:
        exchange.patience_seconds -= seconds
        if exchange.on_wait is not None:
            exchange.on_wait(seconds, reason)
        log.info(
            "waited before a request",
            connection_id=exchange.connection.connection_id,
            integration=exchange.connection.integration_key,
            url=redact_url(exchange.target.url),
            seconds=round(seconds, 3),
            reason=reason,
        )
        await self._sleep(seconds)


class _Exchange:
    """One caller's request: what does not change between its attempts, and their patience."""

    def __init__(
        self,
        provider: Provider,
        connection: Connection,
        request: Request,
        redirects: int,
        *,
        decompress: bool,
        on_wait: OnWait | None,
        patience_seconds: float,
    ) -> None:
        self.on_wait = on_wait
        #: left for further waits
        self.patience_seconds = patience_seconds
        self.provider = provider
        self.connection = connection
        self.request = request
        self.redirects = redirects
        self.decompress = decompress
        self.target: Target = target_of(provider, request.url, connection.connection_config)

    def dressed(self, credentials: Credentials) -> tuple[FixedHeaders, frozenset[str]]:
        """Return the request's headers with ours, and which of them carry secrets.

        For a caller who sends the same headers again they are the same as last time, while nothing
        that they are made of was replaced.
        """
        asked = self.request.headers
        if not isinstance(asked, FixedHeaders):
            return self._dress(credentials)
        key = (self.connection.id, self.target.audience)
        made_of = (self.provider, self.connection, credentials)
        last = asked.kept.get(key)
        if last is not None and all(map(is_, last[0], made_of)):
            made: tuple[FixedHeaders, frozenset[str]] = last[1]
            return made
        made = self._dress(credentials)
        asked.kept[key] = made_of, made
        return made

    def _dress(self, credentials: Credentials) -> tuple[FixedHeaders, frozenset[str]]:
        config = self.connection.connection_config
        secrets = authorise(self.provider, credentials, self.target, config)
        headers = _merged(provider_headers(self.provider, config) | secrets, self.request.headers)
        return FixedHeaders(headers), frozenset(name.lower() for name in secrets)


def may_be_repeated(request: Request) -> bool:
    """Tell whether a request may be sent again though it may have been carried out."""
    return request.method.upper() in IDEMPOTENT and not request.is_once


def _merged(ours: Mapping[str, str], callers: Mapping[str, str]) -> dict[str, str]:
    """Return both; the caller's win, but for a user agent that the provider prescribes.

    So does an Accept of the provider's over one that takes anything, as libraries send by default.
    """
    merged = {name.lower(): (name, value) for name, value in ours.items()}
    for name, value in callers.items():
        lower = name.lower()
        if lower in merged and (lower == "user-agent" or (lower == "accept" and "*/*" in value)):
            continue
        merged[lower] = (name, value)
    return dict(merged.values())
