"""Embedders: the origins whose pages may show the connect page in a frame and wait for popups.

Origins are compared as [RFC 6454](https://www.rfc-editor.org/rfc/rfc6454#section-5) says; the list
is what [CSP 3](https://www.w3.org/TR/CSP3/#directive-frame-ancestors) calls frame ancestors.
"""

from collections.abc import Iterable

from fairlead.errors import EgressRefused
from fairlead.http.origins import origin_of, parse_url
from fairlead.settings import SettingsInvalid

ANY = "*"
#: with the framework's own spelling of any port; CSP has none for IPv6 addresses
_THIS_MACHINE = ("http://localhost:*", "http://127.0.0.1:*")


class Embedders:
    """Says which origins are the product's.

    `origins` holds `scheme://host[:port]`, the host may begin with `*.`; `*` is any. With none,
    pages on this machine count as the product's as long as `server_url` is on this machine too.
    SettingsInvalid: one of them is no origin.
    """

    def __init__(self, origins: Iterable[str], server_url: str) -> None:
        self._origins = tuple(_checked(origin) for origin in origins)
        self._own = origin_of(server_url)
        self._takes_any = ANY in self._origins
        self._takes_this_machine = not self._origins and self._own.is_loopback

    def allows(self, origin: str) -> bool:
        """Is this, as browsers write it in an `Origin` header, one of the product's or our own?"""
        if self._takes_any:
            return True
        try:
            asked, url = parse_url(origin)
        except EgressRefused:  # `null` among others: a page that hides where it is from
            return False
        if url != f"{asked}/":
            return False
        if asked == self._own:
            return True
        if self._takes_this_machine:
            return asked.scheme == "http" and asked.is_loopback
        return any(asked.matches(pattern) for pattern in self._origins)

    @property
    def frame_ancestors(self) -> str:
        """The sources for a content security policy."""
        if self._takes_any:
            return ANY
        others = _THIS_MACHINE if self._takes_this_machine else self._origins
        return " ".join(("'self'", *others))

    @property
    def message_targets(self) -> tuple[str, ...]:
        """The origins that a window may be told of its end: what `postMessage` takes, and no more.

        A pattern is none of them, nor is this whole machine.
        """
        if self._takes_any:
            return (ANY,)
        named = [pattern for pattern in self._origins if "*" not in pattern]
        return (str(self._own), *named)


def _checked(value: str) -> str:
    """Return an origin of the setting in its normal spelling."""
    if value == ANY:
        return value
    is_pattern = "://*." in value
    try:
        origin, url = parse_url(value.replace("://*.", "://", 1))
    except EgressRefused:
        raise _malformed(value) from None
    if url != f"{origin}/":
        raise _malformed(value)
    return str(origin).replace("://", "://*.", 1) if is_pattern else str(origin)


def _malformed(value: str) -> SettingsInvalid:
    return SettingsInvalid(
        f"FAIRLEAD_CONNECT_ORIGINS: '{value}' is no origin; give scheme://host[:port] without a "
        "path, or *"
    )
