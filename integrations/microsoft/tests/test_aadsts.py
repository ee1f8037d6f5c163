"""Every number of Entra ID that we know, and the ones we do not."""

import json

import pytest

from fairlead.errors import (
    AdminConsentRequired,
    BadClientSecret,
    InternalError,
    OperatorError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.provider import Reply
from fairlead_microsoft.aadsts import MEANINGS
from fairlead_microsoft.errors import classify

# number, oauth error, our class, who must act, a word of the sentence
TABLE = [
    (50011, "invalid_request", OperatorError, "redirect URI"),
    (50020, "invalid_grant", ReconnectRequired, "account of the right one"),
    (50034, "invalid_grant", ReconnectRequired, "account of the right one"),
    (50053, "invalid_grant", Unavailable, "wait"),
    (50055, "invalid_grant", ReconnectRequired, "change it"),
    (50057, "invalid_grant", ReconnectRequired, "disabled"),
    (50058, "login_required", ReconnectRequired, "connect again"),
    (50076, "interaction_required", ReconnectRequired, "sign in once more"),
    (50079, "interaction_required", ReconnectRequired, "sign in once more"),
    (50105, "access_denied", OperatorError, "assign"),
    (50126, "invalid_grant", ReconnectRequired, "connect again"),
    (50158, "interaction_required", ReconnectRequired, "sign in once more"),
    (50173, "invalid_grant", ReconnectRequired, "revoked"),
    (50194, "unauthorized_client", OperatorError, "tenant"),
    (500011, "invalid_resource", OperatorError, "SharePoint host"),
    (53003, "access_denied", OperatorError, "administrator"),
    (53000, "interaction_required", OperatorError, "administrator"),
    (53001, "interaction_required", OperatorError, "administrator"),
    (53002, "interaction_required", OperatorError, "administrator"),
    (54005, "invalid_grant", ReconnectRequired, "afresh"),
    (65001, "invalid_grant", ReconnectRequired, "approve"),
    (65004, "access_denied", ReconnectRequired, "declined"),
    (650052, "invalid_resource", OperatorError, "administrator"),
    (650057, "invalid_resource", OperatorError, "registration"),
    (70000, "invalid_grant", ReconnectRequired, "connect again"),
    (70001, "unauthorized_client", BadClientSecret, "client id"),
    (700016, "unauthorized_client", BadClientSecret, "client id"),
    (70008, "invalid_grant", ReconnectRequired, "expired"),
    (700082, "invalid_grant", ReconnectRequired, "expired"),
    (700084, "invalid_grant", ReconnectRequired, "as Web"),
    (70011, "invalid_scope", OperatorError, "scopes"),
    (70043, "invalid_grant", ReconnectRequired, "connect again"),
    (700022, "invalid_scope", OperatorError, "scopes"),
    (700023, "invalid_scope", OperatorError, "scopes"),
    (28002, "invalid_request", OperatorError, "scopes"),
    (28003, "invalid_request", OperatorError, "scopes"),
    (700025, "invalid_client", OperatorError, "public client"),
    (700027, "invalid_client", BadClientSecret, "certificate"),
    (7000215, "invalid_client", BadClientSecret, "not its id"),
    (7000218, "invalid_client", BadClientSecret, "needs a client secret"),
    (7000222, "invalid_client", BadClientSecret, "expired"),
    (9001023, "invalid_request", OperatorError, "tenant"),
    (90002, "invalid_request", OperatorError, "tenant"),
    (90014, "invalid_request", InternalError, "defect of fairlead"),
    (900144, "invalid_request", InternalError, "defect of fairlead"),
    (90094, "access_denied", AdminConsentRequired, "administrator"),
    (90095, "consent_required", AdminConsentRequired, "administrator"),
    (90024, "temporarily_unavailable", Unavailable, "later"),
    (90033, "server_error", Unavailable, "later"),
    (50033, "invalid_grant", Unavailable, "later"),
    (50196, "invalid_grant", Unavailable, "later"),
]


def reply(number: int, error: str, status: int = 400, *, with_codes: bool = True) -> Reply:
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: Something. Trace ID: t-1\r\nCorrelation ID: c-1",
        "timestamp": "2026-01-09 02:02:12Z",
        "trace_id": "t-1",
        "correlation_id": "c-1",
    }
    if with_codes:
        body["error_codes"] = [number]
    return Reply(
        status=status,
        headers={},
        body=json.dumps(body).encode(),
        url="https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
        method="POST",
    )


@pytest.mark.parametrize(("number", "oauth_error", "kind", "word"), TABLE)
def test_each_number(number, oauth_error, kind, word):
    error = classify(reply(number, oauth_error))
    assert type(error) is kind
    assert word in error.message
    assert f"AADSTS{number}" in error.detail
    assert "trace_id t-1" in error.detail
    assert "correlation_id c-1" in error.detail
    # the number alone, without the list of codes, says the same
    again = classify(reply(number, oauth_error, with_codes=False))
    assert (type(again), again.message, again.code) == (type(error), error.message, error.code)


def test_only_what_heals_by_itself_is_retryable():
    retryable = {number for number, *_ in TABLE if classify(reply(number, "x")).retryable}
    assert retryable == {50053, 90024, 90033, 50033, 50196}


def test_every_known_number_has_a_full_sentence():
    for number, meaning in MEANINGS.items():
        assert meaning.sentence.endswith("."), number
        assert meaning.sentence[0].isupper(), number


@pytest.mark.parametrize(
    ("oauth_error", "status", "kind"),
    [
        ("invalid_grant", 400, ReconnectRequired),
        ("interaction_required", 400, ReconnectRequired),
        ("login_required", 400, ReconnectRequired),
        ("consent_required", 400, ReconnectRequired),
        ("access_denied", 400, ReconnectRequired),
        ("invalid_client", 401, BadClientSecret),
        ("unauthorized_client", 400, BadClientSecret),
        ("invalid_scope", 400, OperatorError),
        ("invalid_resource", 400, OperatorError),
        ("temporarily_unavailable", 503, Unavailable),
        ("server_error", 500, Unavailable),
        ("unheard_of", 502, Unavailable),
        ("unheard_of", 400, Rejected),
    ],
)
def test_unknown_numbers_go_by_the_oauth_error(oauth_error, status, kind):
    error = classify(reply(99999999, oauth_error, status))
    assert type(error) is kind
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [
        (700027, "[Reason - The key used is expired.]", "certificate_expired"),
        (700027, "[Reason - The key was not found.]", "certificate_not_registered"),
        (700023, "Client assertion audience claim does not match.", "bad_client_assertion"),
    ],
)
def test_numbers_with_more_than_one_meaning(number, said, code):
    body = {"error": "invalid_client", "error_codes": [number], "error_description": said}
    error = classify(Reply(status=401, headers={}, body=json.dumps(body).encode()))
    assert (error.code, error.who) == (code, "operator")


def test_the_token_endpoint_may_throttle():
    body = json.dumps({"error": "temporarily_unavailable"}).encode()
    error = classify(Reply(status=429, headers={"retry-after": "7"}, body=body))
    assert isinstance(error, Throttled)
    assert error.retry_after == 7


def test_an_answer_without_description_or_number():
    error = classify(Reply(status=400, headers={}, body=b'{"error":"invalid_grant"}'))
    assert isinstance(error, ReconnectRequired)
    assert error.detail == "invalid_grant"
