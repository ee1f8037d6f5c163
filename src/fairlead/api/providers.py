"""`/providers`: what the installed packs can connect to (contract 2.1)."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from pydantic_core import SchemaError, SchemaValidator, core_schema

from fairlead.api.auth import needs_key_or_session
from fairlead.api.errors import placed
from fairlead.api.routing import NoQuery, Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import guide_url, logo_url
from fairlead.connect.fields import fields_of
from fairlead.errors import InvalidInput, NotFound
from fairlead.model.limits import PageLink, Pagination, RateLimit
from fairlead.model.provider import AuthMode, ConfigField, Provider

router = APIRouter(
    tags=["providers"], dependencies=[needs_key_or_session("environment:integrations:list")]
)


class ProviderOut(BaseModel):
    """How one vendor's API is reached and authenticated."""

    name: str
    display_name: str
    logo_url: str
    categories: list[str]
    auth_mode: str
    docs: str
    docs_connect: str | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    default_scopes: list[str] | None = None
    scope_separator: str | None = None
    authorization_params: dict[str, str] | None = None
    token_params: dict[str, str] | None = None
    disable_pkce: bool | None = None
    proxy: dict[str, Any] | None = None
    connection_config: dict[str, Any] | None = None
    token_headers: dict[str, str] | None = None
    token_response: dict[str, str] | None = None
    token_expires_in_ms: int | None = None
    body_format: str | None = None
    credentials: dict[str, Any] | None = None


class ProviderList(BaseModel):
    """Providers."""

    data: list[ProviderOut]


class ProviderReply(BaseModel):
    """One provider."""

    data: ProviderOut


class ProvidersQuery(Strict):
    """Which providers."""

    search: str | None = None
    """Case-insensitive regular expression on the name."""
    connect_session_token: str | None = None
    """Instead of the Authorization header."""


def _field_out(order: int, field: ConfigField) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": "string",
        "title": field.title,
        "description": field.description,
        "order": order,
        "optional": not field.required,
    }
    if field.pattern:
        written["pattern"] = field.pattern
    if field.example:
        written["example"] = field.example
    if field.secret:
        written["secret"] = True
    if field.section:
        written["doc_section"] = field.section
    return written


def provider_out(provider: Provider, server_url: str) -> dict[str, Any]:
    """Write a provider; what it does not have is left out."""
    written: dict[str, Any] = {
        "name": provider.name,
        "display_name": provider.display_name,
        "logo_url": logo_url(server_url, provider.name),
        "categories": list(provider.categories),
        "auth_mode": provider.auth_mode.value,
        "docs": provider.docs,
    }
    optional: dict[str, Any] = {
        "docs_connect": guide_url(server_url, provider),
        "authorization_url": provider.authorization_url,
        "token_url": provider.token_url,
        "default_scopes": list(provider.default_scopes),
        "authorization_params": dict(provider.authorization_params),
        "token_params": dict(provider.token_params),
        "connection_config": {
            name: _field_out(order, field)
            for order, (name, field) in enumerate(provider.connection_config.items())
        },
    }
    if provider.auth_mode is AuthMode.TWO_STEP:
        optional |= _two_step_out(provider)
    if provider.base_url:
        optional["proxy"] = {
            "base_url": provider.base_url,
            **({"headers": dict(provider.headers)} if provider.headers else {}),
            "retry": _retry_out(provider.rate_limit),
            **({"paginate": _paginate_out(provider.pagination)} if provider.pagination else {}),
        }
    if provider.authorization_url:
        optional["scope_separator"] = provider.scope_separator
        optional["disable_pkce"] = not provider.pkce
    return written | {key: value for key, value in optional.items() if value not in ("", [], {})}


def _retry_out(rule: RateLimit) -> dict[str, Any]:
    written: dict[str, Any] = {
        "after": _one_or_all(rule.after),
        "at": _one_or_all(rule.at),
        "remaining": rule.remaining,
        "error_code": [str(status) for status in sorted(rule.statuses)],
    }
    return {name: value for name, value in written.items() if value}


def _one_or_all(names: tuple[str, ...]) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)


def _paginate_out(pages: Pagination) -> dict[str, Any]:
    is_offset = pages.type is PageLink.OFFSET
    return {
        name: value
        for name, value in asdict(pages).items()
        if value not in ("", None) and (is_offset or not name.startswith("offset_"))
    }


def _two_step_out(provider: Provider) -> dict[str, Any]:
    reply, lifetime = provider.token_reply, provider.token_lifetime
    names = {
        "token": reply.token,
        "refresh_token": reply.refresh_token,
        "token_expiration": reply.expiration,
        "token_expiration_strategy": reply.strategy,
    }
    return {
        "token_headers": dict(provider.token_headers),
        "token_response": {name: path for name, path in names.items() if path},
        "token_expires_in_ms": int(lifetime.total_seconds() * 1000) if lifetime else "",
        "body_format": provider.token_encoding,
        "credentials": {
            name: _field_out(order, field)
            for order, (name, field) in enumerate(fields_of(provider).items())
        },
    }


@router.get(
    "/providers",
    response_model=ProviderList,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(ProvidersQuery)},
)
async def list_providers(
    services: Given, query: Annotated[ProvidersQuery, Depends(query_of(ProvidersQuery))]
) -> dict[str, Any]:
    """List the providers of the installed packs."""
    try:
        # this engine takes linear time, whatever the expression
        wanted = SchemaValidator(core_schema.str_schema(pattern=f"(?i){query.search or ''}"))
    except SchemaError:
        error = InvalidInput("search is not a regular expression", code="invalid_query_params")
        raise placed(error, "search") from None
    return {
        "data": [
            provider_out(provider, services.settings.server_url)
            for name, provider in sorted(services.registry.providers.items())
            if wanted.isinstance_python(name)
        ]
    }


class ProviderQuery(Strict):
    """Nothing but, perhaps, a session's token."""

    connect_session_token: str | None = None
    """Instead of the Authorization header."""


@router.get(
    "/providers/{provider}",
    response_model=ProviderReply,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(ProviderQuery)},
    dependencies=[Depends(query_of(ProviderQuery))],
)
async def read_provider(services: Given, provider: str) -> dict[str, Any]:
    """Read one provider."""
    found = services.registry.providers.get(provider)
    if found is None:
        raise NotFound(f"Unknown provider {provider}")
    return {"data": provider_out(found, services.settings.server_url)}


class TemplateList(BaseModel):
    """Functions that come with a provider."""

    data: list[dict[str, Any]]


@router.get(
    "/providers/{provider}/templates",
    response_model=TemplateList,
    dependencies=[Depends(query_of(NoQuery))],
)
async def list_templates(services: Given, provider: str) -> dict[str, Any]:
    """List the functions that come with a provider."""
    if provider not in services.registry.providers:
        raise NotFound(f"Unknown provider {provider}")
    syncs = services.registry.syncs(provider)
    actions = services.registry.actions(provider)
    return {
        "data": [{"name": s.name, "type": "sync", "description": s.description} for s in syncs]
        + [{"name": a.name, "type": "action", "description": a.description} for a in actions]
    }
