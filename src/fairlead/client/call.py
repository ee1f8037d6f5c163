"""One request to the API and how to read its answer, before anybody has sent it.

Both clients share these: what is sent and what comes back is decided here, without any I/O
(https://sans-io.readthedocs.io); only the sending differs.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

T = TypeVar("T")

#: safe to send again: RFC 9110, 9.2.2
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
#: stays as it is in a path that somebody wrote out
_WRITTEN = "/:?#[]@!$&'()*+,;=%~-._"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body; an empty one is None."""
        return json.loads(self.body) if self.body.strip() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A request and how to read its answer."""

    method: str
    #: quoted, from "/" on, without the query
    path: str
    read: Callable[[Reply], T]
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    #: JSON as text, or a file as it comes (its kind is in `headers` then); None = no body
    body: Any = None
    #: instead of the client's key: the token of a connect session
    token: str | None = None
    #: to wait for each piece of the answer; None = as the client does
    timeout_seconds: float | None = None
    #: may it be sent again when its fate is unknown? None = as its method says
    repeatable: bool | None = None

    @property
    def is_idempotent(self) -> bool:
        """Does sending it twice come to the same as once?"""
        return self.method in _IDEMPOTENT if self.repeatable is None else self.repeatable

    @property
    def target(self) -> str:
        """Path and query, as they stand in the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def headers_with(self, key: str) -> dict[str, str]:
        """Return all headers of the request, the client's key included."""
        sent = {"Authorization": f"Bearer {self.token or key}", "Accept": "application/json"}
        if self.body is not None:
            sent["Content-Type"] = "application/json"
        return sent | dict(self.headers)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list."""

    items: list[T]
    #: None = this was the last
    following: Call["Page[T]"] | None


def path(*segments: str) -> str:
    """Return a path; each segment is quoted, so that an id may hold anything."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def written_path(text: str) -> str:
    """Return a path as somebody wrote it, with only what no request line may hold quoted."""
    return quote(text, safe=_WRITTEN)


def query(**values: object) -> list[tuple[str, str]]:
    """Return query parameters; None is left out, a list repeats its name, a dict nests."""
    return [pair for name, value in values.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: object) -> Iterable[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(f"{name}[{key}]", inner)
    elif isinstance(value, str | int):
        yield name, str(value)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _pairs(name, inner)
    else:
        yield name, str(value)


def body(**values: object) -> bytes:
    """Return a JSON object; what is None is left out."""
    return encoded({name: value for name, value in values.items() if value is not None})


def encoded(value: object) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_connection(provider_config_key: str, connection_id: str) -> dict[str, str]:
    """Return the headers that say on whose behalf a request is made."""
    return {"Provider-Config-Key": provider_config_key, "Connection-Id": connection_id}


def whole(reply: Reply) -> Any:
    """Read the whole answer."""
    return reply.json()


def inside(reply: Reply) -> Any:
    """Read what stands under `data`."""
    return reply.json()["data"]


def nothing(_reply: Reply) -> None:
    """Read nothing: that it succeeded is all there is to say."""
