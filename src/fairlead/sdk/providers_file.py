"""Providers of an operator's own, from a JSON file with the contract's field names (contract 2.1).

The file is an object: name -> provider. `alias` takes over all fields of another provider, of the
file or installed, hooks and functions included. A field that would change how a provider works and
is not known here is refused; those in `_OF_NO_EFFECT` may stand in the file and do nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from fairlead.errors import EgressRefused, OperatorError
from fairlead.http import parse_url
from fairlead.model.exchange import Send
from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead.sdk.pack import Pack
from fairlead.sdk.registry import Registry

VARIABLE = "FAIRLEAD_PROVIDERS_FILE"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_PLACE = re.compile(r"\$\{([^}]*)\}")
_OF_NO_EFFECT = frozenset(
    {"credentials", "docs_section", "installation", "logo", "setup_guide_url", "signature"}
)
_OF_NO_EFFECT_IN_PROXY = frozenset({"decompress", "paginate", "retry", "verification"})


def _template(value: str) -> str:
    """Accept an https address, with places for values of connection_config."""
    for place in _PLACE.findall(value):
        if not re.fullmatch(r"connectionConfig\.\w+", place):
            raise ValueError(
                f"has the place ${{{place}}}; only ${{connectionConfig.NAME}} is known"
            )
    if value.startswith("${"):
        return value
    try:
        origin, _ = parse_url(_PLACE.sub("x", value))
    except EgressRefused as error:
        raise ValueError("is not an https address") from error
    if origin.scheme != "https" and not origin.is_loopback:
        raise ValueError("is not an https address")
    return value


def _header(value: str) -> str:
    if "${accessToken}" in value or "${credentials." in value:
        raise ValueError("holds a token; tokens and passwords are added by themselves, remove it")
    return value


Address = Annotated[str, AfterValidator(_template)]
Header = Annotated[str, AfterValidator(_header)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FieldIn(BaseModel):
    """A field of connection_config; what only some other form needs of it is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str = Field(min_length=1)
    description: str = ""
    pattern: str | None = None
    example: str | None = None
    optional: bool = False
    secret: bool = False
    default_value: str | None = None


class _ProxyIn(_Strict):
    base_url: Address | None = None
    headers: dict[str, Header] = {}


class _ProviderIn(_Strict):
    alias: str | None = None
    display_name: str | None = Field(default=None, min_length=1)
    auth_mode: Literal["OAUTH2", "OAUTH2_CC", "API_KEY", "BASIC", "NONE"] | None = None
    categories: tuple[str, ...] | None = None
    docs: str | None = None
    docs_connect: str | None = None
    authorization_url: Address | None = None
    token_url: Address | None = None
    default_scopes: tuple[str, ...] | None = None
    scope_separator: str | None = None
    authorization_params: dict[str, str] | None = None
    token_params: dict[str, str] | None = None
    disable_pkce: bool | None = None
    body_format: Literal["form"] | None = None
    token_request_auth_method: Literal["basic", "body"] | None = None
    authorization_method: Literal["header", "body"] | None = None
    proxy: _ProxyIn | None = None
    connection_config: dict[str, _FieldIn] | None = None


def add_providers(registry: Registry, path: Path) -> None:
    """Add the file's providers to those of the packs.

    OperatorError names the file, where in it, and what is wrong.
    """
    entries = _read(path)
    made: dict[str, tuple[Provider, Pack[Any] | None]] = {}

    def make(name: str, via: tuple[str, ...]) -> tuple[Provider, Pack[Any] | None]:
        if name in made:
            return made[name]
        if name in via:
            raise _wrong(path, f"{name}.alias", f"goes in a circle: {' -> '.join((*via, name))}")
        entry = entries[name]
        base, pack = None, None
        if entry.alias is not None:
            if entry.alias in entries:
                base, pack = make(entry.alias, (*via, name))
            elif entry.alias in registry.providers:
                base, pack = registry.providers[entry.alias], registry.pack_for(entry.alias)
            else:
                raise _wrong(path, f"{name}.alias", f"names {entry.alias}, which is no provider")
        made[name] = _provider(path, name, entry, base), pack
        return made[name]

    for name in entries:
        if name in registry.providers:
            raise _wrong(path, name, "is the name of an installed provider; choose another")
        make(name, ())
    own = Pack("providers-file", api=_send_alone)
    for provider, pack in made.values():
        registry.add_provider(provider, pack or own)


def _read(path: Path) -> dict[str, _ProviderIn]:
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _wrong(path, "", "there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, "", f"cannot be read as text: {error}") from error
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(path, f"line {error.lineno}", f"is not JSON: {error.msg}") from error
    if not isinstance(values, dict):
        raise _wrong(path, "", "must hold a JSON object: name -> provider")
    return {name: _entry(path, name, value) for name, value in values.items()}


def _entry(path: Path, name: str, value: object) -> _ProviderIn:
    if not _NAME.fullmatch(name):
        raise _wrong(path, repr(name), "is no name: letters, digits, - and _")
    if not isinstance(value, dict):
        raise _wrong(path, name, "must be an object")
    told = {key: each for key, each in value.items() if key not in _OF_NO_EFFECT}
    if isinstance(told.get("proxy"), dict):
        told["proxy"] = {
            key: each for key, each in told["proxy"].items() if key not in _OF_NO_EFFECT_IN_PROXY
        }
    try:
        return _ProviderIn.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join([name, *(str(part) for part in first["loc"])])
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "is not a field that is known here"
        raise _wrong(path, where, reason[:1].lower() + reason[1:]) from error


def _provider(path: Path, name: str, entry: _ProviderIn, base: Provider | None) -> Provider:
    given = _given(path, name, entry)
    if base is not None:
        provider = replace(base, name=name, **given)
    else:
        for field in ("display_name", "auth_mode"):
            if field not in given:
                raise _wrong(path, name, f"lacks {field}")
        provider = Provider(name=name, **given)
    needed = {
        AuthMode.OAUTH2: ("authorization_url", "token_url"),
        AuthMode.OAUTH2_CC: ("token_url",),
    }.get(provider.auth_mode, ())
    for field in needed:
        if not getattr(provider, field):
            raise _wrong(path, name, f"lacks {field}, which {provider.auth_mode.value} needs")
    if not provider.base_url:
        raise _wrong(path, name, "lacks proxy.base_url")
    _check_places(path, provider)
    return provider


def _given(path: Path, name: str, entry: _ProviderIn) -> dict[str, Any]:
    """Return the Provider's fields that the entry sets."""
    same = (
        "display_name", "categories", "docs", "docs_connect", "authorization_url", "token_url",
        "default_scopes", "scope_separator", "authorization_params", "token_params",
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
    if entry.connection_config is not None:
        fields = entry.connection_config
        given["connection_config"] = {
            key: _field(path, f"{name}.connection_config.{key}", field)
            for key, field in fields.items()
        }
        given["connection_defaults"] = {
            key: field.default_value
            for key, field in fields.items()
            if field.default_value is not None
        }
    return given


def _field(path: Path, where: str, field: _FieldIn) -> ConfigField:
    try:
        re.compile(field.pattern or "")
    except re.error as error:
        raise _wrong(path, f"{where}.pattern", f"is no regular expression: {error}") from error
    return ConfigField(
        title=field.title,
        description=field.description,
        pattern=field.pattern,
        example=field.example,
        required=not field.optional,
        secret=field.secret,
    )


def _check_places(path: Path, provider: Provider) -> None:
    """See that every place in an address has a field that fills it."""
    addresses = {
        "authorization_url": provider.authorization_url,
        "token_url": provider.token_url,
        "proxy.base_url": provider.base_url,
    }
    for field, template in addresses.items():
        for place in _PLACE.findall(template):
            key = place.removeprefix("connectionConfig.")
            if key not in provider.connection_config:
                raise _wrong(
                    path,
                    f"{provider.name}.{field}",
                    f"has the place ${{{place}}}, but connection_config has no field {key}",
                )


def _send_alone(send: Send, connection_config: Mapping[str, Any]) -> Send:
    del connection_config
    return send


def _wrong(path: Path, where: str, reason: str) -> OperatorError:
    place = f"{where} " if where else ""
    return OperatorError(f"{VARIABLE} names {path}: {place}{reason}", code="invalid_setting")
