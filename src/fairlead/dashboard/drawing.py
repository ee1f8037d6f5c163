"""Draws templates and serves the two files that they need; everything works without scripts.

The pages load nothing from elsewhere, and a strict policy holds them to that
(https://www.w3.org/TR/CSP3/).
"""

import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fairlead import __version__

_KINDS = {"fairlead.css": "text/css", "result.js": "text/javascript"}
_environment = Environment(
    loader=PackageLoader("fairlead.dashboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def draw(template: str, **values: object) -> str:
    """Return a template's HTML; every value is escaped."""
    return _environment.get_template(template).render(
        **values, version=__version__, stamp=_stamp("fairlead.css")
    )


def html(
    template: str,
    status: int = 200,
    *,
    form_targets: tuple[str, ...] = (),
    has_script: bool = False,
    **values: object,
) -> HTMLResponse:
    """Return a page; `form_targets` are the origins that its form may lead to.

    A page that `has_script` may run those of our own.
    """
    targets = " ".join(form_targets) or "'none'"
    scripts = "script-src 'self'; " if has_script else ""
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"{scripts}base-uri 'none'; form-action {targets}; frame-ancestors 'none'",
    }
    return HTMLResponse(draw(template, **values), status, headers)


@cache
def _asset(name: str) -> bytes:
    return (files("fairlead.dashboard") / "assets" / name).read_bytes()


@cache
def _stamp(name: str) -> str:
    """Return what changes in an asset's URL when the asset changes."""
    return hashlib.sha256(_asset(name)).hexdigest()[:12]


async def asset(request: Request) -> Response:
    """Serve one of our own files."""
    name = request.path_params["name"]
    if name not in _KINDS:
        return Response("There is no such file.\n", 404, media_type="text/plain")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(_asset(name), headers=headers, media_type=_KINDS[name])
