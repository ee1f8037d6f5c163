"""ConnectSession: a short-lived permit for one end user to connect; OAuthState: one trip."""

from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr

from fairlead.model.credentials import OwnApp
from fairlead.model.frozen import Frozen


class Organization(Frozen):
    """The end user's organisation, in the product's own terms."""

    id: str
    display_name: str | None = None


class EndUser(Frozen):
    """The product's own user who connects."""

    id: str
    email: str | None = None
    display_name: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    organization: Organization | None = None


class IntegrationDefaults(Frozen):
    """What a session fixes for one integration."""

    user_scopes: str | None = None
    #: a blank value removes the parameter
    authorization_params: dict[str, str] = Field(default_factory=dict)
    connection_config: dict[str, Any] = Field(default_factory=dict)


class ConnectSession(Frozen):
    """A permit, valid 30 minutes, to connect one end user; its token is stored hashed."""

    id: str
    environment_id: int
    token_hash: str
    end_user: EndUser | None = None
    #: unique keys; empty = all of the environment
    allowed_integrations: tuple[str, ...] = ()
    defaults: dict[str, IntegrationDefaults] = Field(default_factory=dict)
    overrides: dict[str, dict[str, str]] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    webhook_url_override: str | None = None
    #: set for a reconnect: the connection to replace
    connection_id: str | None = None
    created_at: datetime
    expires_at: datetime


class OAuthState(Frozen):
    """One trip of a browser to the vendor and back; claimed once."""

    #: the `state` parameter: unguessable
    id: str
    environment_id: int
    integration_key: str
    connect_session_id: str | None = None
    #: id the connection will have
    connection_id: str
    code_verifier: SecretStr
    redirect_uri: str
    #: config values gathered before the trip
    connection_config: dict[str, Any] = Field(default_factory=dict)
    #: the scopes and other parameters that went to the authorize URL
    authorization_params: dict[str, str] = Field(default_factory=dict)
    #: an app of the customer's own, in place of the integration's
    own_app: OwnApp | None = None
    #: kept instead of the one that the vendor gives
    refresh_token: SecretStr | None = None
    #: websocket client of the contract's browser library, if it opened the trip
    ws_client_id: str | None = None
    created_at: datetime
    expires_at: datetime
