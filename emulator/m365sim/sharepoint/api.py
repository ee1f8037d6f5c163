"""`/_api/v2.0`: Graph's files and sites on the tenant host, under SharePoint's own tokens.

https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from m365sim.entra.tokens import InvalidToken, Principal, verify_access_token
from m365sim.faults import ASGIApp, Receive, Scope
from m365sim.graph.address import parse, raw_path
from m365sim.graph.call import Call, read_query
from m365sim.graph.metering import metered
from m365sim.graph.reply import Reply, json_reply, not_found
from m365sim.history import acting_for
from m365sim.rest.app import answer_rest, site_of, takes
from m365sim.rest.term_store import answer_terms
from m365sim.traffic import ROUTE, UNMODELLED

if TYPE_CHECKING:
    from m365sim.world import World

_V2 = re.compile(r"(?P<prefix>.*?/_api/v2\.[01])(?P<rest>/.*)", re.IGNORECASE)
#: What is of the site that the address names before `_api`; all else is as in Graph.
_OF_A_SITE = re.compile(r"/(?:drives|(?:drive|lists)(?:[/:(].*)?)", re.IGNORECASE)
_TERMS = re.compile(r"/(?:sites/[^/]+/)?termstore(/.*)?", re.IGNORECASE)
_WITH_CERTIFICATE = "2"


async def answer_api(
    world: World, scope: Scope, receive: Receive, headers: dict[str, str], alone: ASGIApp
) -> Reply:
    """Answer a request to the tenant host that carries a token."""
    found = _V2.fullmatch(raw_path(scope))
    if found is None and takes(scope["path"]):
        return await answer_rest(world, scope, receive, headers)
    if found is None:
        scope[UNMODELLED] = True
        scope[ROUTE] = "{not modelled}"
    try:
        principal = verify_access_token(world, headers.get("authorization"), "sharepoint")
    except InvalidToken as bad:
        challenge = (b"www-authenticate", bad.www_authenticate.encode("latin-1"))
        return json_reply({"error_description": bad.message}, 401, [challenge])
    if _is_app_without_certificate(principal):
        return json_reply({"error_description": "Unsupported app only token."}, 401)
    acting_for(principal)
    if found is None:
        return Reply(404, b"404 FILE NOT FOUND", [(b"content-type", b"text/plain; charset=utf-8")])
    if (terms := _TERMS.fullmatch(found["rest"])) is not None:
        scope[ROUTE] = "{site}/_api/v2.1/termStore"
        return await answer_terms(world, principal, scope["method"], terms[1] or "", receive)
    here = _OF_A_SITE.fullmatch(found["rest"])
    base = ""
    if here is not None:
        path = unquote(found["prefix"][: found["prefix"].lower().index("/_api/")])
        site = site_of(world, headers, path)
        if site is None:
            raise not_found("Requested site could not be found")
        base = f"/sites/{site.id}"
    address = parse(f"/v1.0{base}{found['rest']}")
    scope[ROUTE] = f"{{site}}/_api/v2.0{address.template}"
    address.resource = found["prefix"] + address.resource.removeprefix(f"/v1.0{base}")
    raw_query = scope.get("query_string", b"").decode("latin-1")
    call = Call(
        world,
        principal,
        scope["method"],
        address,
        raw_query,
        read_query(raw_query),
        headers,
        receive,
        f"{scope.get('scheme', 'https')}://{headers.get('host', world.tenant.sharepoint_host)}",
        alone,
    )
    return await metered(call, scope)


def _is_app_without_certificate(principal: Principal) -> bool:
    """Tell whether an app is alone and proved itself by a secret, which SharePoint refuses."""
    return principal.user is None and principal.appidacr != _WITH_CERTIFICATE
