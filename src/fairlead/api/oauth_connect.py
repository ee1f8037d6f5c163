"""`GET /oauth/connect/{key}`: sends a browser to the vendor to ask for consent (contract 4.1).

What the browser may choose is little: a session's values always win over the query's.
"""

from typing import Any, Self

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator
from starlette.responses import RedirectResponse, Response

from fairlead.api.auth import session_of
from fairlead.api.identifiers import Secret
from fairlead.api.oauth_pages import failed, on_a_trip
from fairlead.api.routing import Strict, nested_query, parameters, validated
from fairlead.api.services import Given, Services
from fairlead.errors import CallerError, FairleadError, InvalidInput, SessionExpired, Unauthorized
from fairlead.model.connect_session import ConnectSession
from fairlead.model.credentials import OwnApp

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])

#: how the contract's browser library writes that a parameter shall not be sent
_REMOVED = "undefined"


class TripCredentials(Strict):
    """What the contract lets a browser bring along."""

    oauth_client_id_override: str = ""
    oauth_client_secret_override: Secret = SecretStr("")
    oauth_refresh_token_override: Secret = SecretStr("")
    """Kept instead of the refresh token that the vendor gives."""

    @model_validator(mode="after")
    def _is_an_app(self) -> Self:
        if self.oauth_client_secret_override.get_secret_value() and not self.own_app:
            raise ValueError("oauth_client_secret_override needs oauth_client_id_override")
        return self

    @property
    def own_app(self) -> OwnApp | None:
        """The app, None for the integration's own."""
        if not self.oauth_client_id_override:
            return None
        return OwnApp(
            client_id=self.oauth_client_id_override,
            client_secret=self.oauth_client_secret_override,
        )

    @property
    def refresh_token(self) -> SecretStr | None:
        """The refresh token to keep, None for the vendor's."""
        given = self.oauth_refresh_token_override
        return given if given.get_secret_value() else None


class OAuthConnectQuery(BaseModel):
    """What a browser may say when it sets out."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    connect_session_token: str | None = None
    """The session in which the end user connects."""
    public_key: str | None = None
    """Refused: open a connect session instead."""
    connection_id: str | None = None
    """Refused with a session: the session decides."""
    ws_client_id: str | None = None
    """The websocket that is told how it ended."""
    params: dict[str, Any] = {}
    """Values of the provider's connection_config."""
    credentials: dict[str, Any] = {}
    """An app of the end user's own, in place of the integration's: `oauth_client_id_override` and
    `oauth_client_secret_override`; `oauth_refresh_token_override`, a refresh token to keep."""
    authorization_params: dict[str, Any] = {}
    """Sent to the vendor's authorize page unless the session has its own for this integration; the
    value `undefined` removes a parameter."""


async def _begin(services: Services, key: str, query: OAuthConnectQuery) -> str:
    """Return the vendor's authorize URL for this trip."""
    if query.connect_session_token is None:
        if query.public_key:
            raise Unauthorized(
                "Public keys are not supported; create a session with POST /connect/sessions.",
                code="deprecated_authentication",
            )
        raise SessionExpired(
            "The link has no connect session; open the connection from the app again.",
            code="missing_connect_session_token",
        )
    session = await session_of(services, query.connect_session_token)
    if query.connection_id:
        raise InvalidInput(
            "connection_id cannot be chosen within a connect session",
            code="invalid_query_params",
        )
    _check_allowed(session, key)
    brought = validated(TripCredentials, query.credentials, "invalid_query_params")
    return await services.sessions.begin(
        session.environment_id,
        key,
        session=session,
        connection_config={
            name: value
            for name, value in query.params.items()
            # only the product may say where webhooks go
            if isinstance(value, str) and name != "webhook_url"
        },
        authorization_params={
            name: "" if value == _REMOVED else value
            for name, value in query.authorization_params.items()
            if isinstance(value, str)
        },
        own_app=brought.own_app,
        refresh_token=brought.refresh_token,
        ws_client_id=query.ws_client_id,
    )


def _check_allowed(session: ConnectSession, key: str) -> None:
    if session.allowed_integrations and key not in session.allowed_integrations:
        raise CallerError(
            f"The session does not allow the integration '{key}'.", code="integration_not_allowed"
        )


@router.get(
    "/oauth/connect/{provider_config_key}",
    status_code=302,
    response_class=RedirectResponse,
    responses={400: {"description": "A page that says why not.", "content": {"text/html": {}}}},
    openapi_extra={"parameters": parameters(OAuthConnectQuery)},
)
async def begin(request: Request, services: Given, provider_config_key: str) -> Response:
    """Redirect a browser to the vendor's consent page."""
    key = provider_config_key
    ws_client_id = None
    try:
        query = validated(
            OAuthConnectQuery,
            nested_query(request.scope["query_string"]),
            "invalid_query_params",
        )
        ws_client_id = query.ws_client_id
        url = await _begin(services, key, query)
    except FairleadError as error:
        log.info("oauth trip refused", integration=key, code=error.code)
        return await failed(request, error, key=key, ws_client_id=ws_client_id)
    return on_a_trip(services, url)
