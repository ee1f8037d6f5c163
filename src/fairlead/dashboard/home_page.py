"""The front door: what this server is, and where to look."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from fairlead.dashboard.drawing import html


async def show(request: Request) -> HTMLResponse:
    """Draw the page at `/`."""
    return html("home.html", server_url=str(request.base_url).rstrip("/"))
