"""What both clients know of sending: where to, as whom, and what an answer comes to."""

import os
from typing import TypeVar
from urllib.parse import urlsplit

from fairlead import __version__
from fairlead.client.call import Call, Reply
from fairlead.client.errors import ServerFailed, error_of

T = TypeVar("T")

USER_AGENT = f"fairlead-python/{__version__}"
#: seconds to wait for a connection, and then for each piece of an answer
TIMEOUT_SECONDS = 60.0


def base_of(host: str | None) -> str:
    """Return the server's address without a slash at its end."""
    address = (host or os.environ.get("FAIRLEAD_HOST", "")).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            f"host must be the server's address, as https://fairlead.example.com; not '{address}'. "
            "Give host=, or set FAIRLEAD_HOST."
        )
    return address


def key_of(secret_key: str | None) -> str:
    """Return the secret key."""
    key = secret_key or os.environ.get("FAIRLEAD_SECRET_KEY", "")
    if not key:
        raise ValueError("There is no secret key. Give secret_key=, or set FAIRLEAD_SECRET_KEY.")
    return key


def result_of(call: Call[T], reply: Reply) -> T:
    """Return what an answer says, or raise what it stands for."""
    if not 200 <= reply.status < 300:
        raise error_of(reply.status, reply.headers, reply.body)
    try:
        return call.read(reply)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServerFailed(
            f"{call.method} {call.path} was answered {reply.status}, but not as fairlead does; "
            "check what stands at this address.",
            status=reply.status,
            code="unexpected_answer",
            request_id=reply.headers.get("x-request-id"),
            headers=reply.headers,
            body=reply.body,
        ) from error
