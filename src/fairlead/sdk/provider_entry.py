"""One entry of a providers file: the contract's field names (2.1), and what they may hold."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fairlead.errors import EgressRefused
from fairlead.http import parse_url

#: may stand in a file and do nothing
OF_NO_EFFECT = frozenset({"docs_section", "installation", "logo", "setup_guide_url", "signature"})
OF_NO_EFFECT_IN_PROXY = frozenset({"decompress", "paginate", "retry", "verification"})
PLACE = re.compile(r"\$\{([^}]*)\}")


def _template(value: str) -> str:
    """Accept an https address, with places for values of connection_config."""
    for place in PLACE.findall(value):
        if not re.fullmatch(r"connectionConfig\.\w+", place):
            raise ValueError(
                f"has the place ${{{place}}}; only ${{connectionConfig.NAME}} is known"
            )
    if value.startswith("${"):
        return value
    try:
        origin, _ = parse_url(PLACE.sub("x", value))
    except EgressRefused as error:
        raise ValueError("is not an https address") from error
    if origin.scheme != "https" and not origin.is_loopback:
        raise ValueError("is not an https address")
    return value


Address = Annotated[str, AfterValidator(_template)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldIn(BaseModel):
    """A field of connection_config or credentials; what only another form needs is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str = Field(min_length=1)
    description: str = ""
    pattern: str | None = None
    example: str | None = None
    optional: bool = False
    secret: bool = False
    default_value: str | None = None


class CredentialIn(FieldIn):
    """A credential: its title is its name, and it is secret, unless it says otherwise."""

    title: str = ""
    secret: bool = True


class ProxyIn(_Strict):
    """How the API is called."""

    base_url: Address | None = None
    headers: dict[str, str] = {}


class TokenResponseIn(_Strict):
    """Where a TWO_STEP reply holds what: names joined by dots."""

    token: str = Field(min_length=1)
    refresh_token: str | None = None
    token_expiration: str | None = None
    token_expiration_strategy: Literal["expireAt", "expireIn"] = "expireIn"


class ProviderIn(_Strict):
    """A provider, or what differs from the one that `alias` names."""

    alias: str | None = None
    display_name: str | None = Field(default=None, min_length=1)
    auth_mode: Literal["OAUTH2", "OAUTH2_CC", "TWO_STEP", "API_KEY", "BASIC", "NONE"] | None = None
    categories: tuple[str, ...] | None = None
    docs: str | None = None
    docs_connect: str | None = None
    authorization_url: Address | None = None
    token_url: Address | None = None
    default_scopes: tuple[str, ...] | None = None
    scope_separator: str | None = None
    authorization_params: dict[str, str] | None = None
    token_params: dict[str, str] | None = None
    token_headers: dict[str, str] | None = None
    token_response: TokenResponseIn | None = None
    token_expires_in_ms: int | None = Field(default=None, ge=1)
    disable_pkce: bool | None = None
    body_format: Literal["form", "json"] | None = None
    token_request_auth_method: Literal["basic", "body"] | None = None
    authorization_method: Literal["header", "body"] | None = None
    proxy: ProxyIn | None = None
    connection_config: dict[str, FieldIn] | None = None
    credentials: dict[str, CredentialIn] | None = None
