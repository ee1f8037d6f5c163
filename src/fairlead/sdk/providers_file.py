"""Providers of an operator's own, from a JSON or YAML file with the contract's field names (2.1).

The file is an object: name -> provider. `alias` takes over all fields of another provider, of the
file or installed, hooks and functions included. A field that would change how a provider works and
is not known here is refused; those in `OF_NO_EFFECT` may stand in the file and do nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fairlead.errors import OperatorError
from fairlead.model.exchange import Send
from fairlead.model.limits import Pagination
from fairlead.model.provider import AuthMode, ConfigField, Provider, TokenReply
from fairlead.sdk.marked import Marked, Unreadable, read_marked
from fairlead.sdk.pack import Pack
from fairlead.sdk.provider_entry import (
    OF_NO_EFFECT,
    OF_NO_EFFECT_IN_PROXY,
    PLACE,
    FieldIn,
    ProviderIn,
)
from fairlead.sdk.registry import Registry

VARIABLE = "FAIRLEAD_PROVIDERS_FILE"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_NEEDED = {
    AuthMode.OAUTH2: ("authorization_url", "token_url"),
    AuthMode.OAUTH2_CC: ("token_url",),
    AuthMode.TWO_STEP: ("token_url",),
}
#: what a header may hold of the credentials, by how they are obtained
_CREDENTIALS = {
    AuthMode.OAUTH2: {"accessToken", "credentials.access_token"},
    AuthMode.OAUTH2_CC: {
        "accessToken",
        "credentials.token",
        "credentials.client_id",
        "credentials.client_secret",
    },
    AuthMode.TWO_STEP: {"accessToken", "credentials.token"},
    AuthMode.API_KEY: {"apiKey", "credentials.apiKey"},
    AuthMode.BASIC: {"username", "password", "credentials.username", "credentials.password"},
    AuthMode.NONE: set(),
}


class _File:
    """A providers file: what it holds, and how to say what is wrong where."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marked = Marked(None)
        try:
            self._marked = read_marked(path)
        except Unreadable as error:
            raise self.wrong("", str(error), error.line) from error

    @property
    def values(self) -> Any:
        return self._marked.values

    def wrong(self, where: str, reason: str, line: int = 0) -> OperatorError:
        line = line or self._marked.line_of(where)
        at = f"{self.path}:{line}" if line else str(self.path)
        place = f"{where} " if where else ""
        return OperatorError(f"{VARIABLE} names {at}: {place}{reason}", code="invalid_setting")


def add_providers(registry: Registry, path: Path) -> None:
    """Add the file's providers to those of the packs.

    OperatorError names the file, the line, what stands there, and what is wrong.
    """
    file = _File(path)
    entries = _entries(file)
    made: dict[str, tuple[Provider, Pack[Any] | None]] = {}

    def make(name: str, via: tuple[str, ...]) -> tuple[Provider, Pack[Any] | None]:
        if name in made:
            return made[name]
        if name in via:
            raise file.wrong(f"{name}.alias", f"goes in a circle: {' -> '.join((*via, name))}")
        entry = entries[name]
        base, pack = None, None
        if entry.alias is not None:
            if entry.alias in entries:
                base, pack = make(entry.alias, (*via, name))
            elif entry.alias in registry.providers:
                base, pack = registry.providers[entry.alias], registry.pack_for(entry.alias)
            else:
                raise file.wrong(f"{name}.alias", f"names {entry.alias}, which is no provider")
        made[name] = _provider(file, name, entry, base), pack
        return made[name]

    for name in entries:
        if name in registry.providers:
            raise file.wrong(name, "is the name of an installed provider; choose another")
        make(name, ())
    own = Pack("providers-file", api=_send_alone)
    for provider, pack in made.values():
        registry.add_provider(provider, pack or own)


def _entries(file: _File) -> dict[str, ProviderIn]:
    if not isinstance(file.values, dict):
        raise file.wrong("", "must hold an object: name -> provider")
    return {name: _entry(file, name, value) for name, value in file.values.items()}


def _entry(file: _File, name: object, value: object) -> ProviderIn:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise file.wrong(str(name), "is no name: letters, digits, - and _")
    if not isinstance(value, dict):
        raise file.wrong(name, "must be an object")
    told = {key: each for key, each in value.items() if key not in OF_NO_EFFECT}
    if isinstance(told.get("proxy"), dict):
        told["proxy"] = {
            key: each for key, each in told["proxy"].items() if key not in OF_NO_EFFECT_IN_PROXY
        }
    try:
        return ProviderIn.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join([name, *(str(part) for part in first["loc"])])
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "is not a field that is known here"
        raise file.wrong(where, reason[:1].lower() + reason[1:]) from error


def _provider(file: _File, name: str, entry: ProviderIn, base: Provider | None) -> Provider:
    given = _given(file, name, entry)
    if base is not None:
        provider = replace(base, name=name, **given)
    else:
        for field in ("display_name", "auth_mode"):
            if field not in given:
                raise file.wrong(name, f"lacks {field}")
        provider = Provider(name=name, **given)
    for field in _NEEDED.get(provider.auth_mode, ()):
        if not getattr(provider, field):
            raise file.wrong(name, f"lacks {field}, which {provider.auth_mode.value} needs")
    if not provider.base_url:
        raise file.wrong(name, "lacks proxy.base_url")
    if entry.body_format == "json" and provider.auth_mode is not AuthMode.TWO_STEP:
        raise file.wrong(f"{name}.body_format", "must be 'form': only TWO_STEP sends JSON")
    _check_places(file, provider)
    return provider


def _given(file: _File, name: str, entry: ProviderIn) -> dict[str, Any]:
    """Return the Provider's fields that the entry sets."""
    same = (
        "display_name", "categories", "docs", "docs_connect", "authorization_url", "token_url",
        "default_scopes", "scope_separator", "authorization_params", "token_params",
        "token_headers",
    )  # fmt: skip
    given = {field: value for field in same if (value := getattr(entry, field)) is not None}
    if entry.auth_mode is not None:
        given["auth_mode"] = AuthMode(entry.auth_mode)
    if entry.disable_pkce is not None:
        given["pkce"] = not entry.disable_pkce
    methods = (entry.token_request_auth_method, entry.authorization_method)
    if any(methods):
        given["token_auth"] = "basic" if {"basic", "header"} & set(methods) else "body"
    if entry.proxy is not None:
        if entry.proxy.base_url is not None:
            given["base_url"] = entry.proxy.base_url
        if entry.proxy.headers:
            given["headers"] = entry.proxy.headers
        if entry.proxy.retry is not None:
            given["rate_limit"] = entry.proxy.retry.made()
        if entry.proxy.paginate is not None:
            given["pagination"] = Pagination(**entry.proxy.paginate.model_dump())
    if entry.connection_config is not None:
        fields = entry.connection_config
        given["connection_config"] = _fields(file, f"{name}.connection_config", fields)
        given["connection_defaults"] = {
            key: field.default_value
            for key, field in fields.items()
            if field.default_value is not None
        }
    return given | _two_step(file, name, entry)


def _two_step(file: _File, name: str, entry: ProviderIn) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if entry.credentials is not None:
        given["credential_fields"] = _fields(file, f"{name}.credentials", entry.credentials)
    if entry.body_format is not None:
        given["token_encoding"] = entry.body_format
    if entry.token_response is not None:
        told = entry.token_response
        given["token_reply"] = TokenReply(
            token=told.token,
            refresh_token=told.refresh_token,
            expiration=told.token_expiration,
            strategy=told.token_expiration_strategy,
        )
    if entry.token_expires_in_ms is not None:
        given["token_lifetime"] = timedelta(milliseconds=entry.token_expires_in_ms)
    return given


def _fields(file: _File, where: str, fields: Mapping[str, FieldIn]) -> dict[str, ConfigField]:
    made = {}
    for key, field in fields.items():
        try:
            re.compile(field.pattern or "")
        except re.error as error:
            reason = f"is no regular expression: {error}"
            raise file.wrong(f"{where}.{key}.pattern", reason) from error
        made[key] = ConfigField(
            title=field.title or key,
            description=field.description,
            pattern=field.pattern,
            example=field.example,
            required=not field.optional,
            secret=field.secret or field.format == "password",
        )
    return made


def _check_places(file: _File, provider: Provider) -> None:
    """See that every place has something that fills it."""
    config = {f"connectionConfig.{key}" for key in provider.connection_config}
    filled_in = {f"credentials.{key}" for key in provider.credential_fields}
    if provider.auth_mode is not AuthMode.TWO_STEP:
        filled_in = set()
    known = config | filled_in
    signed = f"credentials.{provider.assertion_field}" if provider.assertion_field else ""
    for field, template in _templates(provider):
        is_address = field in {"authorization_url", "token_url", "proxy.base_url"}
        for place in PLACE.findall(template):
            where = f"{provider.name}.{field}"
            if field.startswith("proxy.headers."):
                there = known | _CREDENTIALS[provider.auth_mode]
            else:
                there = config if is_address else known | {signed}
            if place in there:
                continue
            kind, _, key = place.partition(".")
            if kind == "connectionConfig":
                reason = f"but connection_config has no field {key}"
            elif kind == "credentials" and provider.auth_mode is AuthMode.TWO_STEP:
                reason = f"but credentials has no field {key}"
            else:
                reason = f"which {provider.auth_mode.value} does not fill here"
            raise file.wrong(where, f"has the place ${{{place}}}, {reason}")


def _templates(provider: Provider) -> Iterator[tuple[str, str]]:
    yield "authorization_url", provider.authorization_url
    yield "token_url", provider.token_url
    yield "proxy.base_url", provider.base_url
    for field in ("authorization_params", "token_params", "token_headers"):
        for key, template in getattr(provider, field).items():
            yield f"{field}.{key}", template
    for key, template in provider.headers.items():
        yield f"proxy.headers.{key}", template


def _send_alone(send: Send, connection_config: Mapping[str, Any]) -> Send:
    del connection_config
    return send
