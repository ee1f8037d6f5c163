"""What the headers of a proxied call say: as whom, how, and what goes to the vendor (10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, Field

from fairlead.api.errors import invalid
from fairlead.api.identifiers import web_address
from fairlead.api.routing import headers_of, required_headers
from fairlead.errors import InvalidInput
from fairlead.model.exchange import FixedHeaders

#: longest wait list of retries a caller may ask for
_MOST_RETRIES = 10
#: headers of the caller that reach the vendor as they are
_FORWARDED = frozenset(
    {
        "accept",
        # asked of the vendor only if the body comes back as it is, still compressed
        "accept-encoding",
        "accept-language",
        "content-encoding",
        "content-range",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "prefer",
        "range",
    }
)
_PREFIXED = "nango-proxy-"
#: how long the body is, nobody says but the body: what follows it would be another request
_NEVER_PREFIXED = frozenset({"", "content-length"})


class ProxyHeaders(BaseModel):
    """As whom, and how."""

    connection_id: str = Field(alias="Connection-Id")
    provider_config_key: str = Field(alias="Provider-Config-Key")
    base_url_override: str | None = Field(default=None, alias="Base-Url-Override")
    """Another base URL; credentials go along only to the provider's own hosts."""
    retries: int = Field(default=0, ge=0, le=_MOST_RETRIES, alias="Retries")
    """The answer then says in `Fairlead-Requests` how many requests were sent, and in
    `Fairlead-Waited` how many seconds were spent waiting between them, five minutes at most."""
    retry_on: str | None = Field(default=None, alias="Retry-On")
    """Further statuses to retry, comma-separated."""
    decompress: bool = Field(default=False, alias="Decompress")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the headers of a call say."""

    connection_id: str
    key: str
    #: another base URL, "" = the provider's
    base: str
    retries: int
    retry_on: frozenset[int]
    decompress: bool
    has_body: bool
    #: what goes to the vendor
    outgoing: FixedHeaders


@lru_cache(maxsize=256)
def read_headers(raw: tuple[tuple[bytes, bytes], ...]) -> Asked:
    """Read the headers of a call; remembered, for a caller's next call mostly has the same."""
    headers = headers_of(raw)
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    retries, retry_on = _retries(headers)
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    return Asked(
        connection_id=connection_id,
        key=key,
        base=_base(headers),
        retries=retries,
        retry_on=retry_on,
        decompress=headers.get("decompress", "").lower() == "true",
        has_body=has_body,
        outgoing=FixedHeaders(_outgoing(headers, has_body=has_body)),
    )


def _base(headers: Mapping[str, str]) -> str:
    base = headers.get("base-url-override", "").strip()
    if base:
        try:
            web_address(base)
        except ValueError as error:
            issue = {"code": "invalid_format", "message": str(error), "path": ["base-url-override"]}
            raise invalid([issue], "invalid_headers") from None
    return base.rstrip("/")


def _retries(headers: Mapping[str, str]) -> tuple[int, frozenset[int]]:
    try:
        retries = int(headers.get("retries", "0"))
        retry_on = frozenset(
            int(part) for part in headers.get("retry-on", "").split(",") if part.strip()
        )
    except ValueError:
        raise InvalidInput(
            "Retries must be a number and Retry-On a list of statuses with commas between",
            code="invalid_headers",
        ) from None
    return min(max(retries, 0), _MOST_RETRIES), retry_on


def _outgoing(headers: Mapping[str, str], *, has_body: bool) -> dict[str, str]:
    """Return the headers that go to the vendor; a prefixed one wins over its plain form."""
    outgoing, prefixed = {}, {}
    for name, value in headers.items():
        if name in _FORWARDED:
            outgoing[name] = value
        elif name.startswith(_PREFIXED):
            plain = name.removeprefix(_PREFIXED)
            if plain not in _NEVER_PREFIXED:
                prefixed[plain] = value
    if not has_body:
        outgoing.pop("content-type", None)
    outgoing |= prefixed
    if has_body and "content-length" in headers:
        outgoing["content-length"] = headers["content-length"]
    return outgoing
