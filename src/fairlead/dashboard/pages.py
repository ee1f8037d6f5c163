"""All pages, as routes."""

from starlette.routing import BaseRoute, Route

from fairlead.dashboard import drawing, home_page, logo
from fairlead.dashboard.connect_page import ConnectPage


def page_routes(connect_page: ConnectPage) -> list[BaseRoute]:
    """Return the routes of every page."""
    return [
        Route("/", home_page.show),
        Route("/assets/{name}", drawing.asset),
        Route("/images/template-logos/{name}", logo.logo),
        *connect_page.routes(),
    ]
