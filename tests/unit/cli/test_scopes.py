"""`fairlead scopes`: what to ask for, and why."""

import json
import sys

import pytest

from fairlead.cli import commands


@pytest.fixture
def run(monkeypatch, capsys):
    def _run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairlead", "scopes", *arguments])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return _run


def test_some_functions(run):
    code, out, _ = run("sharepoint-online", "list-lists", "create-list", "get-drive-item")
    assert code == 0
    assert out.splitlines() == [
        "sharepoint-online: what 3 of its functions need",
        "",
        "Sites.Manage.All",
        "    for create-list",
        "    covers Files.Read.All, for get-drive-item",
        "    covers Sites.Read.All, for list-lists",
        "offline_access",
        "    always asked for",
        "",
        "Set as scopes of the integration: Sites.Manage.All,offline_access",
    ]


def test_all_functions_and_where_they_are_approved(run):
    code, out, _ = run("sharepoint-online", "--client-id", "c-1", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["scopes"] == [
        "GroupMember.Read.All",
        "Sites.Manage.All",
        "User.Read.All",
        "offline_access",
    ]
    assert "upload-drive-item" in told["why"]["Sites.Manage.All"]["Files.ReadWrite.All"]
    assert told["consent_url"].startswith("https://login.microsoftonline.com/organizations/")
    assert "client_id=c-1" in told["consent_url"]
    assert "%2Foauth%2Fcallback" in told["consent_url"]
    _, text, _ = run("sharepoint-online", "get-site", "--client-id", "c-1")
    assert f"An administrator approves the app at: {told['consent_url']}" in text


def test_an_address_that_needs_more(run):
    given = ("sharepoint-online-oauth2-cc", "get-site", "--client-id", "c-1", "--json")
    code, _, err = run(*given)
    assert code == 2
    assert "tenantId is missing" in err
    _, out, _ = run(*given, "--config", "tenantId=7d1c9f5e-6b7a-4c1e-9a53-0c8f3c2e4b10")
    told = json.loads(out)
    assert told["scopes"] == ["Sites.Read.All"]
    assert told["why"] == {"Sites.Read.All": {"Sites.Read.All": ["get-site"]}}
    assert "/7d1c9f5e-6b7a-4c1e-9a53-0c8f3c2e4b10/" in told["consent_url"]


def test_a_provider_without_functions_and_without_a_page(run):
    _, out, _ = run("unauthenticated", "--client-id", "c-1", "--json")
    assert json.loads(out) == {
        "provider": "unauthenticated",
        "scopes": [],
        "why": {},
        "consent_url": None,
    }


def test_what_there_is_not(run):
    code, _, err = run("sharepoint-online", "sail")
    assert code == 2
    assert "There is no function 'sail'" in err
    code, _, err = run("ship")
    assert code == 2
    assert "ship" in err
