"""The only function by which a provider request leaves: authorised, renewed, retried, streamed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.validity import token_of
from fairlead.errors import Unavailable
from fairlead.gateway.authorise import Target, authorise, provider_headers, target_of
from fairlead.gateway.pauses import Pauses
from fairlead.http import Transport, backoff, redact_url, retry_after, retry_delay
from fairlead.http.retry import IDEMPOTENT
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.model.exchange import Request, Response, Send
from fairlead.model.provider import Provider, Reply
from fairlead.oauth import claims_of
from fairlead.sdk.registry import Registry

log = structlog.get_logger(__name__)

FUNCTION_RETRIES = 5
#: a longer wait is the caller's business: the vendor's answer is returned as it is
LONGEST_WAIT = timedelta(minutes=5)


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
    ) -> Response:
        """Send one request as the connection and return the answer, whatever its status.

        `request.url` is a path below the provider's base URL, or absolute. Credentials go to the
        provider's own origins only, and the address decides which token it is; a caller's header of
        the same name wins over them. A 401 is answered by one renewal of the credentials and,
        unless the body was streamed, one more try; if that is refused because the token lacks
        claims, by another one that asks for them. Retried, up to `retries` times: throttled calls,
        `retry_on`, and for idempotent methods passing 5xx and network trouble. A streamed body is
        never sent twice, one that `is_once` never after it may have been carried out. `on_request`
        is called before each request.
        """
        exchange = _Exchange(
            self._registry.provider(connection.provider), connection, request, redirects, decompress
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
                credentials = await self._freshener.fresh_credentials(connection, audience=audience)
            try:
                if on_request is not None:
                    on_request()
                answer = await self._send_once(exchange, credentials)
            except Unavailable:
                if attempt >= retries or not may_be_repeated(request):
                    raise
                await self._wait(exchange, backoff(attempt), "no answer")
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
            if delay is None or attempt >= retries or delay > self._longest_wait.total_seconds():
                return answer
            await answer.close()
            await self._wait(exchange, delay, f"status {answer.status}")
            attempt += 1
            # asked for again: the wait may have outlived them
            credentials = None

    def sender(self, connection: Connection, on_request: Callable[[], None]) -> Send:
        """Return what a function sends its requests with; `on_request` is called before each."""

        async def send(request: Request) -> Response:
            return await self.send(
                connection, request, retries=FUNCTION_RETRIES, on_request=on_request
            )

        return send

    async def _send_once(self, exchange: "_Exchange", credentials: Credentials | None) -> Response:
        request, target = exchange.request, exchange.target
        headers = dict(request.headers)
        secret_names: frozenset[str] = frozenset()
        if credentials is not None:
            config = exchange.connection.connection_config
            secrets = authorise(exchange.provider, credentials, target, config)
            secret_names = frozenset(name.lower() for name in secrets)
            headers = _merged(provider_headers(exchange.provider, config) | secrets, headers)
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
        now = self._clock.now()
        provider = exchange.provider
        reply = Reply(
            status=answer.status,
            headers=answer.headers,
            url=answer.url.partition("?")[0],
            method=exchange.request.method.upper(),
        )
        throttled = provider.throttle(reply) if provider.throttle is not None else None
        if answer.status < 400 and throttled is None and not retry_on:
            return None
        if throttled is None and answer.status == 429:
            throttled = retry_after(reply.headers, now)
        if throttled is not None:
            self._pauses.note(exchange.connection.id, throttled, now)
        repeatable = may_be_repeated(exchange.request)
        return retry_delay(reply, provider, attempt, now, also=retry_on, repeatable=repeatable)

    async def _wait_for_pause(self, exchange: "_Exchange") -> None:
        left = self._pauses.left(exchange.connection.id, self._clock.now())
        if 0 < left <= self._longest_wait.total_seconds():
            await self._wait(exchange, left, "paused by the vendor")

    async def _wait(self, exchange: "_Exchange", seconds: float, reason: str) -> None:
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
    """One caller's request and what does not change between its attempts."""

    def __init__(
        self,
        provider: Provider,
        connection: Connection,
        request: Request,
        redirects: int,
        decompress: bool,
    ) -> None:
        self.provider = provider
        self.connection = connection
        self.request = request
        self.redirects = redirects
        self.decompress = decompress
        self.target: Target = target_of(provider, request.url, connection.connection_config)


def may_be_repeated(request: Request) -> bool:
    """Tell whether a request may be sent again though it may have been carried out."""
    return request.method.upper() in IDEMPOTENT and not request.is_once


def _merged(ours: dict[str, str], callers: dict[str, str]) -> dict[str, str]:
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
