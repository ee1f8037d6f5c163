"""Answers requests to `_api`: token, address, handler, and the form that is asked for.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from m365sim.entra.tokens import InvalidToken, Principal, verify_access_token
from m365sim.faults import Receive, Scope
from m365sim.files import problems
from m365sim.files.site import Site
from m365sim.graph.call import read_query
from m365sim.graph.reply import Headers, Reply, json_reply
from m365sim.history import acting_for
from m365sim.rest.access import READ, check_token
from m365sim.rest.address import Segment, parse, split
from m365sim.rest.batch import read_batch, write_batch
from m365sim.rest.call import Call
from m365sim.rest.dialect import Dialect
from m365sim.rest.digests import check_digest
from m365sim.rest.errors import RestError, bad_query, denied, no_resource, worded
from m365sim.rest.routes import TABLES
from m365sim.rest.shaping import Shaper
from m365sim.rest.tables import Node
from m365sim.rest.values import Result
from m365sim.traffic import ROUTE, UNMODELLED

if TYPE_CHECKING:
    from m365sim.world import World

_WITH_CERTIFICATE = "2"
_UNITS = 2  # what a request costs
_OVERRIDES = frozenset({"MERGE", "PATCH", "PUT", "DELETE"})


def takes(path: str) -> bool:
    """Tell whether a decoded path is one of `_api`."""
    return split(path) is not None


async def answer_rest(
    world: World, scope: Scope, receive: Receive, headers: dict[str, str]
) -> Reply:
    """Answer a request to `_api`."""
    site_path, rest = split(scope["path"]) or ("", "")
    origin = f"{scope.get('scheme', 'https')}://{headers.get('host', world.tenant.sharepoint_host)}"
    dialect = Dialect.of(headers, f"{origin}{site_path}/_api")
    try:
        principal = _principal(world, headers)
    except InvalidToken as bad:
        challenge = (b"www-authenticate", bad.www_authenticate.encode("latin-1"))
        message = bad.message
        if message.startswith("Access token validation failure"):
            message = "Invalid issuer or signature."
        reason = f'3000006;reason="{message}";category="invalid_client"'
        return json_reply(
            {"error_description": message},
            401,
            [challenge, (b"x-ms-diagnostics", reason.encode("latin-1", "replace"))],
        )
    if principal.user is None and principal.appidacr != _WITH_CERTIFICATE:
        return json_reply({"error_description": "Unsupported app only token."}, 401)
    acting_for(principal)
    try:
        site = _site(world, headers, site_path)
        query = read_query(scope.get("query_string", b"").decode("latin-1"))
        call = Call(world, principal, _method(scope, headers), site, query, headers, receive, "")
        call.base, call.path = dialect.base, rest
        raw = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        call.link = origin + raw
        if world.quirks.checks_digests:
            check_digest(call)
        if rest.lower() == "$batch":
            return await _batch(call, scope, origin)
    except RestError as error:
        return dialect.error(error)
    return await _one(call, scope, dialect)


async def _one(call: Call, scope: Scope, dialect: Dialect) -> Reply:
    """Answer one request: one that came alone, or one of a batch."""
    limits: Headers = []
    try:
        limits = _charge(call.world, call.principal)
        reply = await _dispatch(call, scope, call.path, dialect)
        if call.is_unmodelled:
            scope[UNMODELLED] = True
    except problems.Refused as refused:
        reply = dialect.error(worded(refused))
    except RestError as error:
        reply = dialect.error(error)
    reply.headers.extend(limits)
    return reply


async def _batch(call: Call, scope: Scope, origin: str) -> Reply:
    """Answer the requests of a batch, each on its own."""
    scope[ROUTE] = "{site}/_api/$batch"
    if call.method != "POST":
        raise bad_query(f"The HTTP method '{call.method}' is not supported for this resource.")
    parts = await read_batch(call)
    answered: list[Reply] = []
    for part in parts:
        inner: Scope = {"method": part.method}
        dialect = Dialect.of(part.headers, call.base)
        one = Call(
            call.world,
            call.principal,
            _method(inner, part.headers),
            call.site,
            read_query(part.query),
            part.headers,
            part.receive(),
            call.base,
        )
        one.path, one.link = part.rest, f"{origin}{part.path}"
        if part.site.lower() != call.site.path.lower():
            wrong = bad_query("The requests of a batch must be of the site that the batch is of.")
            answered.append(dialect.error(wrong))
        else:
            answered.append(await _one(one, inner, dialect))
        if inner.get(UNMODELLED):
            scope[UNMODELLED] = True
    return write_batch(answered, str(UUID(int=call.world.rng.getrandbits(128), version=4)))


def _principal(world: World, headers: dict[str, str]) -> Principal:
    return verify_access_token(world, headers.get("authorization"), "sharepoint")


def site_of(world: World, headers: dict[str, str], path: str) -> Site | None:
    """Find the site that a request to the tenant host names before `_api`."""
    content = world.content
    label = headers.get("host", "").partition(".")[0].lower()
    is_personal = label == content.personal_host.partition(".")[0]
    return content.site_at(content.personal_host if is_personal else content.host, path)


def _site(world: World, headers: dict[str, str], path: str) -> Site:
    found = site_of(world, headers, path)
    if found is None:
        raise RestError(404, "-1, System.IO.FileNotFoundException", "404 FILE NOT FOUND")
    return found


def _method(scope: Scope, headers: dict[str, str]) -> str:
    method: str = scope["method"]
    if method == "POST":
        override = headers.get("x-http-method", headers.get("x-http-method-override", "")).upper()
        method = override if override in _OVERRIDES else method
    return "MERGE" if method == "PATCH" else method


def _charge(world: World, principal: Principal) -> Headers:
    """Count a request against the limits of app and tenant."""
    if not world.throttle.is_on:
        return []
    user = principal.user.id if principal.user is not None else None
    verdict = world.throttle.charge(
        principal.app_id, principal.tenant_id, user, _UNITS, world.clock.now()
    )
    if not verdict.is_allowed:
        code = "-2147429894, Microsoft.SharePoint.Client.ClientServiceException"
        raise RestError(
            verdict.status, code, "The request has been throttled.", headers=verdict.headers
        )
    return list(verdict.headers)


async def _dispatch(call: Call, scope: Scope, rest: str, dialect: Dialect) -> Reply:
    check_token(call.world, call.principal, call.site, READ)
    if not call.world.sharing.sees_site(call.principal, call.site):
        raise denied()
    segments = parse(rest, call.query)
    names = [(s.name or "()") + ("(...)" if s.has_key else "") for s in segments]
    scope[ROUTE] = "/".join(["{site}/_api", *names])
    shaper, node = Shaper(TABLES, call), Node("root", "")
    last = segments[-1] if segments else Segment("", "")
    for segment in segments[:-1]:
        following = _step(call, node, segment)
        if following is None:
            raise _not_modelled(scope, rest)
        if following.of is None:
            raise no_resource(rest)
        node = following
    action = TABLES.actions.get((node.kind, last.name, call.method)) if last.name else None
    if action is not None:
        return _shown(await action.do(call, node, last), shaper, dialect)
    target = _step(call, node, last) if segments else None
    if target is not None:
        return await _addressed(call, scope, target, last, dialect)
    if call.method == "GET" and shaper.has_value(node, last.name):
        name, value = shaper.property(node, last.name)
        return dialect.reply(Result(value, name))
    raise _not_modelled(scope, rest)


async def _addressed(
    call: Call, scope: Scope, node: Node, last: Segment, dialect: Dialect
) -> Reply:
    """Answer a request about something as a whole."""
    shaper = Shaper(TABLES, call)
    action = TABLES.actions.get((node.kind, "", call.method))
    if node.of is None:
        return dialect.reply(Result(None, last.written))
    if action is not None:
        return _shown(await action.do(call, node, last), shaper, dialect, created=True)
    if call.method in ("GET", "POST"):  # a function called by POST is as good as by GET
        return _shown(node, shaper, dialect)
    scope[UNMODELLED] = True
    raise bad_query(f"The HTTP method '{call.method}' is not supported for this resource.")


def _not_modelled(scope: Scope, rest: str) -> RestError:
    scope[UNMODELLED] = True
    return no_resource(rest)


def _step(call: Call, node: Node, segment: Segment) -> Node | None:
    step = TABLES.steps.get((node.kind, segment.name or "()"))
    if step is None:
        return None
    found = step.go(call, node, segment)
    if segment.has_key and segment.name and not step.is_function:
        if not (segment.arguments or segment.named):
            return found
        key = TABLES.steps.get((found.kind, "()"))
        return key.go(call, found, segment) if key is not None else None
    return found


def _shown(
    done: Node | Result | Reply, shaper: Shaper, dialect: Dialect, *, created: bool = False
) -> Reply:
    if isinstance(done, Reply):
        return done
    if isinstance(done, Node):
        done = Result(shaper.shown(done), status=201 if created else 200)
    return dialect.reply(done)
