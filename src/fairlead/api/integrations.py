"""`/integrations`: an operator's configured uses of providers (contract 2.2)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from fairlead.api.auth import Caller, Visitor, needs, needs_key_or_session
from fairlead.api.errors import invalid_field
from fairlead.api.identifiers import Moment, ProviderName, Text, UniqueKey
from fairlead.api.routing import NoQuery, Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.api.wire import IntegrationOut, Success, integration_out
from fairlead.connect.config import authorization_params_of
from fairlead.errors import Conflict, InvalidInput, NotFound
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode
from fairlead.model.realtime import Realtime
from fairlead.oauth import check_overrides
from fairlead.store import connections, integrations

router = APIRouter(tags=["integrations"])

Scopes = Annotated[str, StringConstraints(pattern=r"^([0-9a-zA-Z:/_.*-]+(,[0-9a-zA-Z:/_.*-]+)*)?$")]
ConfigValue = Annotated[str, StringConstraints(max_length=8192)]


def _config(config: dict[str, str]) -> dict[str, str]:
    try:
        check_overrides(authorization_params_of(config))
        Realtime.of(config)
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return config


IntegrationConfig = Annotated[dict[str, ConfigValue], AfterValidator(_config)]


class IntegrationCredentials(Strict):
    """Whose app it is."""

    type: Literal["OAUTH1", "OAUTH2", "TBA"]
    client_id: Text
    client_secret: Annotated[str, StringConstraints(min_length=1)]
    scopes: Scopes | None = None
    """Comma-separated; left out: the provider's default."""
    webhook_secret: str | None = None


class IntegrationCreate(Strict):
    """A new integration."""

    provider: ProviderName
    unique_key: UniqueKey
    display_name: Text | None = None
    forward_webhooks: bool | None = None
    credentials: IntegrationCredentials | None = None
    integration_config: IntegrationConfig | None = None
    """`authorization_params.NAME`: a parameter of the vendor's page; a blank one is removed."""
    custom: dict[str, str] | None = None
    client_secret_expires_at: Moment | None = None
    """When the client secret ends at the vendor: an alarm comes before."""


class IntegrationPatch(Strict):
    """What changes."""

    unique_key: UniqueKey | None = None
    display_name: Text | None = None
    forward_webhooks: bool | None = None
    credentials: IntegrationCredentials | None = None
    integration_config: IntegrationConfig | None = None
    """`authorization_params.NAME`: a parameter of the vendor's page; a blank one is removed."""
    custom: dict[str, str] | None = None
    client_secret_expires_at: Moment | None = None
    """When the client secret ends at the vendor: an alarm comes before."""


class IntegrationReply(BaseModel):
    """One integration."""

    data: IntegrationOut


class IntegrationList(BaseModel):
    """Integrations."""

    data: list[IntegrationOut]


class IntegrationQuery(Strict):
    """What to tell beyond the usual."""

    include: list[Literal["webhook", "credentials"]] | Literal["webhook", "credentials"] = Field(
        default_factory=list
    )
    """`credentials` needs a key that may read them; else it is silently left out."""


class SessionQuery(Strict):
    """Nothing but, perhaps, a session's token."""

    connect_session_token: str | None = None
    """Instead of the Authorization header."""


async def required_integration(services: Services, environment_id: int, key: str) -> Integration:
    """Return an integration or raise the contract's 404."""
    async with services.db.read() as tx:
        found = await integrations.find(tx, services.vault, environment_id, key)
    if found is None:
        raise NotFound(f'Integration "{key}" does not exist')
    return found


@router.get(
    "/integrations",
    response_model=IntegrationList,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(SessionQuery)},
    dependencies=[Depends(query_of(SessionQuery))],
)
async def list_integrations(
    services: Given,
    visitor: Annotated[Visitor, needs_key_or_session("environment:integrations:list")],
) -> dict[str, Any]:
    """List the integrations; a connect session sees only those it allows."""
    async with services.db.read() as tx:
        found = await integrations.list_all(tx, services.vault, visitor.environment_id)
    allowed = visitor.session.allowed_integrations if visitor.session else ()
    return {
        "data": [
            integration_out(each, services.settings.server_url)
            for each in found
            if not allowed or each.unique_key in allowed
        ]
    }


def _secrets_out(integration: Integration) -> dict[str, Any]:
    def opened(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    return {
        "type": AuthMode.OAUTH2.value,
        "client_id": integration.client_id,
        "client_secret": opened(integration.client_secret),
        "scopes": ",".join(integration.scopes) if integration.scopes is not None else None,
        "webhook_secret": opened(integration.webhook_secret),
    }


@router.get(
    "/integrations/{unique_key}",
    response_model=IntegrationReply,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(IntegrationQuery)},
)
async def read_integration(
    services: Given,
    unique_key: str,
    query: Annotated[IntegrationQuery, Depends(query_of(IntegrationQuery))],
    caller: Annotated[Caller, needs("environment:integrations:read")],
) -> dict[str, Any]:
    """Read one integration; its secrets only with `include=credentials`."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    written = integration_out(integration, services.settings.server_url)
    if "webhook" in query.include:
        provider = services.registry.providers.get(integration.provider)
        has_webhooks = provider is not None and (
            provider.route_notice is not None or provider.subscriptions is not None
        )
        path = f"/webhook/{caller.environment.name}/{integration.unique_key}"
        base = services.settings.public_url.rstrip("/") or services.settings.server_url
        written["webhook_url"] = base + path if has_webhooks else None
    if (
        "credentials" in query.include
        and integration.client_id is not None
        and caller.may("environment:integrations:read_credentials")
    ):
        written["credentials"] = _secrets_out(integration)
    return {"data": written}


def _checked(credentials: IntegrationCredentials, mode: AuthMode) -> IntegrationCredentials:
    if credentials.type != mode.value:
        raise invalid_field(
            "incompatible credentials auth type and provider auth: this provider authenticates "
            f"by {mode.value}",
            "credentials",
            "type",
        )
    return credentials


def _split(scopes: str | None) -> tuple[str, ...] | None:
    return tuple(scopes.split(",")) if scopes else None


@router.post(
    "/integrations",
    response_model=IntegrationReply,
    response_model_exclude_unset=True,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_integration(
    services: Given,
    body: IntegrationCreate,
    caller: Annotated[Caller, needs("environment:integrations:create")],
) -> dict[str, Any]:
    """Create an integration."""
    provider = services.registry.providers.get(body.provider)
    if provider is None:
        raise invalid_field("Invalid provider", "provider")
    credentials = body.credentials
    if credentials is not None:
        _checked(credentials, provider.auth_mode)
    elif provider.auth_mode is AuthMode.OAUTH2:
        raise invalid_field("Missing credentials", "credentials", code="invalid_type")
    try:
        async with services.db.write() as tx:
            made = await integrations.insert(
                tx,
                services.vault,
                environment_id=caller.environment.id,
                unique_key=body.unique_key,
                provider=body.provider,
                display_name=body.display_name or provider.display_name,
                client_id=credentials.client_id if credentials else None,
                client_secret=SecretStr(credentials.client_secret) if credentials else None,
                scopes=_split(credentials.scopes) if credentials else None,
                webhook_secret=SecretStr(credentials.webhook_secret)
                if credentials and credentials.webhook_secret
                else None,
                forward_webhooks=body.forward_webhooks is not False,
                config=body.integration_config or {},
                custom=body.custom or {},
                client_secret_expires_at=body.client_secret_expires_at,
                now=services.clock.now(),
            )
    except Conflict:
        raise invalid_field("Unique key already exists", "uniqueKey") from None
    return {"data": integration_out(made, services.settings.server_url)}


def _changes(body: IntegrationPatch) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: value
        for name, value in {
            "unique_key": body.unique_key,
            "display_name": body.display_name,
            "forward_webhooks": body.forward_webhooks,
            "config": body.integration_config,
            "custom": body.custom,
        }.items()
        if value is not None
    }
    if body.credentials:
        changes["client_id"] = body.credentials.client_id
        changes["client_secret"] = SecretStr(body.credentials.client_secret)
        # of the secret before
        changes["client_secret_expires_at"] = None
        if "scopes" in body.credentials.model_fields_set:
            changes["scopes"] = _split(body.credentials.scopes)
        if body.credentials.webhook_secret:
            changes["webhook_secret"] = SecretStr(body.credentials.webhook_secret)
    if "client_secret_expires_at" in body.model_fields_set:
        changes["client_secret_expires_at"] = body.client_secret_expires_at
    return changes


@router.patch(
    "/integrations/{unique_key}",
    response_model=IntegrationReply,
    response_model_exclude_unset=True,
    dependencies=[Depends(query_of(NoQuery))],
)
async def update_integration(
    services: Given,
    unique_key: str,
    body: IntegrationPatch,
    caller: Annotated[Caller, needs("environment:integrations:update")],
) -> dict[str, Any]:
    """Change an integration; it can be renamed only while nothing is connected through it."""
    environment_id = caller.environment.id
    integration = await required_integration(services, environment_id, unique_key)
    if body.credentials:
        _checked(body.credentials, services.registry.provider(integration.provider).auth_mode)
    changes = _changes(body)
    try:
        async with services.db.write() as tx:
            if changes.get("unique_key", unique_key) != unique_key and await connections.list_all(
                tx, environment_id, integration_keys=[unique_key], limit=1, page=0
            ):
                raise invalid_field(
                    "Can't rename an integration with active connections", "unique_key"
                )
            changed = await integrations.update(
                tx, services.vault, integration, changes=changes, now=services.clock.now()
            )
    except Conflict:
        raise invalid_field("Unique key already exists", "unique_key") from None
    return {"data": integration_out(changed, services.settings.server_url)}


@router.delete(
    "/integrations/{unique_key}",
    response_model=Success,
    dependencies=[Depends(query_of(NoQuery))],
)
async def delete_integration(
    services: Given,
    unique_key: str,
    caller: Annotated[Caller, needs("environment:integrations:delete")],
) -> dict[str, Any]:
    """Delete an integration with its connections and their records."""
    async with services.db.write() as tx:
        gone = await integrations.delete(tx, caller.environment.id, unique_key)
    if not gone:
        raise NotFound(f'Integration "{unique_key}" does not exist')
    return {"success": True}
