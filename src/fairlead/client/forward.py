"""What a proxied request looks like, before either client sends it (contract 10)."""

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Required, TypedDict
from urllib.parse import quote, urlencode

from fairlead.client.call import as_connection, encoded, query, written_path

#: a body: whole, or in pieces as they come
Upload = bytes | str | IO[bytes] | Iterable[bytes]
AsyncUpload = Upload | AsyncIterable[bytes]

#: bytes that a stream is read by
CHUNK = 65_536
_PREFIX = "Nango-Proxy-"
#: these reach the vendor under their own names
_PLAIN = frozenset({"content-type", "accept"})


class Asked(TypedDict, total=False):
    """How a proxied request is made."""

    provider_config_key: Required[str]
    connection_id: Required[str]
    #: the vendor's query, as a mapping or written out
    params: Mapping[str, Any] | str
    #: for the vendor
    headers: Mapping[str, str]
    #: sent as JSON; instead of `data`
    json: Any
    #: length of a streamed body; left out: it is sent in chunks
    size_bytes: int
    #: how often fairlead asks the vendor again
    retries: int
    #: statuses to ask again for, besides the provider's own
    retry_on: Sequence[int]
    #: instead of the provider's base URL
    base_url_override: str
    #: to wait for each piece of the answer; with `retries` fairlead may wait for minutes itself
    timeout_seconds: float
    #: raise ProxiedError for a status of 400 or more; True if left out
    check: bool


class BlockingAsked(Asked, total=False):
    """How the blocking client makes a proxied request."""

    data: Upload


class AsyncAsked(Asked, total=False):
    """How the other client makes a proxied request."""

    data: AsyncUpload


@dataclass(frozen=True, slots=True)
class Forward:
    """A proxied request, ready to be sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    #: JSON and text as bytes, streams as they are
    body: Any
    check: bool
    timeout_seconds: float | None = None

    @property
    def is_repeatable(self) -> bool:
        """May it be sent again when no answer came?"""
        return self.body is None and self.method in {"GET", "HEAD", "OPTIONS"}


def forward(method: str, path: str, asked: Asked, data: object = None) -> Forward:
    """Return the request that has fairlead send another one to the vendor."""
    headers = as_connection(asked["provider_config_key"], asked["connection_id"])
    if asked.get("retries"):
        headers["Retries"] = str(asked["retries"])
    if asked.get("retry_on"):
        headers["Retry-On"] = ",".join(str(status) for status in asked["retry_on"])
    if asked.get("base_url_override"):
        headers["Base-Url-Override"] = asked["base_url_override"]
    sent, kind = _body(asked, data)
    own = asked.get("headers", {})
    if kind is not None and "content-type" not in {name.lower() for name in own}:
        headers["Content-Type"] = kind
    for name, value in own.items():
        headers[name if name.lower() in _PLAIN else f"{_PREFIX}{name}"] = value
    if "size_bytes" in asked:
        headers["Content-Length"] = str(asked["size_bytes"])
    target = f"/proxy/{written_path(path.removeprefix('/'))}"
    if asked.get("params"):
        target += ("&" if "?" in target else "?") + _query(asked["params"])
    return Forward(
        method.upper(),
        target,
        headers,
        sent,
        asked.get("check", True),
        asked.get("timeout_seconds"),
    )


def _body(asked: Asked, data: object) -> tuple[object, str | None]:
    """Return a body and its kind; text and JSON as bytes, streams as they are."""
    if asked.get("json") is not None:
        return encoded(asked["json"]), "application/json"
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    return data, None if data is None else "application/octet-stream"


def _query(params: Mapping[str, Any] | str) -> str:
    if isinstance(params, str):
        return written_path(params.removeprefix("?"))
    # vendors spell their parameters with these
    return urlencode(query(**params), safe="$,*", quote_via=quote)
