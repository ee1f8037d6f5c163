"""Integration: an operator's configured use of a provider."""

from datetime import datetime

from pydantic import Field, SecretStr

from fairlead.model.app_key import Expiring
from fairlead.model.frozen import Frozen


class Integration(Frozen):
    """An operator's configured use of a provider: whose app, which scopes, which functions."""

    id: int
    environment_id: int
    #: the operator's name for it, unique in its environment (`provider_config_key` on the wire)
    unique_key: str
    provider: str
    display_name: str
    client_id: str | None = None
    client_secret: SecretStr | None = None
    #: None = the provider's default scopes
    scopes: tuple[str, ...] | None = None
    webhook_secret: SecretStr | None = None
    forward_webhooks: bool = True
    #: `integration_config` of the contract
    config: dict[str, str] = Field(default_factory=dict)
    custom: dict[str, str] = Field(default_factory=dict)
    created_at: datetime
    updated_at: datetime
    #: end of the client secret, as the operator told
    client_secret_expires_at: datetime | None = None
    #: what ends within weeks
    warnings: tuple[Expiring, ...] = ()
