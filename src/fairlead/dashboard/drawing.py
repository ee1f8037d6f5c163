"""Draws templates and serves the few files that they need; everything works without scripts.

The pages load nothing from elsewhere, and a strict policy holds them to that
(https://www.w3.org/TR/CSP3/).
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fairlead import __version__
from fairlead.connect.branding import Logo
from fairlead.dashboard.colours import sheet
from fairlead.dashboard.look import PLAIN, Look

_KINDS = {
    "fairlead.css": "text/css",
    "connect.js": "text/javascript",
    "result.js": "text/javascript",
    "desk.css": "text/css",
    "desk.js": "text/javascript",
}
_THEME = re.compile(r"theme-([0-9a-f]{6})-([0-9a-f]{6})\.css")
_FOREVER = "public, max-age=31536000, immutable"
_NOBODY = "'none'"


def templates() -> Environment:
    """Return what draws our templates: it escapes every value, and misses none in silence."""
    return Environment(
        loader=PackageLoader("fairlead.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_environment = templates()


def draw(template: str, look: Look = PLAIN, **values: object) -> str:
    """Return a template's HTML; every value is escaped."""
    return _environment.get_template(template).render(
        **values, look=look, version=__version__, stamp=stamp()
    )


def html(
    template: str,
    status: int = 200,
    *,
    look: Look = PLAIN,
    form_targets: tuple[str, ...] = (),
    frame_ancestors: str = _NOBODY,
    has_script: bool = False,
    **values: object,
) -> HTMLResponse:
    """Return a page; `form_targets` are the origins that its form may lead to.

    A page that `has_script` may run those of our own, and they may ask nobody but this server.
    """
    targets = " ".join(form_targets) or _NOBODY
    scripts = "script-src 'self'; connect-src 'self'; " if has_script else ""
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"{scripts}base-uri 'none'; form-action {targets}; frame-ancestors {frame_ancestors}",
    }
    return HTMLResponse(draw(template, look, **values), status, headers)


@cache
def _asset(name: str) -> bytes:
    return (files("fairlead.dashboard") / "assets" / name).read_bytes()


@cache
def stamp() -> str:
    """Return what changes in the assets' URLs when one of them changes."""
    return hashlib.sha256(b"".join(_asset(name) for name in sorted(_KINDS))).hexdigest()[:12]


class Assets:
    """Serves our own files, the sheets of the operator's colours, and the product's logos."""

    def __init__(self, logos: Mapping[str, Logo]) -> None:
        self._logos = logos

    async def serve(self, request: Request) -> Response:
        """Serve one file."""
        name = request.path_params["name"]
        headers = {"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff"}
        if name in _KINDS:
            return Response(_asset(name), headers=headers, media_type=_KINDS[name])
        if colours := _THEME.fullmatch(name):
            text = sheet(*(f"#{colour}" for colour in colours.groups()))
            return Response(text, headers=headers, media_type="text/css")
        if (logo := self._logos.get(name)) is not None:
            # an SVG that somebody opens by itself is a document, and could hold scripts
            headers["Content-Security-Policy"] = (
                "default-src 'none'; style-src 'unsafe-inline'; sandbox"
            )
            return Response(logo.content, headers=headers, media_type=logo.media_type)
        return Response("There is no such file.\n", 404, media_type="text/plain")
