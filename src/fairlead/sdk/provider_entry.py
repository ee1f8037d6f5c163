"""One entry of a providers file: the contract's field names (2.1), and what they may hold."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from fairlead.errors import EgressRefused
from fairlead.http import parse_url
from fairlead.model.limits import PageLink, RateLimit

#: may stand in a file and do nothing
OF_NO_EFFECT = frozenset({"docs_section", "installation", "logo", "setup_guide_url", "signature"})
OF_NO_EFFECT_IN_PROXY = frozenset({"decompress", "verification"})
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
    format: str = ""
    default_value: str | None = None


class CredentialIn(FieldIn):
    """A credential: its title is its name, and it is secret, unless it says otherwise."""

    title: str = ""
    secret: bool = True


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


Headers = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Status = Annotated[int, Field(ge=300, le=599)]


class RetryIn(_Strict):
    """When a call that was refused may be sent again."""

    after: Headers | None = None
    at: Headers | None = None
    remaining: str = ""
    error_code: Annotated[tuple[Status, ...], BeforeValidator(_as_list)] = ()

    def made(self) -> RateLimit:
        """Return it as a rule; who names no header means the standard one."""
        after = self.after if self.after is not None or self.at else RateLimit().after
        return RateLimit(
            after=tuple(name.lower() for name in after or ()),
            at=tuple(name.lower() for name in self.at or ()),
            remaining=self.remaining.lower(),
            statuses=frozenset(self.error_code),
        )


class PaginateIn(_Strict):
    """How a list goes on."""

    type: PageLink
    response_path: str = ""
    limit: int | None = Field(default=None, ge=1)
    limit_name_in_request: str = ""
    link_path_in_response_body: str = ""
    link_rel_in_response_header: str = ""
    cursor_path_in_response: str = ""
    cursor_name_in_request: str = ""
    offset_name_in_request: str = ""
    offset_start_value: int = 0
    offset_calculation_method: Literal["per-page", "by-response-size", ""] = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        wanted = _WANTED[self.type]
        if not any(all(getattr(self, name) for name in names) for names in wanted):
            raise ValueError(
                f"of type {self.type} lacks {' or '.join(' and '.join(names) for names in wanted)}"
            )
        return self


_WANTED: dict[PageLink, tuple[tuple[str, ...], ...]] = {
    PageLink.LINK: (("link_path_in_response_body",), ("link_rel_in_response_header",)),
    PageLink.CURSOR: (("cursor_path_in_response", "cursor_name_in_request"),),
    PageLink.OFFSET: (("offset_name_in_request",),),
}


class ProxyIn(_Strict):
    """How the API is called."""

    base_url: Address | None = None
    headers: dict[str, str] = {}
    retry: RetryIn | None = None
    paginate: PaginateIn | None = None


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
