"""The guide of a provider: what the person who connects must know, from its pack's data."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from fairlead.connect.branding import Branding
from fairlead.connect.embedders import Embedders
from fairlead.dashboard.drawing import html
from fairlead.dashboard.look import look_of
from fairlead.sdk.registry import Registry

PATH = "/connect/guide/{provider}"


class GuidePage:
    """Draws the guides."""

    def __init__(self, registry: Registry, branding: Branding, embedders: Embedders) -> None:
        self._registry = registry
        self._branding = branding
        self._embedders = embedders

    async def show(self, request: Request) -> HTMLResponse:
        """Draw a provider's guide."""
        provider = self._registry.providers.get(request.path_params["provider"])
        look = look_of(self._branding.usual, request.query_params, self._embedders)
        if provider is None or provider.guide is None:
            return html("no_guide.html", 404, look=look)
        return html("guide.html", look=look, provider=provider, guide=provider.guide)
