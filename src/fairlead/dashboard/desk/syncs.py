"""Syncs: how they stand over all connections, and one with its runs, schedule and deletions."""

from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.connections import PAGE, page_number, statuses_of
from fairlead.dashboard.desk.inside import Refused
from fairlead.dashboard.desk.visit import Visit

#: runs that one page looks back on
_RUNS = 40


async def show_all(visit: Visit) -> Response:
    """Draw the list: the syncs of a page of connections."""
    number, key = page_number(visit), visit.asked.get("integration")
    search = visit.asked.get("search")
    listed = (
        await visit.api.get(
            "/connections", search=search, integrationId=key, limit=PAGE + 1, page=0
        )
        if number == 0
        else await visit.api.get(
            "/connections", search=search, integrationId=key, limit=PAGE, page=number
        )
    )
    connections = listed["connections"]
    rows = [
        {"connection": each, "syncs": syncs}
        for each in connections[:PAGE]
        if (syncs := await statuses_of(visit, each["provider_config_key"], each["connection_id"]))
    ]
    return visit.draw(
        "desk/syncs.html",
        rows=rows,
        integrations=(await visit.api.get("/integrations"))["data"],
        integration=key or "",
        search=search or "",
        number=number,
        has_more=len(connections) > PAGE or (number > 0 and len(connections) == PAGE),
    )


def _named(source: Any) -> dict[str, str]:
    return {
        "integration": source.get("integration", ""),
        "id": source.get("id", ""),
        "name": source.get("name", ""),
        "variant": source.get("variant", "") or "base",
    }


async def show(visit: Visit) -> Response:
    """Draw one sync."""
    named = _named(visit.asked)
    found = [
        each
        for each in await statuses_of(visit, named["integration"], named["id"])
        if (each["name"], each["variant"]) == (named["name"], named["variant"])
    ]
    if not found:
        raise Refused(404, {"message": f"There is no sync “{named['name']}” there."})
    runs = await visit.api.get(
        "/sync/runs",
        provider_config_key=named["integration"],
        connection_id=named["id"],
        sync_name=named["name"],
        sync_variant=named["variant"],
        limit=_RUNS,
    )
    return visit.draw(
        "desk/sync.html", sync=found[0], runs=runs["data"], named=named, models=_models(found[0])
    )


def _models(sync: dict[str, Any]) -> list[str]:
    return sorted({*sync["recordCount"], *sync["latestResult"]})


def _back(visit: Visit, said: str, named: dict[str, str], *, is_bad: bool = False) -> Response:
    return visit.back(visit.link("sync", **named), said, is_bad=is_bad)


def _command(visit: Visit) -> tuple[dict[str, str], dict[str, Any]]:
    named = _named(visit.form)
    return named, {
        "syncs": [{"name": named["name"], "variant": named["variant"]}],
        "provider_config_key": named["integration"],
        "connection_id": named["id"],
    }


async def run(visit: Visit) -> Response:
    """Run a sync now; with `again`, from nothing."""
    named, command = _command(visit)
    again = visit.form.get("mode") == "again"
    if again:
        command["sync_mode"] = "full_refresh"
    await visit.api.change("POST", "/sync/trigger", command)
    said = "It reads everything again." if again else "It runs."
    return _back(visit, said, named)


async def start(visit: Visit) -> Response:
    """Start a schedule."""
    named, command = _command(visit)
    await visit.api.change("POST", "/sync/start", command)
    return _back(visit, "The schedule goes on.", named)


async def pause(visit: Visit) -> Response:
    """Pause a schedule."""
    named, command = _command(visit)
    await visit.api.change("POST", "/sync/pause", command)
    return _back(visit, "The schedule is paused; a run under way finishes.", named)


async def cancel(visit: Visit) -> Response:
    """Stop a run."""
    named, command = _command(visit)
    done = await visit.api.change("POST", "/sync/cancel", command)
    said = "The run is being stopped." if done["cancelled"] else "There was no run to stop."
    return _back(visit, said, named)


async def approve(visit: Visit) -> Response:
    """Delete what was held back."""
    named, command = _command(visit)
    done = await visit.api.change("POST", "/sync/deletions/approve", command)
    count = sum(done["deleted"].values())
    return _back(visit, f"{count} records are deleted.", named)


async def reschedule(visit: Visit) -> Response:
    """Change how often a sync runs; nothing given = as its author meant."""
    named = _named(visit.form)
    sent = {
        "sync_name": named["name"],
        "sync_variant": named["variant"],
        "provider_config_key": named["integration"],
        "connection_id": named["id"],
        "frequency": visit.form.get("frequency", "").strip() or None,
    }
    try:
        done = await visit.api.change("PUT", "/sync/update-connection-frequency", sent)
    except Refused as error:
        return _back(visit, error.sentence, named, is_bad=True)
    return _back(visit, f"It runs {done['frequency']}.", named)
