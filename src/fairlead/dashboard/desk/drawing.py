"""Draws the dashboard's templates, under a policy that lets no foreign script or style in."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.responses import HTMLResponse

from fairlead import __version__
from fairlead.dashboard.desk import chart, words
from fairlead.dashboard.drawing import stamp, templates

_environment = templates()
_environment.globals |= {"version": __version__, "columns": chart.columns, "unquote": unquote}
_environment.filters |= words.FILTERS
HEADERS = {
    "Cache-Control": "no-store",
    # not no-referrer: with that, browsers send no origin with a form, by which we know our own
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
}


def draw(template: str, now: datetime, **values: Any) -> str:
    """Return a template's HTML; every value is escaped."""
    return _environment.get_template(template).render(**values, now=now, stamp=stamp())


def living(template: str, now: datetime, **values: Any) -> str:
    """Return the part of a page that changes; "" if none does."""
    _, _, after = draw(template, now, **values).partition("<!--live-->")
    return after.partition("<!--/live-->")[0]


def page(template: str, status: int, now: datetime, **values: Any) -> HTMLResponse:
    """Return a page."""
    return HTMLResponse(draw(template, now, **values), status, HEADERS)
