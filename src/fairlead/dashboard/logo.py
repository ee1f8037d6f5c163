"""A provider's logo: two letters on a colour of its own, until its pack brings a drawing."""

import hashlib
from html import escape

from starlette.requests import Request
from starlette.responses import Response

#: hues that white letters can be read on
_COLOURS = ("#0b6e4f", "#1f5fa8", "#7a3e9d", "#a8431f", "#8a5a00", "#146c7c", "#9b2f56", "#47596b")


def letters(name: str) -> str:
    """Return the first letters of a name's first two words, or two letters of its only one."""
    words = [word for word in name.replace("_", "-").replace(" ", "-").split("-") if word]
    if len(words) == 1:
        return words[0][:2].title()
    return "".join(word[0] for word in words[:2]).upper() or "?"


async def logo(request: Request) -> Response:
    """Draw the logo of a provider."""
    name = request.path_params["name"].removesuffix(".svg")[:80]
    colour = _COLOURS[hashlib.sha256(name.encode()).digest()[0] % len(_COLOURS)]
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">'
        f'<rect width="48" height="48" rx="11" fill="{colour}"/>'
        '<text x="24" y="31" text-anchor="middle" font-family="system-ui,sans-serif" '
        f'font-size="19" font-weight="600" fill="#fff">{escape(letters(name))}</text></svg>'
    )
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(drawing, headers=headers, media_type="image/svg+xml")
