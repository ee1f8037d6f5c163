"""The control API: look behind the scenes of an emulated cloud, move its clock, break it.

It has no counterpart in the real service. JSON in, JSON out, no authentication: keep it on the
loopback. `?tenant=` names a tenant by id, domain or name; without it the default one is meant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from m365sim.entra.controls import SIGN_IN_CONTROLS, SignInControl
from m365sim.faults import ASGIApp, Receive, Scope, Send
from m365sim.files.problems import Refused
from m365sim.graph.call import read_query
from m365sim.graph.reply import Reply, respond
from m365sim.history import KEPT, acting
from m365sim.switches import mails, switch_notifications, switch_throttling, tenant_report
from m365sim.truth import truth_pieces

if TYPE_CHECKING:
    from m365sim.world import World

PREFIX = "/_m365sim"

Handler = Callable[["World", list[str], dict[str, str], dict[str, Any]], Reply]


class Unanswerable(Exception):
    """The control request is wrong; the message says how."""


def control_app(world: World) -> ASGIApp:
    """Return the control API of a world."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        query = read_query(scope.get("query_string", b"").decode("latin-1"))
        parts = [unquote(part) for part in scope["path"].removeprefix(PREFIX).split("/") if part]
        try:
            here = _tenant(world, query)
            if scope["method"] == "GET" and parts == ["truth"]:
                await _stream_truth(here, query.get("drive"), send)
                return
            body = await _json(receive)
            with acting("control"):
                reply = _dispatch(here, scope["method"], parts, query, body)
        except (Unanswerable, Refused, ValueError, TypeError) as wrong:
            reply = _json_reply({"error": str(wrong)}, 400)
        await respond(send, reply, [])

    return app


def _tenant(world: World, query: dict[str, str]) -> World:
    """Return the world of the tenant that a query names by id, domain or name; else the first."""
    named = query.get("tenant")
    if named is None:
        return world
    for one in world.tenants.values():
        if named.lower() in (one.tenant.id, one.tenant.domain.lower(), one.tenant.name.lower()):
            return one
    raise Unanswerable(f"There is no tenant {named}.")


async def _stream_truth(world: World, drive_id: str | None, send: Send) -> None:
    """Send what `truth` returns piece by piece: a large library would not fit in memory."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in truth_pieces(world, drive_id):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)  # a reader that keeps up would let nobody else have a turn
    await send({"type": "http.response.body"})


def _dispatch(
    world: World, method: str, parts: list[str], query: dict[str, str], body: dict[str, Any]
) -> Reply:
    head = parts[0] if parts else ""
    found = _HANDLERS.get((method, head, len(parts)))
    if found is None:
        return _json_reply({"error": "The control API has no such thing."}, 404)
    return found[0](world, parts, query, body)


def _requests(world: World, _: list[str], query: dict[str, str], __: dict[str, Any]) -> Reply:
    return _json_reply(world.faults.traffic.report(int(query.get("last", "50"))))


def _history(world: World, _: list[str], query: dict[str, str], __: dict[str, Any]) -> Reply:
    tenant_id = world.tenant.id if "tenant" in query else None
    return _json_reply(world.history.report(int(query.get("since", "0")), tenant_id))


def _clear_requests(world: World, *_: object) -> Reply:
    world.faults.traffic.clear()
    return Reply(204)


def _faults(world: World, *_: object) -> Reply:
    return _json_reply(world.faults.report())


def _add_fault(world: World, _: list[str], __: dict[str, str], body: dict[str, Any]) -> Reply:
    fault = world.faults.add_json(body)
    return _json_reply({"id": fault.id}, 201)


def _remove_faults(world: World, parts: list[str], _: dict[str, str], __: dict[str, Any]) -> Reply:
    world.faults.remove(parts[1] if len(parts) > 1 else None)
    return Reply(204)


def _advance(world: World, parts: list[str], _: dict[str, str], body: dict[str, Any]) -> Reply:
    if parts[1] != "advance":
        raise Unanswerable("A clock can only advance.")
    units = {"seconds", "minutes", "hours", "days"}
    if not body or set(body) - units:
        raise Unanswerable(f"Say by how many {', '.join(sorted(units))}.")
    world.clock.advance(timedelta(**body))
    return _json_reply({"now": world.clock.now().isoformat()})


def _expire_delta(world: World, parts: list[str], _: dict[str, str], __: dict[str, Any]) -> Reply:
    if parts[1] != "expire":
        raise Unanswerable("Delta tokens can only expire.")
    world.content.expire_delta_tokens()
    world.lists.expire_delta_tokens()
    return Reply(204)


def _quirks(world: World, _: list[str], __: dict[str, str], body: dict[str, Any]) -> Reply:
    world.quirks.change(**body)
    return _json_reply(world.quirks.report())


def _sign_in_control(control: SignInControl) -> Handler:
    """Return the handler of a control that says what it changed, or nothing."""

    def handle(world: World, parts: list[str], _: dict[str, str], body: dict[str, Any]) -> Reply:
        changed = control.change(world, parts, body)
        return Reply(204) if changed is None else _json_reply(changed, control.status)

    return handle


def _tenants(world: World, *_: object) -> Reply:
    return _json_reply({"tenants": [tenant_report(one) for one in world.tenants.values()]})


def _restore(world: World, parts: list[str], _: dict[str, str], __: dict[str, Any]) -> Reply:
    drive = world.content.drive_by_id(parts[1])
    if drive is None:
        raise Unanswerable("There is no such drive.")
    for item in drive.bin():
        if drive.item_id(item.uid) == parts[2]:
            return _json_reply({"id": drive.item_id(drive.restore(item.uid).uid)})
    raise Unanswerable("There is no such item in the recycle bin.")


def _remove_site(world: World, parts: list[str], _: dict[str, str], __: dict[str, Any]) -> Reply:
    site = world.content.site_by_id(parts[1])
    if site is None:
        raise Unanswerable("There is no such site.")
    world.content.remove_site(site)
    return Reply(204)


def _rescan(world: World, *_: object) -> Reply:
    return _json_reply({"changes": sum(mirror.rescan() for mirror in world.content.mirrors)})


def _notifications(world: World, _: list[str], __: dict[str, str], body: dict[str, Any]) -> Reply:
    return _json_reply(switch_notifications(world, body))


def _mails(world: World, *_: object) -> Reply:
    return _json_reply(mails(world))


def _throttle(world: World, _: list[str], __: dict[str, str], body: dict[str, Any]) -> Reply:
    return _json_reply(switch_throttling(world, body))


#: (verb, first part of the path, number of parts) → handler, how it is called, what it does
_HANDLERS: dict[tuple[str, str, int], tuple[Handler, str, str]] = {
    ("GET", "requests", 1): (_requests, "requests?last=N", "counts per route, the last N requests"),
    ("DELETE", "requests", 1): (_clear_requests, "requests", "forget the counts"),
    ("GET", "history", 1): (
        _history,
        "history?since=N",
        f"every change after number N, in order; the last {KEPT:,} are kept",
    ),
    ("GET", "faults", 1): (_faults, "faults", "the rules in force and what they hit"),
    ("POST", "faults", 1): (_add_fault, "faults", "put a rule in force: the fields of Fault"),
    ("DELETE", "faults", 1): (_remove_faults, "faults", "take all rules out of force"),
    ("DELETE", "faults", 2): (_remove_faults, "faults/{id}", "take one rule out of force"),
    ("POST", "clock", 2): (
        _advance,
        "clock/advance",
        "days, hours, minutes, seconds to advance by",
    ),
    ("POST", "delta", 2): (_expire_delta, "delta/expire", "every delta token so far answers 410"),
    ("GET", "quirks", 1): (_quirks, "quirks", "the switches for behaviour that varies"),
    ("POST", "quirks", 1): (_quirks, "quirks", "set switches by name"),
    ("GET", "tenants", 1): (_tenants, "tenants", "the tenants of the cloud, the default one first"),
    ("POST", "restore", 3): (_restore, "restore/{drive}/{item}", "out of the recycle bin"),
    ("GET", "mails", 1): (_mails, "mails", "invitations that would have been mailed"),
    ("GET", "throttle", 1): (_throttle, "throttle", "limits, and what of them is used"),
    ("POST", "throttle", 1): (
        _throttle,
        "throttle",
        "on: bool, licences: N, appPerMinute: units; counting begins anew",
    ),
    ("GET", "notifications", 1): (
        _notifications,
        "notifications",
        "subscriptions, receivers and what was delivered to them",
    ),
    ("POST", "notifications", 1): (
        _notifications,
        "notifications",
        "drop: share, delay: seconds, challenge: true, announce: missed or subscriptionRemoved",
    ),
    ("DELETE", "sites", 2): (
        _remove_site,
        "sites/{id}",
        "delete a site collection or a subsite for good, with all that is in it",
    ),
    ("POST", "rescan", 1): (_rescan, "rescan", "look at the mirrored folders now"),
    **{
        (one.verb, one.path.partition("/")[0], one.path.count("/") + 1): (
            _sign_in_control(one),
            one.path,
            one.meaning,
        )
        for one in SIGN_IN_CONTROLS
    },
}

#: Verb, path and meaning of everything the control API does.
CONTROLS = (
    (
        "GET",
        f"{PREFIX}/truth?drive=ID&tenant=NAME",
        "the full present state of a tenant, or of one of its drives",
    ),
    *((key[0], f"{PREFIX}/{path}", meaning) for key, (_, path, meaning) in _HANDLERS.items()),
)


async def _json(receive: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    read = bytearray()
    while True:
        message = await receive()
        read += message.get("body", b"")
        if not message.get("more_body"):
            break
    value = orjson.loads(read) if read else {}
    if not isinstance(value, dict):
        raise Unanswerable("A JSON object was expected.")
    return value


def _json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value), [(b"content-type", b"application/json")])
