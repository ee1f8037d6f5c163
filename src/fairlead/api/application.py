"""The API as one ASGI application."""

import os
from collections.abc import Iterable
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fairlead.api import (
    actions,
    approvals,
    audit,
    certificates,
    connect_sessions,
    connection_import,
    connection_read,
    connections,
    credentials,
    dead_letters,
    doctor,
    environments,
    events,
    functions,
    health,
    integrations,
    keys,
    metadata,
    metrics,
    notices,
    oauth_callback,
    oauth_connect,
    older,
    openapi,
    operations,
    pending,
    people,
    providers,
    proxy,
    records,
    records_delete,
    records_export,
    records_prune,
    scopes,
    status,
    subscriptions,
    sync_runs,
    sync_variants,
    syncs,
    telemetry,
)
from fairlead.api.auth import KeyRing
from fairlead.api.edge import Edge
from fairlead.api.errors import leave_to_edge, on_fairlead_error, on_http_error, on_validation_error
from fairlead.api.indoors import Indoors
from fairlead.api.mcp import Endpoint
from fairlead.api.routing import PathTolerance
from fairlead.api.services import ResultPage, Services
from fairlead.api.sockets import Sockets
from fairlead.errors import FairleadError

#: order matters: fixed paths before those with a parameter
_ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    metrics.router,
    providers.router,
    functions.router,
    scopes.router,
    status.router,
    certificates.router,
    older.router,
    integrations.router,
    connect_sessions.router,
    telemetry.router,
    oauth_connect.router,
    oauth_callback.router,
    credentials.router,
    older.other_modes,
    pending.router,
    metadata.router,
    connection_import.router,
    doctor.router,
    connections.router,
    syncs.router,
    sync_variants.router,
    subscriptions.router,
    records_delete.router,
    records_prune.router,
    records_export.router,
    dead_letters.router,
    operations.router,
    approvals.router,
    actions.router,
    notices.router,
    events.router,
    sync_runs.router,
    keys.router,
    environments.router,
    people.router,
    audit.router,
)
_HOT = (records.DOCUMENTATION, connection_read.DOCUMENTATION, *proxy.DOCUMENTATION)


def _framework() -> FastAPI:
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    for router in _ROUTERS:
        app.include_router(router)
    return app


def describe() -> dict[str, Any]:
    """Return the OpenAPI document without a server."""
    return openapi.document(_framework(), _HOT)


def build_api(
    services: Services, result_page: ResultPage, pages: Iterable[BaseRoute] = ()
) -> ASGIApp:
    """Return the API, with `pages` of others beside it; `result_page` ends OAuth trips."""
    app = _framework()
    app.add_exception_handler(FairleadError, on_fairlead_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, leave_to_edge)
    document = openapi.document(app, _HOT)
    pages = list(pages)

    @app.get("/openapi.json", include_in_schema=False)
    async def describe() -> JSONResponse:
        return JSONResponse(document)

    app.routes.extend(pages)
    ring, sockets = KeyRing(services.db, services.clock), Sockets(services.db, services.new_id)
    app.routes.append(Route("/mcp", Endpoint(services, ring)))
    app.state.services = services
    app.state.keys = ring
    app.state.sockets = sockets
    app.state.result_page = result_page
    templates = [*document["paths"], "/openapi.json", "/mcp", "/connection/{connection_id}"]
    templates.append(notices.TEMPLATE)
    templates += [page.path for page in pages if hasattr(page, "path")]
    # the server would put it before everything, and only pages ask how they were reached
    trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    inner = ProxyHeadersMiddleware(cast("Any", app), trusted)
    edge = Edge(services, ring, sockets, cast("ASGIApp", inner), PathTolerance(templates))
    app.state.indoors = Indoors(edge)
    return edge
