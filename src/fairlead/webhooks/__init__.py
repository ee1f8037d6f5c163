"""Webhooks: outgoing events are signed and delivered, with retries, at least once."""

from fairlead.webhooks.deliver import Deliverer

__all__ = ["Deliverer"]
