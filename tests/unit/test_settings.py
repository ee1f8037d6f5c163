"""A wrong setting is one line that names its variable; secrets never show."""

import base64

import pytest

from fairlead.settings import SettingsInvalid, load_settings

KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("FAIRLEAD_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FAIRLEAD_DATABASE_URL", "mysql://x", "sqlite:/// or postgresql://"),
        ("FAIRLEAD_EGRESS_PROXY", "https://proxy:8080", "http://[user:password@]host:port"),
        ("FAIRLEAD_EGRESS_PROXY", "http://proxy", "http://[user:password@]host:port"),
        ("FAIRLEAD_EGRESS_PROXY", "http://proxy:8080/path", "http://[user:password@]host:port"),
        ("FAIRLEAD_EGRESS_PROXY", "http://proxy:99999", "http://[user:password@]host:port"),
        ("FAIRLEAD_DATABASE_URL", "sqlite:///", "names no file"),
        ("FAIRLEAD_DATABASE_URL", "sqlite:///:memory:", "names no file"),
        ("FAIRLEAD_ENCRYPTION_KEY", "abc", "base64"),
        ("FAIRLEAD_ENCRYPTION_KEY", "schl\u00fcssel", "is not base64"),
        ("FAIRLEAD_ENCRYPTION_KEY", base64.b64encode(b"short").decode(), "holds 5 bytes"),
        ("FAIRLEAD_SECRET_KEY", "short", "shorter than 16"),
        ("FAIRLEAD_SECRET_KEY", "sixteen and more letters", "cannot stand in a header"),
        ("FAIRLEAD_SECRET_KEY", "schl\u00fcssel-der-umgebung", "cannot stand in a header"),
        ("FAIRLEAD_SECRET_KEY", "a-key-with-a-line-break\n", "cannot stand in a header"),
        ("FAIRLEAD_SERVER_URL", "localhost", "http://"),
        ("FAIRLEAD_SERVER_URL", "http://", "names no host"),
        ("FAIRLEAD_SERVER_URL", "https:///x", "names no host"),
        ("FAIRLEAD_SERVER_URL", "https://h:port", "names no host"),
        ("FAIRLEAD_SERVER_URL", "https://h/?a=b", "must end with its host or path"),
        ("FAIRLEAD_WEBHOOK_URL", "nonsense", "must begin with http:// or https://"),
        ("FAIRLEAD_WEBHOOK_URL", "https://", "names no host"),
        ("FAIRLEAD_WEBHOOK_URL", "localhost:8000/hook", "http://"),
        ("FAIRLEAD_WORKER_SLOTS", "many", "integer"),
        ("FAIRLEAD_LEASE_SECONDS", "0", "greater than or equal"),
        ("FAIRLEAD_LOG_FORMAT", "xml", "pattern"),
    ],
)
def test_a_wrong_setting_names_its_variable(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(name + " ")
    assert says in message
    assert "\n" not in message


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("FAIRLEAD_ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("FAIRLEAD_SERVER_URL", "https://x.example/")
    monkeypatch.setenv("FAIRLEAD_EGRESS_ALLOW", "127.0.0.1, 10.0.0.0/8,")
    settings = load_settings()
    assert settings.server_url == "https://x.example"
    assert settings.egress_allow == ("127.0.0.1", "10.0.0.0/8")
    assert settings.is_sqlite
    assert KEY not in repr(settings)


def test_a_proxys_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("FAIRLEAD_EGRESS_PROXY", "http://me:hush@proxy:8080")
    settings = load_settings()
    assert settings.egress_proxy.get_secret_value() == "http://me:hush@proxy:8080"
    assert "hush" not in repr(settings)
    monkeypatch.setenv("FAIRLEAD_EGRESS_PROXY", "")
    assert load_settings().egress_proxy is None


def test_an_empty_key_counts_as_missing(monkeypatch):
    monkeypatch.setenv("FAIRLEAD_ENCRYPTION_KEY", "")
    monkeypatch.setenv("FAIRLEAD_SECRET_KEY", "")
    assert load_settings().encryption_key is None
    assert load_settings().secret_key is None


def test_an_empty_path_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_PROVIDERS_FILE", "")
    assert load_settings().providers_file is None
    monkeypatch.setenv("FAIRLEAD_PROVIDERS_FILE", "p.json")
    assert str(load_settings().providers_file) == "p.json"
