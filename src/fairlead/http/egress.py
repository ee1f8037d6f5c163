"""Which addresses may be called: public ones, and what the operator allows.

Guards against server-side request forgery: names are judged by what they resolve to, at the moment
of connecting, so a name that points inside is refused as the address itself would be. Names below
`localhost` resolve to loopback without asking anybody
([RFC 6761, 6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)).
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable

from aiohttp.abc import AbstractResolver, ResolveResult

from fairlead.errors import EgressRefused
from fairlead.http.origins import Origin, ip_literal, origin_of, parse_url

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# beyond what `is_global` knows: a cloud's metadata service on a public address, and IPv6 ranges
# that older Pythons count as global
_NEVER_PUBLIC: tuple[_Network, ...] = (
    ipaddress.ip_network("168.63.129.16/32"),
    ipaddress.ip_network("100.64.0.0/10"),
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("fc00::/7"),
    ipaddress.ip_network("fec0::/10"),
)
_PORT = re.compile(r"(?:^[^:]+|\]):[0-9]+$")
#: origins remembered at most
_MOST_ORIGINS = 4096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class EgressPolicy:
    """Says which URLs may be called.

    `allow` holds what is allowed although it is private: `host`, `host:port`, an address, a
    network (`10.0.0.0/8`) or an origin (`http://127.0.0.1:4000`). `localhost` stands for all names
    below it too.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        #: (host, port); port 0 = any
        self._hosts: set[tuple[str, int]] = set()
        self._networks: list[_Network] = []
        #: origins that may be called as they are written
        self._passed: set[Origin] = set()
        #: the one that was added last: calls come in series
        self._newest: Origin | None = None
        for entry in allow:
            self._add(entry.strip())

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(entry.strip("[]")))
        except ValueError:
            pass
        else:
            return
        has_scheme = "://" in entry
        try:
            origin, url = parse_url(entry if has_scheme else f"http://{entry}")
        except EgressRefused:
            raise _malformed(entry) from None
        if url != f"{origin}/":
            raise _malformed(entry)
        has_port = has_scheme or _PORT.search(entry) is not None
        self._hosts.add((origin.host, origin.port if has_port else 0))

    def check_url(self, url: str) -> None:
        """Raise EgressRefused unless the URL is http(s) and its host is not known to be private."""
        self.check_origin(origin_of(url))

    def check_origin(self, origin: Origin) -> None:
        """Raise EgressRefused for an origin that is written as a private address.

        A name that needs resolving passes here; `check_address` judges it when it is resolved.
        """
        if origin is self._newest or origin in self._passed:
            return
        address = ip_literal(origin.host)
        if address is not None:
            self.check_address(origin.host, origin.port, address)
        if len(self._passed) >= _MOST_ORIGINS:
            self._passed.clear()
        self._passed.add(origin)
        self._newest = origin

    def check_address(self, host: str, port: int, address: _Address) -> None:
        """Raise EgressRefused unless a host may be called at this address."""
        if is_public(address) or self.allows_host(host, port):
            return
        numeric = str(address)
        if (numeric, port) in self._hosts or (numeric, 0) in self._hosts:
            return
        if any(address in network for network in self._networks if _same_kind(address, network)):
            return
        raise EgressRefused(
            f"{host} is on a private network ({address}); whoever runs this server can allow it in "
            "FAIRLEAD_EGRESS_ALLOW"
        )

    def is_named(self, origin: Origin) -> bool:
        """Is the origin allowed by name or by an address as it is written: one that is near?"""
        address = ip_literal(origin.host)
        if self.allows_host(origin.host, origin.port):
            return True
        if address is None:
            return False
        return any(address in network for network in self._networks if _same_kind(address, network))

    def allows_host(self, host: str, port: int) -> bool:
        """Is the host allowed by name, whatever it resolves to?"""
        names = [host, "localhost"] if host.endswith(".localhost") else [host]
        return any((name, p) in self._hosts for name in names for p in (port, 0))


class GuardedResolver(AbstractResolver):
    """Resolves names for the connector, and refuses what the policy refuses."""

    def __init__(self, policy: EgressPolicy, way_out: str | None = None) -> None:
        self._policy = policy
        #: host of the proxy, which may be near; that nobody else calls it is for its user to see to
        self._way_out = way_out

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host == "localhost" or host.endswith(".localhost"):
            found = [(socket.AF_INET, "127.0.0.1")]
        else:
            found = await _look_up(host, port, family)
        for _, numeric in found if host != self._way_out else ():
            # all of them: a name with one public and one private address is not to be trusted
            self._policy.check_address(host, port, ipaddress.ip_address(numeric.split("%")[0]))
        return [
            ResolveResult(
                hostname=host,
                host=numeric,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, numeric in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def is_public(address: _Address) -> bool:
    """Can the address be one of the open internet, with nothing private wrapped in it?"""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _NEVER_PUBLIC if _same_kind(address, network))


async def _look_up(
    host: str, port: int, family: socket.AddressFamily
) -> list[tuple[socket.AddressFamily, str]]:
    rows = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
    )
    return [(kind, str(address[0])) for kind, _, _, _, address in rows]


def _same_kind(address: _Address, network: _Network) -> bool:
    return address.version == network.version


def _malformed(entry: str) -> EgressRefused:
    return EgressRefused(
        f"'{entry}' in FAIRLEAD_EGRESS_ALLOW is no host, host:port or network; correct it"
    )
