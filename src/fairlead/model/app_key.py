"""AppKey: a key by which an app proves itself, made here; Expiring: what is about to end."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field, SecretStr

from fairlead.model.frozen import Frozen


class KeyState(StrEnum):
    """Where a key is in its life."""

    #: made; the vendor has not accepted it yet
    NEXT = "next"
    #: accepted; it signs
    ACTIVE = "active"
    #: replaced; it signs where the newer one is not accepted yet
    PREVIOUS = "previous"
    #: its private half is destroyed
    RETIRED = "retired"


class AppKey(Frozen):
    """A key pair whose private half never leaves, and the certificate that a vendor is given."""

    id: str
    environment_id: int
    integration_id: int
    #: None = for all connections of the integration
    connection_pk: int | None = None
    state: KeyState
    #: PEM
    certificate: str
    #: PEM; None = retired, or not opened
    private_key: SecretStr | None = Field(default=None, repr=False)
    #: SHA-1 of the certificate in upper-case hex, as vendors show it
    thumbprint: str
    created_at: datetime
    #: end of the certificate
    expires_at: datetime
    activated_at: datetime | None = None
    #: when a newer one took its place
    superseded_at: datetime | None = None
    retired_at: datetime | None = None
    #: when the vendor last took it, to the hour
    used_at: datetime | None = None
    #: when the vendor was last asked whether it takes it
    tried_at: datetime | None = None
    #: what the vendor said then, None = it took it
    refusal: str | None = None


class Expiring(Frozen):
    """Something without which nobody can be renewed, and that ends within weeks."""

    #: `certificate`, `client_secret` or `assertion`
    kind: str
    #: id of the key, "" = what was filled in
    ref: str = ""
    expires_at: datetime
    #: as of which number of days before the end it was announced last
    announced_days: int
