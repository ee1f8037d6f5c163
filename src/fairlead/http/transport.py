"""Send requests and stream answers: aiohttp behind one small seam.

Nothing is buffered, no cookies are kept, no proxy is used but the one that is set, headers arrive
as they were sent. Redirects are followed here and not by the library, so that every hop is checked
and credentials never travel to another origin
([RFC 9110, 15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4)).
"""

import io
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from importlib.metadata import version
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from fairlead.errors import EgressRefused, InvalidInput, Rejected
from fairlead.http.direct import LONGEST_HEADER_BYTES, exchange
from fairlead.http.egress import EgressPolicy, GuardedResolver
from fairlead.http.origins import Origin, parse_url
from fairlead.http.response import HttpResponse, network_error, without
from fairlead.model.clock import Clock
from fairlead.model.exchange import FixedHeaders, Request, Response

CONNECT_SECONDS = 10.0
IDLE_READ_SECONDS = 60.0
_SLICE_BYTES = 262_144
#: what belongs to one connection, or would let a caller choose another host's face
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: said unless the caller says otherwise
_USUAL = (("Accept", "*/*"), ("User-Agent", f"fairlead/{version('fairlead')}"))
_SECRET_HEADERS = frozenset({"authorization", "cookie"})
_BODY_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "content-location"}
)


class Transport:
    """The process's outbound HTTP; open one, close it at the end."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        policy: EgressPolicy,
        clock: Clock,
        proxy: URL | None = None,
    ) -> None:
        self._session = session
        self._usual_limits = session.timeout
        self._policy = policy
        self._clock = clock
        self._proxy = proxy

    @classmethod
    async def open(
        cls,
        policy: EgressPolicy,
        *,
        clock: Clock,
        connections: int = 100,
        connect_timeout: timedelta = timedelta(seconds=CONNECT_SECONDS),
        idle_timeout: timedelta = timedelta(seconds=IDLE_READ_SECONDS),
        proxy: str = "",
    ) -> Self:
        """Open a transport that keeps at most `connections` connections at a time.

        With `proxy` (`http://[user:password@]host:port`) all but what the policy names goes that
        way. Names are then resolved there: keeping to public addresses is that proxy's business.
        """
        way = URL(proxy) if proxy else None
        connector = aiohttp.TCPConnector(
            limit=connections,
            resolver=GuardedResolver(policy, way.host if way else None),
            ttl_dns_cache=10,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type",),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(
                total=None,
                # waiting for a free connection counts too
                connect=connect_timeout.total_seconds() + idle_timeout.total_seconds(),
                sock_connect=connect_timeout.total_seconds(),
                sock_read=idle_timeout.total_seconds(),
            ),
            max_line_size=LONGEST_HEADER_BYTES,
            max_field_size=LONGEST_HEADER_BYTES,
        )
        return cls(session, policy, clock, way)

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def check(self, url: str) -> None:
        """Raise EgressRefused for an address that can be seen to be out of bounds as it is written.

        A name is judged when it is resolved, at the moment of calling.
        """
        self._policy.check_url(url)

    async def send(
        self,
        request: Request,
        *,
        redirects: int = 0,
        total_timeout: timedelta | None = None,
        decompress: bool = True,
        secret_headers: frozenset[str] = frozenset(),
    ) -> Response:
        """Send one request and return the answer with its body unread.

        Follows up to `redirects` redirects (0: the redirect itself is the answer); a hop to another
        origin loses Authorization, Cookie and `secret_headers` (lower-case names). A redirect that
        would need a streamed body again is returned as the answer. With `decompress` a compressed
        body is decoded and the headers that described it are gone. EgressRefused, before anything
        was sent; Unavailable when no answer came.
        """
        origin, url = parse_url(request.url)
        method, body = request.method.upper(), request.body
        headers = _own_headers(request, decompress=decompress)
        limits = self._limits(total_timeout)
        followed = 0
        while True:
            answer = await self._send_once(
                origin, method, url, headers, body, limits=limits, decompress=decompress
            )
            location = answer.location if redirects else None
            next_method, drops_body = _next_method(answer.status, method)
            if location is None or not (drops_body or isinstance(body, bytes | None)):
                return answer
            await answer.close()
            if followed >= redirects:
                raise Rejected(
                    f"{origin} redirected more than {redirects} times; correct the address",
                    code="too_many_redirects",
                    provider_status=answer.status,
                )
            followed += 1
            previous = origin
            origin, url = parse_url(urljoin(url, location))
            if origin != previous:
                headers = without(headers, _SECRET_HEADERS | secret_headers)
            method = next_method
            if drops_body:
                body = None
                headers = without(headers, _BODY_HEADERS)

    def _limits(self, total: timedelta | None) -> aiohttp.ClientTimeout:
        usual = self._usual_limits
        if total is None:
            return usual
        return aiohttp.ClientTimeout(
            total=total.total_seconds(),
            connect=usual.connect,
            sock_connect=usual.sock_connect,
            sock_read=usual.sock_read,
        )

    async def _send_once(  # one hop, taken apart
        self,
        origin: Origin,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None,
        *,
        limits: aiohttp.ClientTimeout,
        decompress: bool,
    ) -> HttpResponse:
        # the connector does not resolve addresses written as such, so the resolver never sees them
        self._policy.check_origin(origin)
        proxy = self._way_to(origin)
        wire = URL(url, encoded=True)
        data: bytes | io.BytesIO | AsyncIterator[bytes] | None = body
        if isinstance(body, bytes) and len(body) > _SLICE_BYTES:
            # sent in pieces: in one it would hold up everybody else
            data = io.BytesIO(body)
        try:
            if proxy is None and limits.total is None and isinstance(data, bytes | None):
                answer = await exchange(
                    self._session, method, wire, headers, data, limits=limits, decompress=decompress
                )
            else:
                answer = await self._session.request(
                    method,
                    wire,
                    headers=headers,
                    data=data,
                    allow_redirects=False,
                    proxy=proxy,
                    auto_decompress=decompress,
                    timeout=limits,
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise network_error(origin, error) from error
        except ValueError as error:
            raise InvalidInput(
                f"The request to {origin} cannot be sent as it is: its method or a header has "
                "forbidden characters; correct it",
                code="invalid_request",
            ) from error
        return HttpResponse(
            answer, origin, method, url, is_decoded=decompress, received_at=self._clock.now()
        )

    def _way_to(self, origin: Origin) -> URL | None:
        """Return the proxy for an origin, None = called directly."""
        if self._proxy is None:
            return None
        if (origin.host, origin.port) == (self._proxy.host, self._proxy.port):
            raise EgressRefused(f"{origin} is this server's own way out, and no API; correct it")
        return None if self._policy.is_named(origin) else self._proxy


def _next_method(status: int, method: str) -> tuple[str, bool]:
    """Return the method after a redirect, and whether the body is dropped."""
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        return "GET", True
    return method, False


def _own_headers(request: Request, *, decompress: bool) -> list[tuple[str, str]]:
    """Return the headers that go along; those of one hop, and what is ours to say, do not.

    Asked for are encodings that can be decoded here, or those that the caller can decode.
    """
    is_streamed = not isinstance(request.body, bytes | None)
    if not isinstance(request.headers, FixedHeaders):
        return _listed(request.headers, decompress=decompress, is_streamed=is_streamed)
    listed: list[tuple[str, str]] | None
    listed = request.headers.kept.get((_listed, decompress, is_streamed))
    if listed is None:
        listed = _listed(request.headers, decompress=decompress, is_streamed=is_streamed)
        request.headers.kept[_listed, decompress, is_streamed] = listed
    return listed


def _listed(
    given: Mapping[str, str], *, decompress: bool, is_streamed: bool
) -> list[tuple[str, str]]:
    headers, asked, names = [], None, set()
    for name, value in given.items():
        lower = name.lower()
        if lower == "accept-encoding":
            asked = value
        elif lower not in _HOP_BY_HOP and (is_streamed or lower != "content-length"):
            headers.append((name, value))
            names.add(lower)
    if decompress and asked != "identity":
        asked = "gzip, deflate"
    headers.append(("Accept-Encoding", asked or "identity"))
    headers += [(name, value) for name, value in _USUAL if name.lower() not in names]
    return headers
