"""What `_api` answers with, brought to one form.

Asked for is `odata=nometadata`; `odata=verbose`, which wraps everything in `d` and every list in
`results`, is understood as well, and so are both spellings of version 4's annotations:
https://www.odata.org/documentation/odata-version-3-0/json-verbose-format/,
https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service.
"""

from typing import Any
from urllib.parse import urljoin

from fairlead_microsoft.graph import paging
from fairlead_microsoft.graph.paging import M

#: which API an error names
_API = "SharePoint"
#: name under which an object's eTag is found, whichever form it came in
ETAG = "odata.etag"
#: name under which the link to the next page is found
NEXT = "odata.nextLink"


def plain(reply: Any) -> Any:
    """Return an answer as `nometadata` has it, with `odata.etag` and `odata.nextLink` if told."""
    if isinstance(reply, dict) and set(reply) == {"d"}:
        inner = reply["d"]
        if isinstance(inner, dict) and isinstance(inner.get("results"), list):
            link = inner.get("__next")
            return {"value": _light(inner), **({NEXT: link} if link else {})}
        light = _light(inner)
        # a single value, or an object that is none of SharePoint's own, comes under its name
        if isinstance(light, dict) and isinstance(inner, dict) and "__metadata" not in inner:
            values = list(light.values())
            if len(values) == 1:
                return values[0] if isinstance(values[0], dict) else {"value": values[0]}
        return light
    return _light(reply)


def _light(value: Any) -> Any:
    if isinstance(value, list):
        return [_light(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("results"), list) and set(value) <= {"results", "__metadata", "__next"}:
        return [_light(one) for one in value["results"]]
    light: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "__metadata":
            if isinstance(inner, dict) and inner.get("etag"):
                light[ETAG] = inner["etag"]
        elif isinstance(inner, dict) and set(inner) == {"__deferred"}:
            continue
        elif name.startswith("@odata."):
            light[name[1:]] = inner
        elif name == "__next":
            light[NEXT] = inner
        else:
            light[name] = _light(inner)
    return light


def entries_of(reply: Any) -> list[dict[str, Any]]:
    """Return the objects of a collection's answer (plain already); Unavailable if it is none."""
    return paging.entries_of(reply, api=_API)


def next_of(reply: dict[str, Any], asked: str) -> str | None:
    """Return the link to the next page; a relative one begins where the API does."""
    link = reply.get(NEXT)
    if not isinstance(link, str) or not link:
        return None
    api, found, _ = asked.partition("/_api/")
    return urljoin(f"{api}{found}", link)


def read_as(model: type[M], value: object) -> M:
    """Return an object of an answer as its model; ProviderError if it has another shape."""
    return paging.read_as(model, value, api=_API)
