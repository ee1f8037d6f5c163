"""The pages people see, rendered on the server; they work without JavaScript."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse, RedirectResponse, Response

from m365sim.entra.authorize_request import Addressee
from m365sim.entra.errors import Refusal, Trace, description, error_uri

if TYPE_CHECKING:
    from m365sim.world import World

_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("m365sim.entra"), autoescape=True, trim_blocks=True)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page that is never stored and never framed."""
    nonce = values.get("script_nonce")
    csp = f"{_CSP}; script-src 'nonce-{nonce}'" if nonce else _CSP
    return HTMLResponse(
        _templates().get_template(template).render(**values),
        status,
        {
            "Cache-Control": "no-store, no-cache",
            "Content-Security-Policy": csp,
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )


def error_page(world: World, refusal: Refusal, *, status: int = 400) -> HTMLResponse:
    """Show a refusal to the person: there is no app that it could safely be sent to."""
    trace = Trace.new(world)
    return page("error.html", status, refusal=refusal, trace=trace)


def answer(world: World, to: Addressee, params: dict[str, str]) -> Response:
    """Send parameters to the app, through the person's browser."""
    if to.state is not None:
        params = {**params, "state": to.state}
    if to.response_mode == "form_post":
        return page(
            "form_post.html",
            target=to.redirect_uri,
            params=params,
            app=to.app,
            script_nonce=world.new_secret(16),
        )
    return RedirectResponse(_with_params(to, params), 302, {"Cache-Control": "no-store, no-cache"})


def refuse(
    world: World, to: Addressee, refusal: Refusal, extra: dict[str, str] | None = None
) -> Response:
    """Send a refusal to the app, through the person's browser."""
    params = {
        "error": refusal.error_by_name,
        "error_description": description(refusal, Trace.new(world)),
        "error_uri": error_uri(world, refusal),
    }
    if refusal.claims is not None:
        params["claims"] = refusal.claims
    return answer(world, to, {**params, **(extra or {})})


def with_query(uri: str, params: dict[str, str]) -> str:
    """Add parameters to an address that may have some."""
    parts = urlsplit(uri)
    encoded = urlencode(params)
    return urlunsplit(parts._replace(query="&".join(p for p in (parts.query, encoded) if p)))


def _with_params(to: Addressee, params: dict[str, str]) -> str:
    if to.response_mode == "fragment":
        return urlunsplit(urlsplit(to.redirect_uri)._replace(fragment=urlencode(params)))
    return with_query(to.redirect_uri, params)
