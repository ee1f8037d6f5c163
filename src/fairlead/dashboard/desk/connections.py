"""Connections: the list with its search, and one with its health and what can be done about it."""

from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.inside import Refused, path
from fairlead.dashboard.desk.visit import Visit

#: rows of a page
PAGE = 25


def page_number(visit: Visit) -> int:
    """Return which page of a list is asked for, from 0."""
    asked = visit.asked.get("page", "0")
    return min(int(asked), 100_000) if asked.isascii() and asked.isdigit() else 0


async def show_all(visit: Visit) -> Response:
    """Draw the list."""
    number = page_number(visit)
    health = visit.asked.get("health", "")
    listed = await visit.api.get(
        "/connections",
        search=visit.asked.get("search"),
        integrationId=visit.asked.get("integration"),
        failing={"failing": "true", "healthy": "false"}.get(health),
        limit=PAGE,
        page=number,
    )
    following = await visit.api.get(
        "/connections",
        search=visit.asked.get("search"),
        integrationId=visit.asked.get("integration"),
        failing={"failing": "true", "healthy": "false"}.get(health),
        limit=1,
        page=(number + 1) * PAGE,
    )
    integrations = (await visit.api.get("/integrations"))["data"]
    return visit.draw(
        "desk/connections.html",
        connections=listed["connections"],
        pending=listed.get("pending", []),
        integrations=integrations,
        search=visit.asked.get("search", ""),
        integration=visit.asked.get("integration", ""),
        health=health,
        number=number,
        has_more=bool(following["connections"]),
    )


async def _item(visit: Visit, key: str, connection_id: str) -> dict[str, Any]:
    listed = await visit.api.get("/connections", connectionId=connection_id, integrationId=key)
    if not listed["connections"]:
        raise Refused(404, {"message": f"There is no connection “{connection_id}” of “{key}”."})
    item: dict[str, Any] = listed["connections"][0]
    return item


async def statuses_of(visit: Visit, key: str, connection_id: str) -> list[dict[str, Any]]:
    """Return how the syncs of a connection stand, [] if it has none."""
    try:
        answer = await visit.api.get(
            "/sync/status", syncs="*", provider_config_key=key, connection_id=connection_id
        )
    except Refused as error:
        if error.code == "no_syncs_found":
            return []
        raise
    found: list[dict[str, Any]] = answer["syncs"]
    return found


async def _subscriptions(visit: Visit, key: str, connection_id: str) -> list[dict[str, Any]]:
    answer = await visit.api.get(
        "/subscriptions", provider_config_key=key, connection_id=connection_id
    )
    found: list[dict[str, Any]] = answer["subscriptions"]
    return found


async def show(visit: Visit) -> Response:
    """Draw one connection."""
    return await _draw(visit, visit.asked.get("integration", ""), visit.asked.get("id", ""))


async def _draw(visit: Visit, key: str, connection_id: str, **values: Any) -> Response:
    told: dict[str, Any] = {"diagnosis": None, "reconnect": None}
    return visit.draw(
        "desk/connection.html",
        connection=await _item(visit, key, connection_id),
        syncs=await statuses_of(visit, key, connection_id),
        subscriptions=await _subscriptions(visit, key, connection_id),
        **(told | values),
    )


def _named(visit: Visit) -> tuple[str, str]:
    return visit.form.get("integration", ""), visit.form.get("id", "")


async def examine(visit: Visit) -> Response:
    """Test a connection, and show what came out of it."""
    key, connection_id = _named(visit)
    where = path("connections", connection_id, "doctor")
    diagnosis = await visit.api.change("POST", where, {}, provider_config_key=key)
    return await _draw(visit, key, connection_id, diagnosis=diagnosis)


async def reconnect(visit: Visit) -> Response:
    """Make a link by which the end user renews the connection."""
    key, connection_id = _named(visit)
    sent = {"connection_id": connection_id, "integration_id": key}
    made = await visit.api.change("POST", "/connect/sessions/reconnect", sent)
    return await _draw(visit, key, connection_id, reconnect=made["data"])


async def remove(visit: Visit) -> Response:
    """Delete a connection."""
    key, connection_id = _named(visit)
    await visit.api.change("DELETE", path("connections", connection_id), provider_config_key=key)
    return visit.back(visit.link("connections"), f"{connection_id} is deleted, with its records.")


async def invite(visit: Visit) -> Response:
    """Make a link by which somebody connects."""
    key, who = visit.form.get("integration", ""), visit.form.get("who", "").strip()
    made = await visit.api.change(
        "POST",
        "/connect/sessions",
        {"allowed_integrations": [key], "end_user": {"id": who}} if key else {"tags": {}},
    )
    return visit.draw("desk/invited.html", link=made["data"], integration=key, who=who)
