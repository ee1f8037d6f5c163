"""All pages, as routes."""

from starlette.routing import BaseRoute, Route

from fairlead.connect.branding import Branding
from fairlead.dashboard import guide_page, home_page, logo
from fairlead.dashboard.connect_page import ConnectPage
from fairlead.dashboard.drawing import Assets
from fairlead.dashboard.guide_page import GuidePage


def page_routes(connect_page: ConnectPage, guide: GuidePage, branding: Branding) -> list[BaseRoute]:
    """Return the routes of the pages that are for everybody."""
    return [
        Route("/", home_page.show),
        Route("/assets/{name}", Assets(branding.logos).serve),
        Route("/images/template-logos/{name}", logo.logo),
        Route(guide_page.PATH, guide.show),
        *connect_page.routes(),
    ]
