"""What answers of `_api` mean, in both envelopes and in none."""

import json

import pytest

from fairlead.errors import ReconnectRequired, Rejected, Throttled, Unavailable
from fairlead.model.exchange import Request
from fairlead.model.provider import Reply
from fairlead_microsoft.errors import classify, throttle
from fairlead_microsoft.graph.units import toll
from fairlead_microsoft.rest.reading import ETAG, plain

URL = "https://contoso.sharepoint.com/sites/x/_api/web"


def told(status, code, text="", *, name="odata.error", headers=None):
    body = {name: {"code": code, "message": {"lang": "en-US", "value": text}}}
    return Reply(status, headers or {}, json.dumps(body).encode(), URL, "POST")


@pytest.mark.parametrize("name", ["error", "odata.error"])
@pytest.mark.parametrize(
    ("status", "number", "code", "who"),
    [
        (403, -2147024891, "access_denied", "operator"),
        (401, -2147024891, "access_denied", "operator"),
        (404, -2130575338, "item_not_found", "caller"),
        (500, -2147024894, "item_not_found", "caller"),
        (404, -2147024809, "item_not_found", "caller"),
        (400, -2147024809, "invalid_request", "caller"),
        (400, -2130575257, "name_taken", "caller"),
        (500, -2130575342, "name_taken", "caller"),
        (400, -2130575245, "invalid_request", "caller"),
        (409, -2130575305, "resource_modified", "caller"),
        (412, -1, "resource_modified", "caller"),
        (423, -2147018894, "resource_locked", "vendor"),
        (500, -2147024860, "list_view_threshold", "caller"),
        (403, -2130575251, "invalid_digest", "vendor"),
        (403, -2130575252, "invalid_digest", "vendor"),
        (500, -2147024784, "quota_exceeded", "vendor"),
        (400, -2147024690, "path_too_long", "caller"),
        (413, -2130575152, "too_large", "caller"),
        (409, -1, "conflict", "caller"),
        (418, -1, "provider_rejected", "vendor"),
    ],
)
def test_numbers_are_more_telling_than_statuses(name, status, number, code, who):
    error = classify(told(status, f"{number}, Microsoft.SharePoint.SPException", name=name))
    assert isinstance(error, Rejected)
    assert (error.code, error.who, error.provider_status) == (code, who, status)
    assert str(number) in error.detail
    assert not error.retryable


def test_what_passes_by_itself():
    busy = told(429, "-2147429894, Microsoft.SharePoint.Client.ClientServiceException",
                headers={"retry-after": "7", "sprequestguid": "abc"})  # fmt: skip
    error = classify(busy)
    assert isinstance(error, Throttled)
    assert (error.retry_after, error.request_id) == (7, "abc")
    assert isinstance(classify(told(503, "-1, x")), Unavailable)
    assert isinstance(classify(Reply(500, {}, b"<html>", URL)), Unavailable)
    assert isinstance(classify(Reply(502, {}, b"Bad gateway", URL)), Unavailable)


@pytest.mark.parametrize(
    ("status", "code"), [(403, "access_denied"), (404, "item_not_found"), (400, "invalid_request")]
)
@pytest.mark.parametrize("body", [b"403 FORBIDDEN", b"<html>", b"[]", b'{"error": 1}', b""])
def test_text_and_pages(status, code, body):
    assert classify(Reply(status, {}, body, URL)).code == code


def test_a_token_that_is_not_taken():
    assert isinstance(classify(Reply(401, {}, b"401 UNAUTHORIZED", URL)), ReconnectRequired)
    said = json.dumps({"error_description": "Invalid JWT token. The token is expired."}).encode()
    assert isinstance(classify(Reply(401, {}, said, URL)), ReconnectRequired)


def test_version_2_of_the_address_answers_as_graph_does():
    body = json.dumps({"error": {"code": "itemNotFound", "message": "x"}}).encode()
    error = classify(Reply(404, {}, body, "https://contoso.sharepoint.com/_api/v2.0/drives/x"))
    assert error.message.startswith("Microsoft Graph has no such item")


@pytest.mark.parametrize(
    ("score", "seconds"), [("0", None), ("7", None), ("8", 1), ("10", 9), ("99", 9), ("x", None)]
)
def test_a_strained_server_is_given_a_rest(score, seconds):
    assert throttle(Reply(200, {"x-sharepointhealthscore": score})) == seconds


def test_each_call_of_a_batch_counts():
    part = b"--b\r\nContent-Type: application/http\r\n\r\nGET x HTTP/1.1\r\n\r\n"
    batch = Request(method="POST", url=f"{URL.removesuffix('/web')}/$batch", body=part * 3)
    assert toll(batch).units == 3 * toll(Request(url=URL)).units


@pytest.mark.parametrize(
    ("verbose", "bare"),
    [
        (
            {"d": {"results": [{"Id": 1}], "__next": "n"}},
            {"value": [{"Id": 1}], "odata.nextLink": "n"},
        ),
        (
            {"d": {"__metadata": {"etag": '"1"'}, "Id": 1, "Author": {"__deferred": {"uri": "u"}}}},
            {ETAG: '"1"', "Id": 1},
        ),
        ({"d": {"Tags": {"__metadata": {}, "results": ["a"]}, "__metadata": {}}}, {"Tags": ["a"]}),
        ({"d": {"GetUrlById": "https://x"}}, {"value": "https://x"}),
        ({"d": {"GetContextWebInformation": {"FormDigestValue": "f"}}}, {"FormDigestValue": "f"}),
        ({"value": [], "@odata.nextLink": "n"}, {"value": [], "odata.nextLink": "n"}),
        ({"Id": 1, "odata.etag": "e"}, {"Id": 1, ETAG: "e"}),
        ([1], [1]),
    ],
)
def test_every_form_is_read_as_one(verbose, bare):
    assert plain(verbose) == bare
