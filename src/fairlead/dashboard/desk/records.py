"""Records: what syncs brought, model by model, and one record with its content."""

import json
from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.connections import statuses_of
from fairlead.dashboard.desk.visit import Visit

#: rows of a page
_PAGE = 50
#: fields that a row shows beside the id
_FIELDS = 3
#: characters of a field in a row
_WIDE = 48


async def show(visit: Visit) -> Response:
    """Draw the records of a model, or one of them."""
    asked = {name: visit.asked.get(name, "") for name in ("integration", "id", "model", "variant")}
    asked["variant"] = asked["variant"] or "base"
    filtered, cursor = visit.asked.get("filter", ""), visit.asked.get("cursor", "")
    models: dict[str, int] = {}
    if asked["integration"] and asked["id"]:
        for sync in await statuses_of(visit, asked["integration"], asked["id"]):
            if sync["variant"] == asked["variant"]:
                models |= sync["recordCount"]
    asked["model"] = asked["model"] or next(iter(sorted(models)), "")
    page: dict[str, Any] = {"records": [], "next_cursor": None}
    if asked["model"]:
        page = await visit.api.get(
            "/records",
            headers={"Connection-Id": asked["id"], "Provider-Config-Key": asked["integration"]},
            model=asked["model"],
            variant=asked["variant"],
            filter=filtered,
            cursor=cursor,
            ids=visit.asked.get("record", ""),
            limit=_PAGE,
        )
    return visit.draw(
        "desk/records.html",
        asked=asked,
        filter=filtered,
        cursor=cursor,
        record=visit.asked.get("record", ""),
        models=models,
        fields=_fields_of(page["records"]),
        rows=page["records"],
        next_cursor=page["next_cursor"],
        written=_written,
        short=_short,
        connections=(await visit.api.get("/connections", limit=200))["connections"],
    )


def _fields_of(records: list[dict[str, Any]]) -> list[str]:
    """Return the fields that tell most at a glance: names first, short texts, no structures."""
    if not records:
        return []
    plain = [
        name
        for name, value in records[0].items()
        if name not in {"id", "_nango_metadata"}
        and not isinstance(value, dict | list)
        # names of versions and of other things, which tell people nothing
        and not name.endswith(("Id", "Tag", "_id", "_tag"))
    ]
    wanted = ("name", "title", "displayName", "label", "text", "subject", "email", "size")
    first = [name for name in wanted if name in plain]
    return [*first, *(name for name in plain if name not in first)][:_FIELDS]


def _short(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def _written(record: dict[str, Any]) -> str:
    shown = {name: value for name, value in record.items() if name != "_nango_metadata"}
    return json.dumps(shown, indent=2, ensure_ascii=False)
