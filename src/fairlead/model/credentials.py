"""Credentials: tokens and keys in the open, in memory only; SealedCredentials: the same at rest.

Shapes follow the HTTP contract's credential objects; `type` tells them apart.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator

from fairlead.model.frozen import Frozen


class OwnApp(Frozen):
    """An app of the customer's own, by which one connection is authorised, not the integration's.

    The contract calls it `config_override`.
    """

    client_id: str
    #: None = a public client, which proves nothing
    client_secret: SecretStr | None = None

    @field_validator("client_secret")
    @classmethod
    def _empty_is_none(cls, secret: SecretStr | None) -> SecretStr | None:
        return secret if secret and secret.get_secret_value() else None

    def revealed(self) -> dict[str, str]:
        """Return both in the open, to be sealed or told to whoever may read credentials."""
        secret = self.client_secret.get_secret_value() if self.client_secret else ""
        return {"client_id": self.client_id, "client_secret": secret}


class OAuth2Credentials(Frozen):
    """Result of an authorization-code grant: an access token and, usually, a refresh token."""

    type: Literal["OAUTH2"] = "OAUTH2"
    access_token: SecretStr
    refresh_token: SecretStr | None = None
    #: None = the vendor did not say; then it counts as fresh
    expires_at: datetime | None = None
    #: the vendor's whole token reply (secret)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
    #: whose app renews them; None = the integration's
    own_app: OwnApp | None = None


class ClientCredentials(Frozen):
    """Result of a client-credentials grant, and what is needed to repeat it."""

    type: Literal["OAUTH2_CC"] = "OAUTH2_CC"
    token: SecretStr
    client_id: str
    client_secret: SecretStr | None = None
    client_certificate: str | None = None
    client_private_key: SecretStr | None = None
    #: end of the secret or certificate, None = nobody said
    proof_expires_at: datetime | None = None
    expires_at: datetime | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class TwoStepCredentials(Frozen):
    """Result of a token request made of what was filled in, and what is needed to repeat it."""

    type: Literal["TWO_STEP"] = "TWO_STEP"
    token: SecretStr
    #: what was filled in, by the provider's names
    fields: dict[str, SecretStr] = Field(default_factory=dict)
    client_certificate: str | None = None
    client_private_key: SecretStr | None = None
    #: end of the certificate or statement, None = nobody said
    proof_expires_at: datetime | None = None
    refresh_token: SecretStr | None = None
    expires_at: datetime | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class ApiKeyCredentials(Frozen):
    """One static key."""

    type: Literal["API_KEY"] = "API_KEY"
    api_key: SecretStr


class BasicCredentials(Frozen):
    """A user name and a password."""

    type: Literal["BASIC"] = "BASIC"
    username: str
    password: SecretStr


class NoCredentials(Frozen):
    """An API that asks for nothing."""

    type: Literal["NONE"] = "NONE"


Credentials = Annotated[
    OAuth2Credentials
    | ClientCredentials
    | TwoStepCredentials
    | ApiKeyCredentials
    | BasicCredentials
    | NoCredentials,
    Field(discriminator="type"),
]


class SealedCredentials(Frozen):
    """Credentials as they lie in the database: an envelope only the vault opens."""

    #: what `vault` made: header with key id, nonce, ciphertext, tag
    envelope: bytes = Field(repr=False)
    #: copied outside the envelope so that what is due can be found without opening
    expires_at: datetime | None = None
    #: can it be renewed without the end user?
    refreshable: bool = False
    #: end of what was filled in to renew with, None = nobody said
    proof_expires_at: datetime | None = None
