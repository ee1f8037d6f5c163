"""The tenant host as a raw ASGI application: what Graph sends clients to without a token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from m365sim.faults import ASGIApp, Receive, Scope, Send, with_faults
from m365sim.files.problems import Refused
from m365sim.graph.call import read_query
from m365sim.graph.item_shapes import ItemShapes
from m365sim.graph.reply import (
    GraphError,
    Headers,
    Reply,
    error_reply,
    invalid,
    json_reply,
    respond,
    worded,
)
from m365sim.graph.writes import upload_state
from m365sim.sharepoint.api import answer_api
from m365sim.sharepoint.downloads import send_file
from m365sim.sharepoint.monitor import answer_monitor
from m365sim.traffic import ROUTE
from m365sim.transfer.preauth import BadProof, Proof, read_proof
from m365sim.transfer.uploads import (
    PATIENCE,
    UploadSession,
    check_range,
    complete,
    open_session,
)

if TYPE_CHECKING:
    from m365sim.world import World

_DOWNLOAD = "/_layouts/15/download.aspx"
_UPLOAD = re.compile(r".*/_api/v2\.[01]/drives/[^/]+/items/[^/]+/uploadSession", re.IGNORECASE)
_MONITOR = re.compile(r".*/_api/v2\.[01]/monitor/([^/]+)", re.IGNORECASE)


def sharepoint_app(world: World) -> ASGIApp:
    """Return the tenant host for a world."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = str(UUID(int=world.rng.getrandbits(128), version=4))
        stamp: Headers = [
            (b"sprequestguid", request_id.encode()),
            (b"request-id", request_id.encode()),
            (b"microsoftsharepointteamservices", b"16.0.0.26000"),
            (b"sprequestduration", b"18"),
            (b"spclientservicerequestduration", b"18"),
            (b"spiislatency", b"1"),
        ]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        here = world.at_host(headers.get("host", ""))
        try:
            if here is None:  # nobody's host
                text = [(b"content-type", b"text/plain; charset=utf-8")]
                reply: Reply | None = Reply(404, b"404 FILE NOT FOUND", text)
            else:
                reply = await _answer(here, scope, receive, send, headers, alone=alone)
        except GraphError as error:
            date = world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
            reply = error_reply(error, date, request_id, request_id)
        if reply is not None:
            score = b"9" if reply.status in (429, 503) else b"1"  # of 10: how busy the service is
            await respond(send, reply, [*stamp, (b"x-sharepointhealthscore", score)])

    alone = with_faults(app, world, "sharepoint")  # for the requests of a batch
    return app


async def _answer(
    world: World,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: dict[str, str],
    *,
    alone: ASGIApp,
) -> Reply | None:
    path: str = scope["path"]
    query = read_query(scope.get("query_string", b"").decode("latin-1"))
    if path.lower().endswith(_DOWNLOAD) and scope["method"] in ("GET", "HEAD"):
        scope[ROUTE] = f"{{site}}{_DOWNLOAD}"
        await send_file(world, scope, send, headers, _proof(world, headers, query))
        return None
    if _UPLOAD.fullmatch(path):
        scope[ROUTE] = "{site}/_api/v2.0/drives/{drive-id}/items/{item-id}/uploadSession"
        try:
            return await _upload(world, scope, receive, headers, _proof(world, headers, query))
        except Refused as refused:
            raise worded(refused) from refused
    if (monitor := _MONITOR.fullmatch(path)) and scope["method"] == "GET":
        scope[ROUTE] = "/_api/v2.0/monitor/{operation-id}"
        return answer_monitor(world, monitor[1])
    return await answer_api(world, scope, receive, headers, alone)


def _proof(world: World, headers: dict[str, str], query: dict[str, str]) -> Proof:
    if "authorization" in headers:
        # A token for Graph is none for this host, and it is looked at first.
        raise GraphError(401, "unauthenticated", "Invalid issuer or signature.")
    try:
        return read_proof(world, query.get("tempauth", ""))
    except BadProof as bad:
        raise GraphError(401, "unauthenticated", str(bad)) from bad


async def _upload(
    world: World, scope: Scope, receive: Receive, headers: dict[str, str], proof: Proof
) -> Reply:
    session = open_session(world, proof.subject)
    match scope["method"]:
        case "GET":
            return json_reply(upload_state(session))
        case "DELETE":
            session.intake.discard()
            del world.content.uploads[session.id]
            return Reply(204)
        case "PUT":
            return await _fragment(world, session, receive, headers)
        case "POST":  # completes a session whose commit was deferred
            return _completed(world, session)
    raise invalid("An upload session takes PUT, GET, POST and DELETE.")


async def _fragment(
    world: World, session: UploadSession, receive: Receive, headers: dict[str, str]
) -> Reply:
    length = headers.get("content-length")
    wanted, strict = headers.get("content-range"), world.quirks.strict_fragments
    size = check_range(
        session, wanted, int(length) if length and length.isdigit() else None, strict=strict
    )
    arrived = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise invalid("The fragment broke off.")
        arrived += message.get("body", b"")
        if not message.get("more_body"):
            break
    if len(arrived) != size:
        raise invalid("The fragment's length does not fit its Content-Range.")
    # Another fragment may have arrived while this one was on its way.
    check_range(session, wanted, size, strict=strict)
    session.intake.write(bytes(arrived))
    session.expires_at = world.clock.now() + PATIENCE
    if not session.is_whole or session.is_deferred:
        return json_reply(upload_state(session), 202)
    return _completed(world, session)


def _completed(world: World, session: UploadSession) -> Reply:
    item, is_new = complete(world, session)
    shape = ItemShapes(world, session.drive, session.principal).item(item)
    return json_reply(shape, 201 if is_new else 200)
