"""Absolute URLs, strictly read, and their origins ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)).

Whether a URL may receive credentials, whether it may be called, and where the request then goes are
all decided on what `parse_url` returns; so no two readers of a URL can disagree about its host.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from fairlead.errors import EgressRefused

_AUTHORITY = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?=[/?#]|$)",
    re.IGNORECASE | re.ASCII,
)
_BEFORE_TARGET = re.compile(r"[^/?#]*//[^/?#]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# WHATWG: a host whose last label is a number is an IPv4 address, in whatever spelling
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
# what a request target may hold as it stands; everything else is percent-encoded
_SAFE = "!$%&'()*+,/:;=?@[]~-._"
_UNSAFE = re.compile(rf"[^a-zA-Z0-9{re.escape(_SAFE)}]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, IPv6 without brackets) and port of a URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == _DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{host}" if default else f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Does the name itself say that this machine is meant?"""
        return _is_loopback(self.host)

    def matches(self, pattern: str) -> bool:
        """Is this the origin `scheme://host[:port]` or, for `*.` hosts, one below it?"""
        wanted, is_wildcard = _pattern(pattern)
        if wanted is None or (self.scheme, self.port) != (wanted.scheme, wanted.port):
            return False
        if is_wildcard:
            return ip_literal(wanted.host) is None and self.host.endswith("." + wanted.host)
        return self.host == wanted.host


# each is read twice, where it may go and when it goes there
@lru_cache(maxsize=64)
def parse_url(url: str) -> tuple[Origin, str]:
    """Read an absolute http(s) URL; return its origin and the URL as it goes on the wire.

    The URL returned has a normal host, no fragment, and nothing that needs encoding; path and
    query are otherwise untouched. EgressRefused: not http(s), user information, a host that is no
    plain ASCII name, a control character.
    """
    match = _BEFORE_TARGET.match(url)
    if match is None:
        raise _not_plain()
    origin, text = _read_origin(match[0])
    target = url[match.end() :]
    if _UNSAFE.search(target):
        if _CONTROL.search(target):
            raise _not_plain()
        target = quote(target.partition("#")[0], safe=_SAFE)
    if not target.startswith("/"):
        target = "/" + target
    return origin, text + target


@lru_cache(maxsize=4096)
def _read_origin(text: str) -> tuple[Origin, str]:
    """Read the part of a URL before its path; return it and its normal spelling."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise _not_plain()
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    origin = Origin(scheme, _normal_host(match["host"].lower()), port)
    if not 0 < port < 65536:
        raise EgressRefused("The address has an impossible port; correct it", code="invalid_url")
    return origin, str(origin)


def _not_plain() -> EgressRefused:
    return EgressRefused(
        "The address is not a plain http(s) URL (no user name, no unusual host); correct it",
        code="invalid_url",
    )


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute URL."""
    return parse_url(url)[0]


@lru_cache(maxsize=4096)
def ip_literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address if a host is written as one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = ip_literal(host)
    return address is not None and address.is_loopback


@lru_cache(maxsize=4096)
def _normal_host(host: str) -> str:
    if host.startswith("["):
        address = ip_literal(host[1:-1])
        if address is not None and address.version == 6:
            return address.compressed
    elif ".." not in host and "." in host and _NUMBER.fullmatch(host.rsplit(".", 1)[1]):
        address = ip_literal(host)
        if address is not None:
            return host
    elif ".." not in host and not _NUMBER.fullmatch(host):
        return host
    raise EgressRefused("The address has a host that is no name; correct it", code="invalid_url")


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> tuple[Origin | None, bool]:
    """Return the origin that a pattern names (None: it names none), and whether it begins `*.`."""
    try:
        return origin_of(pattern.replace("://*.", "://", 1)), "://*." in pattern
    except EgressRefused:
        return None, False
