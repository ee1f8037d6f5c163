"""Connection: one end user's authorised account on one integration."""

from datetime import datetime
from typing import Any

from pydantic import Field

from fairlead.model.app_key import Expiring
from fairlead.model.connect_session import EndUser
from fairlead.model.frozen import Frozen


class Fault(Frozen):
    """One thing that is wrong with a connection now."""

    #: `auth` or `sync`
    type: str
    code: str
    #: who must do what
    message: str
    log_id: str
    #: the sync concerned, for type `sync`
    sync_name: str | None = None
    created_at: datetime


class Connection(Frozen):
    """One end user's authorised account on one integration, without its credentials."""

    #: internal number (`id` on the wire)
    id: int
    environment_id: int
    integration_id: int
    #: unique key of the integration (`provider_config_key` on the wire)
    integration_key: str
    provider: str
    #: the caller's or our name for it (`connection_id` on the wire)
    connection_id: str
    end_user: EndUser | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    metadata: dict[str, Any] | None = None
    connection_config: dict[str, Any] = Field(default_factory=dict)
    webhook_url_override: str | None = None
    errors: tuple[Fault, ...] = ()
    created_at: datetime
    updated_at: datetime
    last_fetched_at: datetime | None = None
    #: what ends within weeks
    warnings: tuple[Expiring, ...] = ()
