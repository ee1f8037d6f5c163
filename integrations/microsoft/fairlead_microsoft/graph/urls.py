"""Build and check the URLs of Graph.

https://learn.microsoft.com/graph/query-parameters,
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/addressing-driveitems
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from fairlead.errors import InvalidInput

#: system query options: written with `$`; everything else (`search` of sites, `token`) as it is
_SYSTEM = frozenset({"count", "expand", "filter", "orderby", "select", "skip", "skiptoken", "top"})
#: legal in a query and easier on the eye than their codes
PLAIN_IN_QUERY = "$(),*:;@/"
VERSION = "/v1.0"
#: `drives('b!x')`, another spelling of `drives/b!x`
_KEY = re.compile(r"\('((?:[^'/]|'')*)'\)(?=/|$)")


def path(*segments: str) -> str:
    """Return the path of a resource below `/v1.0`, each segment quoted by itself.

    An empty segment, `.` or `..` would name another resource: InvalidInput.
    """
    for segment in segments:
        if segment in ("", ".", ".."):
            raise InvalidInput(f"'{segment}' cannot be part of a path; give the object's id")
    return "/".join([VERSION, *(quote(segment, safe="") for segment in segments)])


def below(path: str, *names: str) -> str:
    """Return the path of what lies below an item, by its names: `.../items/{id}:/A/b.txt:`.

    Each name is quoted by itself; what is asked of it follows as `/content`. InvalidInput for a
    name that would lead elsewhere.
    """
    for name in names:
        if name in ("", ".", ".."):
            raise InvalidInput(f"'{name}' cannot be the name of a file or folder.")
    return f"{path}:/{'/'.join(quote(name, safe='') for name in names)}:"


def text_literal(text: str) -> str:
    """Return a text as the argument of a function in a path, quoted for both OData and the URL."""
    doubled = text.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def place(url: str) -> str:
    """Return the path that a URL leads to, one spelling for all that Graph uses in its links.

    Doubled slashes come and go there, ids stand in brackets or not, codes are more or fewer.
    """
    return _KEY.sub(r"/\1", unquote(re.sub("/+", "/", urlsplit(url).path)))


def with_query(
    url: str, params: Mapping[str, str | int | None], *, unquoted: str = PLAIN_IN_QUERY
) -> str:
    """Append parameters, `$` before those of OData; None leaves one out."""
    pairs = [
        f"{'$' if name in _SYSTEM else ''}{name}={quote(str(value), safe=unquoted)}"
        for name, value in params.items()
        if value is not None
    ]
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(pairs)}"


def origin(url: str) -> str:
    """Return `scheme://host:port` in lower case, the scheme's own port left out; "" if none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.scheme or not parts.hostname or parts.username is not None:
        return ""
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    suffix = "" if port in (None, usual) else f":{port}"
    return f"{parts.scheme}://{parts.hostname}{suffix}"


def site_at(hostname: str, path: str) -> str:
    """Return the path of the site at an address: `/v1.0/sites/{host}:/sites/a%20b`.

    Each part of the path is quoted by itself; one that would lead elsewhere is InvalidInput.
    """
    names = [name for name in path.split("/") if name]
    for name in names:
        if name in (".", ".."):
            raise InvalidInput(f"'{path}' is not the path of a site; give it as in its address")
    host = f"{VERSION}/sites/{quote(hostname, safe='')}"
    return f"{host}:/{'/'.join(quote(name, safe='') for name in names)}" if names else host
