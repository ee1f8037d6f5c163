"""Settings: environments, people and their roles, one's own password, and the audit log."""

from starlette.responses import Response

from fairlead.dashboard.desk.inside import Refused, path
from fairlead.dashboard.desk.visit import Visit
from fairlead.model.person import Role

_ENTRIES = 100


async def show(visit: Visit) -> Response:
    """Draw the settings."""
    people = []
    if visit.may("server:people:list"):
        people = (await visit.api.get("/people"))["data"]
    return visit.draw("desk/settings.html", people=people, roles=list(Role))


async def show_audit(visit: Visit) -> Response:
    """Draw the audit log."""
    entries = await visit.api.get(
        "/audit",
        who=visit.asked.get("who"),
        before=visit.asked.get("before"),
        limit=_ENTRIES,
    )
    return visit.draw(
        "desk/audit.html",
        entries=entries["data"],
        who=visit.asked.get("who", ""),
        has_more=len(entries["data"]) == _ENTRIES,
    )


async def add(visit: Visit) -> Response:
    """Let somebody sign in."""
    sent = {name: visit.form.get(name, "").strip() for name in ("email", "name", "role")}
    body = {name: value for name, value in sent.items() if value}
    if visit.form.get("password"):
        body["password"] = visit.form["password"]
    try:
        await visit.api.change("POST", "/people", body)
    except Refused as error:
        return visit.back(visit.link("settings"), error.sentence, is_bad=True)
    return visit.back(visit.link("settings"), f"{sent['email']} may sign in.")


async def change(visit: Visit) -> Response:
    """Change somebody's role."""
    where = path("people", visit.form.get("person", ""))
    try:
        done = await visit.api.change("PATCH", where, {"role": visit.form.get("role", "")})
    except Refused as error:
        return visit.back(visit.link("settings"), error.sentence, is_bad=True)
    person = done["data"]
    return visit.back(visit.link("settings"), f"{person['email']} is {person['role']} now.")


async def remove(visit: Visit) -> Response:
    """Remove somebody."""
    try:
        await visit.api.change("DELETE", path("people", visit.form.get("person", "")))
    except Refused as error:
        return visit.back(visit.link("settings"), error.sentence, is_bad=True)
    return visit.back(visit.link("settings"), "They cannot sign in any more.")
