"""Graph as a raw ASGI application: token, address, handler, answer.

https://learn.microsoft.com/graph/use-the-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from m365sim.clouds import GLOBAL
from m365sim.entra.tokens import InvalidToken, Principal, verify_access_token
from m365sim.entra.userinfo import USERINFO, userinfo
from m365sim.faults import ASGIApp, Receive, Scope, Send, with_faults
from m365sim.graph.address import parse, raw_path
from m365sim.graph.call import Call, read_query
from m365sim.graph.metering import metered
from m365sim.graph.reply import GraphError, Reply, common_headers, error_reply, json_reply, respond
from m365sim.graph.shapes import CONTEXT
from m365sim.history import acting_for
from m365sim.traffic import ROUTE

if TYPE_CHECKING:
    from m365sim.world import World

_CONTEXT = b'"@odata.context":"%s'


def graph_app(world: World) -> ASGIApp:
    """Return Graph for a world."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        request_id = str(UUID(int=world.rng.getrandbits(128), version=4))
        client_id = headers.get("client-request-id", request_id)
        try:
            reply = await _answer(world, scope, receive, headers, alone)
        except GraphError as error:
            date = world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
            reply = error_reply(error, date, request_id, client_id)
        _say_where(world, reply)
        await respond(send, reply, common_headers(request_id, client_id))

    alone = with_faults(app, world, "graph")  # for the requests of a batch
    return app


def _say_where(world: World, reply: Reply) -> None:
    """Name the host of a national cloud in `@odata.context`, which says the global one's so far."""
    if world.cloud is not GLOBAL:
        here = CONTEXT.replace(GLOBAL.graph, world.cloud.graph)
        reply.body = reply.body.replace(_CONTEXT % CONTEXT.encode(), _CONTEXT % here.encode())


async def _answer(
    world: World, scope: Scope, receive: Receive, headers: dict[str, str], alone: ASGIApp
) -> Reply:
    if scope["path"] == USERINFO:
        return _userinfo(world, scope, headers)
    address = parse(raw_path(scope))
    scope[ROUTE] = address.template or None
    principal = _principal(world, headers)
    acting_for(principal)
    world = world.of(principal.tenant_id)
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
        world.urls.graph,
        alone,
    )
    return await metered(call, scope)


def _principal(world: World, headers: dict[str, str]) -> Principal:
    try:
        return verify_access_token(world, headers.get("authorization"), "graph")
    except InvalidToken as bad:
        challenge = (b"www-authenticate", bad.www_authenticate.encode("latin-1"))
        raise GraphError(401, bad.code, bad.message, headers=[challenge]) from bad


def _userinfo(world: World, scope: Scope, headers: dict[str, str]) -> Reply:
    scope[ROUTE] = USERINFO
    claims = userinfo(world, _principal(world, headers))
    if claims is None:
        raise GraphError(403, "Authorization_RequestDenied", "The token lacks the scope openid.")
    return json_reply(claims)
