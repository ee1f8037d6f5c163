"""Graph's errors, and when to wait."""

import json

import pytest

from fairlead.errors import (
    Gone,
    MissingScope,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.provider import Reply
from fairlead_microsoft.errors import UNSTATED_WAIT, classify, throttle


def graph(status: int, *codes: str, spelling: str = "innerError", **headers: str) -> Reply:
    error: dict = {"date": "2026-01-02T03:04:05", "request-id": "r-1", "client-request-id": "k-1"}
    for code in reversed(codes[1:]):
        error = {"code": code, spelling: error}
    body = {"error": {"code": codes[0] if codes else "", "message": "Said so.", spelling: error}}
    return Reply(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=json.dumps(body).encode(),
        url="https://graph.microsoft.com/v1.0/drives/d/items/i",
    )


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (graph(401, "InvalidAuthenticationToken"), ReconnectRequired, "reconnect_required"),
        (graph(403, "accessDenied"), Rejected, "access_denied"),
        (graph(403, "Authorization_RequestDenied"), MissingScope, "missing_scope"),
        (graph(404, "itemNotFound"), Rejected, "item_not_found"),
        (graph(409, "nameAlreadyExists"), Rejected, "name_taken"),
        (graph(409, "conflict"), Rejected, "conflict"),
        (graph(410, "resyncRequired"), Gone, "gone"),
        (graph(400, "invalidRequest", "resyncChangesApplyDifferences"), Gone, "gone"),
        (graph(412, "resourceModified"), Rejected, "resource_modified"),
        (graph(423, "resourceLocked"), Rejected, "resource_locked"),
        (graph(423, "notAllowed"), Rejected, "resource_locked"),
        (graph(429, "activityLimitReached", "throttledRequest", "quota"), Throttled, "throttled"),
        (graph(429, "accessDenied", "throttledRequest"), Throttled, "throttled"),
        (graph(500, "generalException"), Unavailable, "provider_unavailable"),
        (graph(502), Unavailable, "provider_unavailable"),
        (graph(503, "serviceNotAvailable"), Unavailable, "provider_unavailable"),
        (graph(504, "UnknownError"), Unavailable, "provider_unavailable"),
        (graph(509), Unavailable, "provider_unavailable"),
        (graph(507, "quotaLimitReached"), Rejected, "quota_exceeded"),
        (graph(400, "invalidRequest"), Rejected, "invalid_request"),
        (graph(400, "invalidRequest", "pathIsTooLong"), Rejected, "path_too_long"),
        (graph(403, "accessDenied", "malwareDetected"), Rejected, "malware_detected"),
        (graph(400, "generalException", "cannotSnapshotTree"), Unavailable, "provider_unavailable"),
        (graph(418, "teapot"), Rejected, "provider_rejected"),
    ],
)
def test_graphs_codes(reply, kind, code):
    error = classify(reply)
    assert type(error) is kind
    assert error.code == code
    assert error.message.endswith(".")
    assert f"status {reply.status}" in error.detail
    assert "request-id r-1" in error.detail


def test_the_innermost_code_wins_in_either_spelling():
    for spelling in ("innerError", "innererror"):
        error = classify(graph(400, "invalidRequest", "x", "pathIsTooLong", spelling=spelling))
        assert error.code == "path_too_long"
        assert "invalidRequest > x > pathIsTooLong" in error.detail


def test_facts_for_the_vendors_support_are_kept():
    error = classify(graph(404, "itemNotFound"))
    assert isinstance(error, Rejected)
    assert (error.provider_status, error.request_id) == (404, "r-1")
    assert "Said so." in error.body


def test_410_says_where_to_restart():
    link = "https://graph.microsoft.com/v1.0/drives/d/root/delta?token=fresh"
    assert classify(graph(410, "resyncRequired", location=link)).restart_at == link
    assert classify(graph(410, "resyncRequired")).restart_at is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error":7}', b'{"error":{"code":7}}', b"\xff"]
)
def test_a_body_of_another_shape_still_has_its_status(body):
    error = classify(Reply(status=404, headers={"request-id": "r-2"}, body=body))
    assert isinstance(error, Rejected)
    assert (error.code, error.request_id) == ("item_not_found", "r-2")


DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
LATER = "Fri, 02 Jan 2026 03:04:35 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "31"}, 31),
        (503, {"retry-after": "120"}, 120),
        (429, {"retry-after": "31", "ratelimit-reset": "45"}, 45),
        (429, {"retry-after": "60", "ratelimit-reset": "45"}, 60),
        (429, {"ratelimit-reset": "9"}, 9),
        (429, {"retry-after": LATER, "date": DATE}, 30),
        (429, {"retry-after": DATE, "date": LATER}, 0),
        (429, {}, UNSTATED_WAIT),
        (429, {"retry-after": LATER}, UNSTATED_WAIT),
        (429, {"retry-after": "soon", "date": DATE}, UNSTATED_WAIT),
        (429, {"retry-after": "-5"}, UNSTATED_WAIT),
        (429, {"retry-after": "inf"}, UNSTATED_WAIT),
        (429, {"retry-after": "nan"}, UNSTATED_WAIT),
        (503, {}, None),
        (500, {"retry-after": "31"}, None),
        (200, {"ratelimit-reset": "31"}, None),
    ],
)
def test_how_long_to_wait(status, headers, wait):
    assert throttle(Reply(status=status, headers=headers)) == wait


def test_a_throttled_error_says_how_long():
    error = classify(graph(429, "activityLimitReached", retry_after="12", ratelimit_reset="15"))
    assert error.retry_after == 15


@pytest.mark.parametrize(
    ("said", "code", "who", "words"),
    [
        ("Unsupported app only token.", "certificate_required", "operator", "certificate"),
        ("Token type is not allowed.", "acs_retired", "operator", "register an app in Entra ID"),
        ("Invalid issuer or signature.", "wrong_audience", "operator", "choose the token"),
        ("Invalid audience.", "wrong_audience", "operator", "choose the token"),
        ("The token is expired.", "reconnect_required", "end user", "connect again"),
    ],
)
def test_what_a_tenant_host_says(said, code, who, words):
    body = json.dumps({"error_description": said}).encode()
    error = classify(Reply(401, {}, body, "https://contoso.sharepoint.com/_api/web"))
    assert (error.code, error.who) == (code, who)
    assert words in error.message
    assert said.rstrip(".") in error.detail
