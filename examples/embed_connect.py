"""A product whose users connect their own accounts: `uvicorn embed_connect:app`.

The browser only ever sees a connect link; the secret key stays here. fairlead tells the outcome by
webhook: set its FAIRLEAD_WEBHOOK_URL to this app's `/webhooks`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse

from fairlead.client import AsyncFairlead, FairleadApiError, WebhookRefused, verify_webhook

INTEGRATION = os.environ.get("INTEGRATION", "sp")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold one client for the life of the app."""
    async with AsyncFairlead() as fairlead:
        app.state.fairlead = fairlead
        #: user -> connection; yours is a table
        app.state.connected = {}
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/users/{user}/connect")
async def connect(request: Request, user: str) -> RedirectResponse:
    """Send a user, who is signed in with you, to the page where they connect."""
    fairlead: AsyncFairlead = request.app.state.fairlead
    session = await fairlead.connect_sessions.create(
        end_user={"id": user}, allowed_integrations=[INTEGRATION]
    )
    return RedirectResponse(session["connect_link"])


@app.post("/webhooks", status_code=204)
async def webhook(request: Request) -> None:
    """Note who has connected; the signature is checked over the body as it came."""
    secret = os.environ.get("FAIRLEAD_WEBHOOK_SIGNING_KEY") or os.environ["FAIRLEAD_SECRET_KEY"]
    try:
        event = verify_webhook(await request.body(), request.headers, secret)
    except WebhookRefused as error:
        raise HTTPException(401, str(error)) from error
    if event["type"] == "auth" and event["success"] and event.get("endUser"):
        request.app.state.connected[event["endUser"]["endUserId"]] = event["connectionId"]


@app.get("/users/{user}/files")
async def files(request: Request, user: str) -> list[dict[str, Any]]:
    """List what lies in the user's library, live, as that user."""
    connection_id = request.app.state.connected.get(user)
    if connection_id is None:
        raise HTTPException(409, f"Not connected yet: open /users/{user}/connect")
    fairlead: AsyncFairlead = request.app.state.fairlead
    try:
        async with fairlead.proxy.get(
            "/v1.0/sites/root/drive/root/children",
            params={"$select": "name,size"},
            provider_config_key=INTEGRATION,
            connection_id=connection_id,
        ) as reply:
            return list((await reply.json())["value"])
    except FairleadApiError as error:
        raise HTTPException(502, error.message) from error
