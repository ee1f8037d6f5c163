import pytest

from fairlead.http import redact, redact_headers, redact_url

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hush-hush-token",
        "authorization: basic aHVzaDpodXNo",
        "grant_type=refresh_token&refresh_token=hush.hush&x=1",
        "client_secret=hush&client_id=app",
        "https://cb.example/?code=hush&state=hush2",
        "https://host/file?tempauth=hush&v=1",
        "https://hush:hush@host/",
        '{"access_token":"hush","expires_in":3600}',
        '{"refresh_token" : "hu\\"sh", "x": 1}',
        '{"password":"hush',
        "client_assertion=hush",
        "https://host/?sig=hush&se=2026",
        "apikey=hush api_key=hush",
    ],
)
def test_secrets_disappear(text):
    cleaned = redact(text)
    assert "hush" not in cleaned
    assert "aHVza" not in cleaned
    assert "[redacted]" in cleaned


def test_tokens_are_known_by_shape():
    assert redact(f"got {JWT} back") == "got [redacted] back"
    token = "nango_connect_session_" + "a1" * 32
    assert token not in redact(f"link {token}")


@pytest.mark.parametrize(
    "text",
    [
        "The file does not exist",
        '{"error":{"code":"itemNotFound","message":"gone"}}',
        "https://host/v1.0/drives/b!x/root/delta?$select=id",
        "error_code=5 postcode=8001",
    ],
)
def test_the_rest_stays(text):
    assert redact(text) == text


def test_urls_lose_the_fragment_and_secrets_only():
    assert (
        redact_url("https://h/p?a=1&access_token=x&b=2#access_token=y")
        == "https://h/p?a=1&access_token=[redacted]&b=2"
    )


def test_headers_are_judged_by_name():
    cleaned = redact_headers(
        [
            ("Authorization", "Custom scheme"),
            ("Set-Cookie", "a=b"),
            ("X-Api-Key", "k"),
            ("Location", "https://h/?tempauth=t"),
            ("Content-Type", "text/plain"),
        ]
    )
    assert cleaned == {
        "Authorization": "[redacted]",
        "Set-Cookie": "[redacted]",
        "X-Api-Key": "[redacted]",
        "Location": "https://h/?tempauth=[redacted]",
        "Content-Type": "text/plain",
    }
    assert redact_headers({"cookie": "x"}) == {"cookie": "[redacted]"}
