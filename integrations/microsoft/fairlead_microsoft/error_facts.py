"""What every error tells of the answer that it was made from."""

from typing import Any

from fairlead.model.provider import Reply

#: bytes of an answer that errors keep
_KEPT_BODY = 2048


def facts_of(reply: Reply, said: str, request_id: str | None) -> dict[str, Any]:
    """Return an error's facts: `said` is the answer's own code, "" if it has none."""
    detail = (
        f"{reply.method} {reply.url}".strip(),
        f"status {reply.status}",
        said,
        f"request-id {request_id}" if request_id else "",
    )
    return {
        "provider_status": reply.status,
        "request_id": request_id,
        "body": reply.body[:_KEPT_BODY].decode("utf-8", "replace") or None,
        "detail": ", ".join(part for part in detail if part),
    }
