"""Writes answers as Atom, which is what `_api` speaks unless it is asked for JSON.

https://www.odata.org/documentation/odata-version-3-0/atom-format/
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from m365sim.rest.errors import RestError
from m365sim.rest.values import Complex, Entity, Feed, Guid, Long, Moment, Result, Several

_NAMES = (
    'xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
    'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"'
)
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_RELATED = "http://schemas.microsoft.com/ado/2007/08/dataservices/related/"
_SCHEME = "http://schemas.microsoft.com/ado/2007/08/dataservices/scheme"
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "Edm.Boolean"),
    (int, "Edm.Int32"),
    (float, "Edm.Double"),
    (Guid, "Edm.Guid"),
    (Moment, "Edm.DateTime"),
    (Long, "Edm.Int64"),
)


def atom(result: Result, base: str) -> bytes:
    """Write an answer."""
    value = result.value
    around = f"xml:base={quoteattr(base + '/')} {_NAMES}"
    if isinstance(value, Entity):
        return (_HEAD + _entry(value, base, around)).encode()
    if isinstance(value, Feed):
        return (_HEAD + _feed(value, base, around)).encode()
    return (_HEAD + _property(result.name or "value", value, f" {_NAMES}")).encode()


def atom_error(error: RestError) -> bytes:
    """Write an error."""
    space = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    return (
        f'{_HEAD}<m:error xmlns:m="{space}"><m:code>{escape(error.code)}</m:code>'
        f'<m:message xml:lang="en-US">{escape(error.message)}</m:message></m:error>'
    ).encode()


def _entry(entity: Entity, base: str, around: str = "") -> str:
    tag = f" m:etag={quoteattr(entity.etag)}" if entity.etag else ""
    parts = [
        f"<entry {around}{tag}>" if around else f"<entry{tag}>",
        f"<id>{escape(entity.address(base))}</id>",
        f"<category term={quoteattr(entity.type)} scheme={quoteattr(_SCHEME)} />",
        f'<link rel="edit" href={quoteattr(entity.uri)} />',
    ]
    for name, value in entity.values.items():
        if isinstance(value, (Entity, Feed)):
            inner = _entry(value, base) if isinstance(value, Entity) else _feed(value, base, "")
            link = _link(entity, name).removesuffix(" />")
            parts.append(f"{link}><m:inline>{inner}</m:inline></link>")
    parts += [_link(entity, name) for name in entity.links]
    parts.append('<title /><author><name /></author><content type="application/xml"><m:properties>')
    parts += [
        _property(name, value)
        for name, value in entity.values.items()
        if not isinstance(value, (Entity, Feed))
    ]
    return "".join(parts) + "</m:properties></content></entry>"


def _feed(feed: Feed, base: str, around: str) -> str:
    more = f'<link rel="next" href={quoteattr(feed.next_link)} />' if feed.next_link else ""
    inner = "".join(_entry(one, base) for one in feed.entities)
    return f"<feed {around}><title />{inner}{more}</feed>" if around else f"<feed>{inner}</feed>"


def _link(entity: Entity, name: str) -> str:
    rel, href = quoteattr(_RELATED + name), quoteattr(f"{entity.uri}/{name}")
    return f'<link rel={rel} type="application/atom+xml;type=entry" title="{name}" href={href} />'


def _property(name: str, value: Any, around: str = "") -> str:
    name = f"d:{name}"
    if value is None:
        return f'<{name}{around} m:null="true" />'
    if isinstance(value, Complex):
        inner = "".join(_property(key, one) for key, one in value.values.items())
        return f"<{name}{around} m:type={quoteattr(value.type)}>{inner}</{name}>"
    if isinstance(value, Several):
        inner = "".join(_property("element", one) for one in value.values)
        kind = quoteattr(f"Collection({value.type})")
        return f"<{name}{around} m:type={kind}>{inner}</{name}>"
    kind = next((edm for known, edm in _TYPES if isinstance(value, known)), "")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    typed = f' m:type="{kind}"' if kind else ""
    return f"<{name}{around}{typed}>{escape(text)}</{name}>"
