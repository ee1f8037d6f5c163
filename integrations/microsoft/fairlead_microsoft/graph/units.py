"""Resource units: what a call of Graph costs, and how many an app may spend in a tenant.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
gives the costs and the limits: 1 for one item, a delta with a token and a download, 2 for several
items and for changes, 5 for anything about permissions; of a batch each call counts. SharePoint's
own API has no fixed cost and is usually dearer. People, groups, search and subscriptions are other
services with limits of their own.
"""

import json
import re
from urllib.parse import unquote_plus

from fairlead.model.budget import Allowance, Priority, Toll
from fairlead.model.exchange import Request

ONE, SEVERAL, PERMISSIONS = 1, 2, 5
#: of a call of SharePoint's own API, which says nothing: as the dearest of Graph's but permissions
_UNSAID = SEVERAL
_FILES = frozenset({"drives", "drive", "sites", "shares"})
_ABOUT_PERMISSIONS = re.compile(
    r"/(?:permissions?|invite|createlink|retainInheritedPermissions)(?:$|[/(])", re.IGNORECASE
)
_EXPANDS_PERMISSIONS = re.compile(r"[?&](?:\$|%24)?expand=[^&]*permissions", re.IGNORECASE)
_HAS_TOKEN = re.compile(r"[?&](?:\$|%24)?(?:skip)?token=|\(token='", re.IGNORECASE)
#: of paths that end so, one thing is read
_SINGLE = frozenset({"content", "fields", "listitem", "driveitem", "root", "drive"})
#: named like one thing, and many
_MANY = frozenset({"getallsites", "search"})
#: one segment below these names one thing
_COLLECTIONS = frozenset(
    {
        "items",
        "lists",
        "drives",
        "sites",
        "shares",
        "columns",
        "contenttypes",
        "pages",
        "versions",
        "thumbnails",
    }
)


def toll(request: Request) -> Toll:
    """Return what a call costs, and what it is for."""
    path, _, query = request.url.partition("://")[2].partition("?")
    path = path[path.find("/") :]
    if path.endswith("/$batch"):
        if "/_api/" in path:
            return _of_parts(request.body)
        return _of_batch(request.body)
    return _of_call(request.method, path, f"?{query}")


def _of_batch(body: object) -> Toll:
    """Return the sum of the calls, at the priority of the least urgent one."""
    try:
        calls = json.loads(body)["requests"] if isinstance(body, bytes) else []
        tolls = [_of_call(str(one["method"]), *_parted(str(one["url"]))) for one in calls]
    except (ValueError, KeyError, TypeError):
        # the vendor will refuse it
        return Toll(ONE)
    if not tolls:
        return Toll(SEVERAL)
    return Toll(sum(one.units for one in tolls), max(one.priority for one in tolls))


def _of_parts(body: object) -> Toll:
    """Return the sum of the calls of a batch of SharePoint's own API, a MIME message."""
    parts = body.count(b"application/http") if isinstance(body, bytes) else 1
    return Toll(_UNSAID * max(parts, 1))


def _parted(url: str) -> tuple[str, str]:
    path, _, query = url.partition("?")
    return path, f"?{query}"


def _of_call(method: str, path: str, query: str) -> Toll:
    steps = [step.lower() for step in path.split("/") if step and step.lower() != "v1.0"]
    if "_api" in steps or "_vti_bin" in steps:
        return Toll(_UNSAID)
    if not _FILES & set(steps):
        return Toll(0)
    if _ABOUT_PERMISSIONS.search(path) or _EXPANDS_PERMISSIONS.search(query):
        return Toll(PERMISSIONS, Priority.PERMISSIONS)
    if method.upper() not in ("GET", "HEAD"):
        return Toll(SEVERAL)
    last = steps[-1]
    if last == "delta" or last.startswith("delta("):
        has_token = bool(_HAS_TOKEN.search(query) or _HAS_TOKEN.search(unquote_plus(path)))
        return Toll(ONE if has_token else SEVERAL, Priority.CHANGES)
    above = steps[-2] if len(steps) > 1 else ""
    is_one = last in _SINGLE or last.endswith(":") or above in _COLLECTIONS
    return Toll(ONE if is_one and last not in _MANY else SEVERAL)


#: the limit of a minute, for tenants with up to 1,000, 5,000, 15,000, 50,000 and more licences
ALLOWANCE = Allowance(
    name="graph",
    toll=toll,
    account="tenantId",
    limits=(1_250, 2_500, 3_750, 5_000, 6_250),
    limit_header="ratelimit-limit",
    remaining_header="ratelimit-remaining",
    reset_header="ratelimit-reset",
)
