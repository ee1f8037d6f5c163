"""The only function by which a provider request leaves: authorised, renewed, retried, streamed."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.validity import token_of
from fairlead.errors import Unavailable
from fairlead.gateway.budgets import Budgets
from fairlead.gateway.exchange import Exchange
from fairlead.gateway.needs import Needs, ScopeCheck
from fairlead.gateway.pauses import Pauses
from fairlead.gateway.payment import learn, pay, refused
from fairlead.http import Transport, asked_wait, backoff, is_used_up, redact_url, retry_delay
from fairlead.http.retry import IDEMPOTENT
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.model.exchange import OnWait, Request, Response, Send
from fairlead.oauth import claims_of
from fairlead.observe.watch import Watch
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
        budgets: Budgets | None = None,
        longest_wait: timedelta = LONGEST_WAIT,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch or Watch()
        self._registry = registry
        self._freshener = freshener
        self._transport = transport
        self._clock = clock
        self._longest_wait = longest_wait
        self._sleep = sleep
        self._pauses = Pauses()
        self._budgets = budgets

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
        is_patient: bool = False,
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
        `check` looks at the main API's credentials before they are used, and may raise. Whoever
        `is_patient` waits as long as the vendor wants, and as often: nobody waits for the answer.
        """
        exchange = Exchange(
            self._registry.provider(connection.provider),
            connection,
            request,
            redirects,
            decompress=decompress,
            on_wait=on_wait,
            patience_seconds=math.inf if patience is None else patience.total_seconds(),
            is_patient=is_patient,
        )
        may_repeat = isinstance(request.body, bytes | None)
        retries = retries if may_repeat else 0
        renewed_for: set[bool] = set()
        credentials: Credentials | None = None
        while True:
            if retries:
                await self._wait_for_pause(exchange)
            audience = None if request.is_bare else exchange.target.audience
            if audience is not None:
                credentials = await self._admitted(
                    exchange, audience, credentials, check, may_wait=retries > 0
                )
            try:
                if on_request is not None:
                    on_request()
                answer = await self._send_once(exchange, credentials)
            except Unavailable:
                pause = backoff(exchange.attempt)
                may_go_on = exchange.attempt < retries and may_be_repeated(request)
                if not (may_go_on and self._is_bearable(exchange, pause)):
                    raise
                await self._wait(exchange, pause, "no answer")
                exchange.attempt += 1
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
            delay = await self._worth_waiting(exchange, answer, retries, retry_on)
            if delay is None:
                return answer
            await answer.close()
            await self._wait(exchange, delay, f"status {answer.status}")
            # asked for again: the wait may have outlived them
            credentials = None

    def sender(
        self,
        connection: Connection,
        on_request: Callable[[], None],
        needs: Needs | None = None,
        on_wait: OnWait | None = None,
        *,
        is_patient: bool = False,
    ) -> Send:
        """Return what a function sends its requests with.

        `on_request` is called before each, `on_wait` with the seconds that one has to wait. Whoever
        `is_patient` is never told that the vendor limits requests: it waits.
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
                is_patient=is_patient,
            )

        return send

    async def _admitted(
        self,
        exchange: Exchange,
        audience: str,
        credentials: Credentials | None,
        check: Callable[[Credentials], None] | None,
        *,
        may_wait: bool,
    ) -> Credentials:
        """Return credentials once the request's units are paid."""
        connection = exchange.connection
        known = credentials or await self._fresh(connection, audience, check)
        allowance = exchange.provider.allowance
        if allowance is None or self._budgets is None:
            return known
        exchange.share = self._budgets.share(allowance, connection, known)
        if exchange.share is not None and await pay(
            exchange, exchange.share, self._longest_wait, may_wait=may_wait
        ):
            # asked for again: the wait may have outlived them
            return await self._fresh(connection, audience, check)
        return known

    async def _fresh(
        self, connection: Connection, audience: str, check: Callable[[Credentials], None] | None
    ) -> Credentials:
        credentials = self._freshener.remembered(connection, audience)
        if credentials is None:
            credentials = await self._freshener.fresh_credentials(connection, audience=audience)
        if check is not None and not audience:
            check(credentials)
        return credentials

    async def _send_once(self, exchange: Exchange, credentials: Credentials | None) -> Response:
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
        self, exchange: Exchange, refused: Credentials, answer: Response, claims: str
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

    async def _worth_waiting(
        self,
        exchange: Exchange,
        answer: Response,
        retries: int,
        retry_on: frozenset[int],
    ) -> float | None:
        """Return the seconds after which to ask again, None = the answer stands."""
        refused_seconds = refused(exchange, answer, self._clock.now())
        if exchange.share is not None:
            await learn(exchange.share, answer, refused_seconds, self._clock.now())
        delay = self._delay(exchange, answer, exchange.attempt, retry_on)
        if delay is None or not self._is_bearable(exchange, delay):
            return None
        # who names no time does not limit, but is out of order
        is_limited = answer.status == 429 or bool(refused_seconds)
        if exchange.is_patient and is_limited and retries:
            exchange.refusals += 1
            return max(delay, backoff(exchange.refusals - FUNCTION_RETRIES))
        exchange.attempt += 1
        return delay if exchange.attempt <= retries else None

    def _delay(
        self, exchange: Exchange, answer: Response, attempt: int, retry_on: frozenset[int]
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
        reply = exchange.reply(answer)
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

    async def _wait_for_pause(self, exchange: Exchange) -> None:
        left = self._pauses.left(exchange.connection.id, self._clock.now())
        if left > 0 and self._is_bearable(exchange, left):
            await self._wait(exchange, left, "paused by the vendor")

    def _is_bearable(self, exchange: Exchange, seconds: float) -> bool:
        if exchange.is_patient:
            return True
        return seconds <= min(exchange.patience_seconds, self._longest_wait.total_seconds())

    async def _wait(self, exchange: Exchange, seconds: float, reason: str) -> None:
        exchange.patience_seconds -= seconds
        self._watch.waited(exchange.connection, seconds, reason)
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


def may_be_repeated(request: Request) -> bool:
    """Tell whether a request may be sent again though it may have been carried out."""
    return request.method.upper() in IDEMPOTENT and not request.is_once
