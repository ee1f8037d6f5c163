"""`POST /connections`: keep credentials that were obtained elsewhere (contract 2.3)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from fairlead.api.auth import Caller, needs
from fairlead.api.errors import invalid_field
from fairlead.api.identifiers import (
    ConnectionId,
    EndUserIn,
    Moment,
    Secret,
    Tags,
    UniqueKey,
    WebAddress,
    end_user_of,
)
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.api.wire import ConnectionOut, connection_out
from fairlead.connect.fields import two_step_credentials
from fairlead.connect.sessions import derived_tags
from fairlead.connect.submission import app_credentials
from fairlead.errors import NotFound
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    Credentials,
    NoCredentials,
    OAuth2Credentials,
    OwnApp,
    TwoStepCredentials,
)
from fairlead.model.provider import Provider
from fairlead.store import integrations

router = APIRouter(tags=["connections"])


class ConfigOverrideIn(Strict):
    """An app of the customer's own, that was authorised in place of the integration's."""

    client_id: str = Field(min_length=1)
    client_secret: Secret = SecretStr("")

    def made(self) -> OwnApp:
        """Return it as the credentials hold it."""
        return OwnApp(client_id=self.client_id, client_secret=self.client_secret)


class _Oauth2In(Strict):
    type: Literal["OAUTH2"]
    access_token: Secret = Field(min_length=1)
    refresh_token: Secret | None = None
    expires_at: Moment | None = None
    config_override: ConfigOverrideIn | None = None
    """Kept sealed; renewals are that app's."""


class _ClientCredentialsIn(Strict):
    type: Literal["OAUTH2_CC"]
    token: Secret = SecretStr("")
    """Left out: one is obtained when it is first needed."""
    client_id: str
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
    expires_at: Moment | None = None


class _TwoStepIn(BaseModel):
    """What the provider's `credentials` name; where it signs, a certificate's fields, too."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)
    __pydantic_extra__: dict[str, Secret]

    type: Literal["TWO_STEP"]
    token: Secret = SecretStr("")
    """Left out: one is obtained when it is first needed."""
    expires_at: Moment | None = None


class _ApiKeyIn(Strict):
    type: Literal["API_KEY"]
    api_key: Secret = Field(alias="apiKey", min_length=1)


class _BasicIn(Strict):
    type: Literal["BASIC"]
    username: str
    password: Secret = SecretStr("")


class _NoneIn(Strict):
    type: Literal["NONE"]


CredentialsIn = Annotated[
    _Oauth2In | _ClientCredentialsIn | _TwoStepIn | _ApiKeyIn | _BasicIn | _NoneIn,
    Field(discriminator="type"),
]


class ConnectionConfigIn(BaseModel):
    """What the provider's URLs need to know; any further key is kept too."""

    model_config = ConfigDict(extra="allow")

    oauth_scopes_override: list[str] | None = None


class ConnectionImport(Strict):
    """Credentials that were obtained elsewhere."""

    provider_config_key: UniqueKey
    credentials: CredentialsIn
    connection_id: ConnectionId | None = None
    """Left out: a fresh UUID. An existing one is overwritten."""
    metadata: dict[str, Any] | None = None
    connection_config: ConnectionConfigIn | None = None
    webhook_url_override: WebAddress | None = None
    end_user: EndUserIn | None = None
    tags: Tags | None = None


def _credentials(given: CredentialsIn, provider: Provider, now: datetime) -> Credentials:
    match given:
        case _Oauth2In():
            return OAuth2Credentials(
                access_token=given.access_token,
                refresh_token=given.refresh_token,
                expires_at=given.expires_at,
                own_app=given.config_override.made() if given.config_override else None,
            )
        case _ClientCredentialsIn():
            app = app_credentials(
                token=given.token.get_secret_value(),
                client_id=given.client_id,
                client_secret=opened(given.client_secret),
                certificate=given.client_certificate,
                private_key=opened(given.client_private_key),
                pfx=opened(given.client_certificate_pfx),
                password=opened(given.client_certificate_password),
                secret_expires_at=given.client_secret_expires_at,
                now=now,
            )
            return app.model_copy(update={"expires_at": given.expires_at})
        case _TwoStepIn(token=token, expires_at=expires_at):
            fields = {
                name: value.get_secret_value() for name, value in given.__pydantic_extra__.items()
            }
            made = two_step_credentials(provider, fields, now, token=token.get_secret_value())
            return made.model_copy(update={"expires_at": expires_at})
        case _ApiKeyIn():
            return ApiKeyCredentials(api_key=given.api_key)
        case _BasicIn():
            return BasicCredentials(username=given.username, password=given.password)
        case _NoneIn():
            return NoCredentials()


def opened(secret: SecretStr | None) -> str | None:
    """Return a secret in the open, None for none."""
    return secret.get_secret_value() if secret is not None else None


@router.post(
    "/connections",
    status_code=201,
    response_model=ConnectionOut,
    response_model_exclude_unset=True,
    dependencies=[Depends(query_of(NoQuery))],
)
async def import_connection(
    services: Given,
    body: ConnectionImport,
    caller: Annotated[Caller, needs("environment:connections:create")],
) -> dict[str, Any]:
    """Import a connection from credentials that were obtained elsewhere."""
    async with services.db.read() as tx:
        integration = await integrations.find(
            tx, services.vault, caller.environment.id, body.provider_config_key
        )
    if integration is None:
        raise NotFound(f'Integration "{body.provider_config_key}" does not exist')
    provider = services.registry.provider(integration.provider)
    if body.credentials.type != provider.auth_mode.value:
        raise invalid_field(
            f"{integration.provider} authenticates by {provider.auth_mode.value}",
            "credentials",
            "type",
        )
    credentials = _credentials(body.credentials, provider, services.clock.now())
    if isinstance(credentials, ClientCredentials | TwoStepCredentials):
        await services.submissions.check_proof(integration, provider, credentials)
    config = body.connection_config.model_dump(exclude_none=True) if body.connection_config else {}
    end_user = end_user_of(body.end_user, None)
    made, _ = await services.establisher.import_connection(
        caller.environment.id,
        integration,
        connection_id=body.connection_id or services.new_id(),
        credentials=credentials,
        connection_config=config,
        metadata=body.metadata,
        end_user=end_user,
        tags=derived_tags(end_user) | (body.tags or {}),
        webhook_url_override=body.webhook_url_override or None,
    )
    services.freshener.forget(made.id)
    return connection_out(made, credentials)
