"""`POST /webhook/{environment}/{integration}`: what vendors send (contract 6.6).

Nobody who calls here shows a key: what is said is believed only if its secret is ours. A vendor
asks for an answer within seconds, so nothing is done before it.
"""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fairlead.api.services import Given
from fairlead.webhooks.intake import LARGEST

router = APIRouter(tags=["webhooks"])
#: for whoever spells paths
TEMPLATE = "/webhook/{environment}/{unique_key}"


@router.post(TEMPLATE, include_in_schema=False)
async def receive(services: Given, environment: str, unique_key: str, request: Request) -> Response:
    """Take in a webhook of a vendor, or prove to it that this is where it shall send them."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    status, kind, body = await services.intake.receive(
        environment, unique_key, headers, dict(request.query_params), await _read(request)
    )
    # a proof is what the vendor sent, and no browser may take it for a page
    guarded = {"x-content-type-options": "nosniff"}
    return Response(body, status, guarded, media_type=kind or None)


async def _read(request: Request) -> bytes:
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > LARGEST:
            raise HTTPException(413)
    return bytes(whole)
