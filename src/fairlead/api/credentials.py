"""Credentials that are filled in, sent by a browser within a connect session (contract 4.4).

The private key of a certificate is never told again, to nobody.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.responses import Response

from fairlead.api.auth import session_of
from fairlead.api.connection_import import opened
from fairlead.api.errors import envelope, json_response
from fairlead.api.identifiers import Moment, Secret
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.connect.approvals import needed
from fairlead.connect.fields import two_step_credentials
from fairlead.connect.submission import AppWaits, CredentialsRefused, Fill, app_credentials
from fairlead.errors import FairleadError, InvalidInput, NotFound, SessionExpired, Unauthorized
from fairlead.model.connect_session import ConnectSession
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    Credentials,
    NoCredentials,
    TwoStepCredentials,
)
from fairlead.model.provider import Provider

router = APIRouter(tags=["credentials"])


class CredentialsQuery(BaseModel):
    """Within which session, and for what."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    connect_session_token: str | None = None
    """The session in which the end user connects."""
    public_key: str | None = None
    """Refused: open a connect session instead."""
    connection_id: str | None = None
    """Refused: the session decides."""
    params: dict[str, Any] = {}
    """Values of the provider's connection_config."""


class AppCredentialsIn(Strict):
    """An app's own credentials: a secret, or a certificate with its key."""

    type: str | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    client_certificate: str | None = None
    """PEM; the key may stand in it too."""
    client_private_key: Secret | None = None
    """PEM."""
    client_certificate_pfx: Secret | None = None
    """Instead of both: a PFX file, base64."""
    client_certificate_password: Secret | None = None
    """What opens the PFX file or the key."""
    client_secret_expires_at: Moment | None = None
    """When the secret ends at the vendor: an alarm comes before."""


class FieldsIn(BaseModel):
    """What the provider's `credentials` name; where it signs, a certificate's fields, too."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)
    __pydantic_extra__: dict[str, Secret]

    type: str | None = None
    assertionOption: str | None = None  # noqa: N815  # the contract's name
    """Of no effect here."""

    def given(self) -> dict[str, str]:
        """Return what was filled in."""
        return {name: value.get_secret_value() for name, value in self.__pydantic_extra__.items()}


class ApiKeyIn(Strict):
    """A key."""

    type: str | None = None
    api_key: Secret = Field(alias="apiKey", min_length=1)


class BasicIn(Strict):
    """A user name and a password."""

    type: str | None = None
    username: str = Field(min_length=1)
    password: Secret = SecretStr("")


class Established(BaseModel):
    """The connection that was made."""

    provider_config_key: str = Field(serialization_alias="providerConfigKey")
    connection_id: str = Field(serialization_alias="connectionId")
    is_pending: bool | None = Field(default=None, serialization_alias="isPending")
    """True, and status 202: it comes to be once an administrator has approved the app."""
    admin_url: str | None = Field(default=None, serialization_alias="adminUrl")
    """The link to forward to an administrator."""
    message: str | None = None
    """What it waits for, and what else may be wrong."""


Query = Annotated[CredentialsQuery, Depends(query_of(CredentialsQuery))]
_PARAMETERS = {"parameters": parameters(CredentialsQuery)}


async def _session(services: Services, query: CredentialsQuery) -> ConnectSession:
    if query.connect_session_token is None:
        if query.public_key:
            raise Unauthorized(
                "Public keys are not supported; create a session with POST /connect/sessions.",
                code="deprecated_authentication",
            )
        raise SessionExpired(
            "The request has no connect_session_token; open the connection from the app again.",
            code="missing_connect_session_token",
        )
    if query.connection_id:
        raise InvalidInput(
            "connection_id cannot be chosen within a connect session",
            code="invalid_query_params",
        )
    return await session_of(services, query.connect_session_token)


async def _accept(
    services: Services, key: str, query: CredentialsQuery, credentials: Credentials | Fill
) -> Response:
    session = await _session(services, query)
    try:
        made, _ = await services.submissions.accept(
            session, key, credentials=credentials, connection_config=query.params
        )
    except AppWaits as error:
        pending = error.pending
        waits = {
            "isPending": True,
            "adminUrl": pending.admin_url,
            "message": needed(pending).message,
        }
        named = {"providerConfigKey": key, "connectionId": pending.connection_id}
        return json_response(named | waits, 202)
    except CredentialsRefused as error:
        body = envelope(error)
        if isinstance(error.__cause__, FairleadError):
            body["error"] |= {"cause": error.__cause__.code, "who": error.__cause__.who}
        return json_response(body, error.status)
    except NotFound as error:
        raise NotFound(error.message, code="unknown_provider_config") from error
    services.freshener.forget(made.id)
    return json_response({"providerConfigKey": key, "connectionId": made.connection_id})


@router.post(
    "/oauth2/auth/{provider_config_key}", response_model=Established, openapi_extra=_PARAMETERS
)
async def connect_app(
    services: Given, provider_config_key: str, query: Query, body: AppCredentialsIn
) -> Response:
    """Connect as an app of its own; a token is obtained at once."""
    credentials = app_credentials(
        client_id=body.client_id,
        client_secret=opened(body.client_secret),
        certificate=body.client_certificate,
        private_key=opened(body.client_private_key),
        pfx=opened(body.client_certificate_pfx),
        password=opened(body.client_certificate_password),
        secret_expires_at=body.client_secret_expires_at,
        now=services.clock.now(),
    )
    return await _accept(services, provider_config_key, query, credentials)


@router.post(
    "/auth/two-step/{provider_config_key}",
    response_model=Established,
    openapi_extra=_PARAMETERS,
)
async def connect_in_two_steps(
    services: Given, provider_config_key: str, query: Query, body: FieldsIn
) -> Response:
    """Connect with credentials of the provider's own kind; a token is obtained at once."""

    def fill(provider: Provider) -> TwoStepCredentials:
        return two_step_credentials(provider, body.given(), services.clock.now())

    return await _accept(services, provider_config_key, query, fill)


@router.post(
    "/api-auth/api-key/{provider_config_key}",
    response_model=Established,
    openapi_extra=_PARAMETERS,
)
async def connect_with_key(
    services: Given, provider_config_key: str, query: Query, body: ApiKeyIn
) -> Response:
    """Connect with a key."""
    credentials = ApiKeyCredentials(api_key=body.api_key)
    return await _accept(services, provider_config_key, query, credentials)


@router.post(
    "/api-auth/basic/{provider_config_key}", response_model=Established, openapi_extra=_PARAMETERS
)
async def connect_with_password(
    services: Given, provider_config_key: str, query: Query, body: BasicIn
) -> Response:
    """Connect with a user name and a password."""
    credentials = BasicCredentials(username=body.username, password=body.password)
    return await _accept(services, provider_config_key, query, credentials)


@router.post(
    "/auth/unauthenticated/{provider_config_key}",
    response_model=Established,
    openapi_extra=_PARAMETERS,
)
async def connect_without(services: Given, provider_config_key: str, query: Query) -> Response:
    """Connect to what asks for no credentials."""
    return await _accept(services, provider_config_key, query, NoCredentials())
