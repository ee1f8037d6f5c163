"""What an application developer imports: the API's client, blocking and asynchronous.

Light to import: the HTTP libraries come with the first client that is made.
"""

from fairlead.client.bind import AsyncPaged, Paged
from fairlead.client.blocking import ProxyReply
from fairlead.client.clients import AsyncFairlead, Fairlead
from fairlead.client.errors import (
    BadRequest,
    Conflict,
    ExtraMissing,
    FairleadApiError,
    FunctionFailed,
    NotFound,
    OperatorMustAct,
    PermissionDenied,
    ProxiedError,
    RateLimited,
    ReconnectRequired,
    ServerFailed,
    TimedOut,
    Unauthenticated,
    Unreachable,
    VendorRefused,
    WebhookRefused,
)
from fairlead.client.exports import AsyncExport, Export
from fairlead.client.nonblocking import AsyncProxyReply
from fairlead.client.retry import Retries
from fairlead.client.webhooks import verify_webhook

__all__ = [
    "AsyncExport",
    "AsyncFairlead",
    "AsyncPaged",
    "AsyncProxyReply",
    "BadRequest",
    "Conflict",
    "Export",
    "ExtraMissing",
    "Fairlead",
    "FairleadApiError",
    "FunctionFailed",
    "NotFound",
    "OperatorMustAct",
    "Paged",
    "PermissionDenied",
    "ProxiedError",
    "ProxyReply",
    "RateLimited",
    "ReconnectRequired",
    "Retries",
    "ServerFailed",
    "TimedOut",
    "Unauthenticated",
    "Unreachable",
    "VendorRefused",
    "WebhookRefused",
    "verify_webhook",
]
