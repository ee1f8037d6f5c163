"""Notice: what one element of a vendor's webhook says of a subscription; a hint, never a fact."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What a notice says."""

    #: something changed where the subscription looks
    CHANGED = "changed"
    #: the vendor tells nothing more until the subscription is renewed
    REAUTHORIZE = "reauthorize"
    #: the vendor ended the subscription
    REMOVED = "removed"
    #: the vendor could not deliver what it had to say
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One element of a webhook, not believed yet: its secret has to be compared first."""

    #: the vendor's id of the subscription
    vendor_id: str
    #: what the subscriber gave the vendor, and nobody else knows
    secret: str
    kind: NoticeKind = NoticeKind.CHANGED
    #: end of the subscription as the vendor knew it when this was said; None = it does not say
    expires_at: datetime | None = None
    #: the webhook as the vendor would have sent it with this element alone, without the secret, for
    #: products that want it; None = it is not for them
    content: Any = None


class Verdict(StrEnum):
    """What became of a notice."""

    ACCEPTED = "accepted"
    #: of no subscription of ours
    UNKNOWN = "unknown"
    #: the secret is another one
    FORGED = "forged"
    #: said long ago: the subscription's end that it names has passed
    REPLAYED = "replayed"
    #: not what the vendor sends at all
    MALFORMED = "malformed"
