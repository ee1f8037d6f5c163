"""What a connection is configured with before the trip: gathered, checked, the session on top."""

import re
from collections.abc import Mapping
from typing import Any

from fairlead.errors import InvalidInput
from fairlead.model.connect_session import ConnectSession, IntegrationDefaults
from fairlead.model.provider import Provider
from fairlead.oauth.scopes import OVERRIDE
from fairlead.oauth.tokens import EXTRA_PARAMS

#: only the product may say where its webhooks go and which scopes are asked for
_NOT_FOR_BROWSERS = frozenset({EXTRA_PARAMS, "webhook_url"})
_AUTHORIZATION = "authorization_params."
#: a name that ends so names a secret, whatever the provider says of it
_SECRET_ENDINGS = (
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "privatekey",
    "token",
    "credential",
    "credentials",
)
_NOT_BESIDE_A_SESSION = frozenset({OVERRIDE, "user_scope"})


def gathered_config(
    provider: Provider,
    browser: Mapping[str, Any],
    session: ConnectSession | None,
    defaults: IntegrationDefaults,
) -> dict[str, Any]:
    """Return the connection's config: provider's defaults, then browser, then session on top.

    InvalidInput names the first field that is missing or does not fit.
    """
    refused = _NOT_FOR_BROWSERS | (_NOT_BESIDE_A_SESSION if session else frozenset())
    config: dict[str, Any] = dict(provider.connection_defaults)
    config |= {
        name: value
        for name, value in browser.items()
        if isinstance(value, str) and name not in refused
    }
    config |= {
        name: value for name, value in defaults.connection_config.items() if name != "webhook_url"
    }
    if defaults.user_scopes:
        config["user_scope"] = defaults.user_scopes
    override = config.get(OVERRIDE)
    if isinstance(override, str):
        scopes = [part.strip() for part in override.split(",") if part.strip()]
        if scopes:
            config[OVERRIDE] = scopes
        else:
            del config[OVERRIDE]
    check_config(provider, config)
    return config


def authorization_params_of(config: Mapping[str, str]) -> dict[str, str]:
    """Return what an integration's config says of the authorize page: `authorization_params.NAME`.

    A blank value removes the provider's own parameter.
    """
    return {
        name.removeprefix(_AUTHORIZATION): value
        for name, value in config.items()
        if name.startswith(_AUTHORIZATION)
    }


def check_config(provider: Provider, config: Mapping[str, Any]) -> None:
    """Raise InvalidInput for the first field that the provider needs and that does not fit."""
    for name, wanted in provider.connection_config.items():
        value = config.get(name)
        if value is None or value == "":
            if wanted.required:
                raise _wrong(name, f"{wanted.title} is missing; give connection_config.{name}")
        elif wanted.pattern and not re.fullmatch(wanted.pattern, str(value)):
            example = f", for example {wanted.example}" if wanted.example else ""
            raise _wrong(name, f"{wanted.title} has not the right form{example}; correct it")


def secret_names(provider: Provider | None, config: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of what is secret in a config: as the provider says, or by their sound."""
    fields = provider.connection_config if provider else {}
    return frozenset(
        name
        for name, value in config.items()
        if (name in fields and fields[name].secret) or _sounds_secret(name) or _holds_secret(value)
    )


def _sounds_secret(name: str) -> bool:
    return re.sub(r"[^a-z]", "", name.lower()).endswith(_SECRET_ENDINGS)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_sounds_secret(name) or _holds_secret(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_holds_secret(inner) for inner in value)


def _wrong(name: str, message: str) -> InvalidInput:
    return InvalidInput(
        message,
        code="invalid_connection_config",
        issues=[{"code": "custom", "message": message, "path": ["connection_config", name]}],
    )
