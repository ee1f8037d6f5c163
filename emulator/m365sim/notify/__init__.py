"""Change notifications: subscriptions, the pokes they lead to, and how receivers are treated.

https://learn.microsoft.com/graph/change-notifications-overview
"""

from m365sim.notify.notifier import Notifier, ValidationFailed
from m365sim.notify.post import Answer, Unreachable
from m365sim.notify.subscription import MAX_LIFETIME, SecurityOf, Subscription, Watched

__all__ = [
    "MAX_LIFETIME",
    "Answer",
    "Notifier",
    "SecurityOf",
    "Subscription",
    "Unreachable",
    "ValidationFailed",
    "Watched",
]
