"""Standard Webhooks signatures."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairlead.webhooks.standard import standard_signature

AT = datetime(2021, 2, 25, 13, 41, 28, 900_000, tzinfo=UTC)


def test_known_answer_of_the_standards_own_test_suite() -> None:
    """The vector every library of the standard carries."""
    headers = standard_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_key_without_the_prefix_is_taken_as_it_stands() -> None:
    headers = standard_signature("plain key", "e1", AT, b"{}")
    expected = hmac.new(b"plain key", b"e1.1614260488.{}", hashlib.sha256).digest()
    assert headers["webhook-timestamp"] == "1614260488"
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_a_prefix_before_something_else_than_base64_is_part_of_the_key() -> None:
    headers = standard_signature("whsec_!", "e1", AT, b"{}")
    expected = hmac.new(b"whsec_!", b"e1.1614260488.{}", hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_the_check_that_the_documents_show_accepts_ours() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    shown: dict[str, Any] = {}
    exec(code, shown)
    headers = standard_signature("a key", "e1", datetime.now(UTC), b"{}")
    assert shown["is_genuine"]("a key", headers, b"{}")
    assert not shown["is_genuine"]("a key", headers, b"{ }")
    assert not shown["is_genuine"]("another", headers, b"{}")
    old = standard_signature("a key", "e1", AT, b"{}")
    assert not shown["is_genuine"]("a key", old, b"{}")
