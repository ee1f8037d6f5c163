"""Webhooks: genuine ones, as the server signs them, are taken; everything else is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead.client import WebhookRefused, verify_webhook
from fairlead.vault.signing import webhook_signatures
from fairlead.webhooks.standard import standard_signature

BODY = '{"from":"nango","type":"auth","connectionId":"ü"}'.encode()
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SECOND = NOW.timestamp()
KEYS = ["plain secret", "whsec_" + base64.b64encode(b"k" * 24).decode(), "whsec_no base64!"]


@pytest.mark.parametrize("key", KEYS)
def test_what_the_server_signs_is_genuine(key: str) -> None:
    headers = standard_signature(key, "evt-1", NOW, BODY) | webhook_signatures(key, BODY)
    assert verify_webhook(BODY, headers, key, now=SECOND + 299) == json.loads(BODY)
    shouted = {name.upper(): value for name, value in headers.items()}
    assert verify_webhook(BODY, shouted, ["an older one", key], now=SECOND - 299)


def test_one_of_several_signatures_is_enough() -> None:
    headers = standard_signature("k", "evt-1", NOW, BODY)
    headers["webhook-signature"] = f"v1a,xx v1,AAAA {headers['webhook-signature']}"
    assert verify_webhook(BODY, headers, "k", now=SECOND)


def changed(**headers: str | None) -> dict[str, str]:
    whole = standard_signature("k", "evt-1", NOW, BODY) | webhook_signatures("k", BODY)
    whole |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    gone = {name.replace("_", "-") for name, value in headers.items() if value is None}
    return {name: value for name, value in whole.items() if name not in gone}


@pytest.mark.parametrize(
    ("body", "headers", "secret", "now", "why"),
    [
        (BODY + b" ", changed(), "k", SECOND, "not that of this body"),
        (BODY, changed(), "another", SECOND, "not that of this body"),
        (BODY, changed(webhook_id="evt-2"), "k", SECOND, "not that of this body"),
        (BODY, changed(webhook_timestamp=str(int(SECOND) + 1)), "k", SECOND, "not that of"),
        (BODY, changed(webhook_timestamp="9" * 5000), "k", SECOND, "not that of this body"),
        (BODY, changed(webhook_timestamp="soon"), "k", SECOND, "no `webhook-timestamp`"),
        (BODY, changed(webhook_timestamp=None), "k", SECOND, "no `webhook-timestamp`"),
        (BODY, changed(webhook_id=None), "k", SECOND, "no `webhook-id`"),
        (BODY, changed(webhook_signature=""), "k", SECOND, "not that of this body"),
        (BODY, changed(webhook_signature="v1,ü"), "k", SECOND, "not that of this body"),
        (BODY, changed(), "k", SECOND + 301, "too old"),
        (BODY, changed(), "k", SECOND - 301, "clock is wrong"),
        (BODY, changed(webhook_signature=None), "k", SECOND, "allow_undated"),
        (BODY, changed(), "", SECOND, "no secret"),
        (BODY, changed(), [], SECOND, "no secret"),
        (BODY, changed(), ["k", ""], SECOND, "no secret"),
        (b"[]", standard_signature("k", "e", NOW, b"[]"), "k", SECOND, "no JSON object"),
        (b"hi", standard_signature("k", "e", NOW, b"hi"), "k", SECOND, "no JSON"),
    ],
)
def test_everything_else_is_refused(
    body: bytes, headers: dict[str, str], secret: Any, now: float, why: str
) -> None:
    with pytest.raises(WebhookRefused, match=why):
        verify_webhook(body, headers, secret, now=now)


@pytest.mark.parametrize("left_out", ["", "X-Nango-Hmac-Sha256"])
def test_older_signatures_on_demand(left_out: str) -> None:
    headers = {n: v for n, v in webhook_signatures("k", BODY).items() if n != left_out}
    assert verify_webhook(BODY, headers, "k", allow_undated=True) == json.loads(BODY)
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY + b" ", headers, "k", allow_undated=True)
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, {}, "k", allow_undated=True)


def test_a_dated_signature_is_never_ignored() -> None:
    headers = changed(webhook_signature="v1,AAAA")
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, headers, "k", allow_undated=True, now=SECOND)
