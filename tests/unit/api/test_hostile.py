"""Whatever a caller sends, the answer is an error that says why; never a crash of ours."""

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme", "Content-Type": "application/json"}
DEEP = "[" * 2000 + "]" * 2000
#: values as they stand in JSON
VALUES = (
    *("null", "true", "-1", "1e400", str(2**64), "NaN", "[]", "{}", '[{"a":[]}]', '{"":{}}', DEEP),
    *('""', '" "', r'"\u0000"', r'"\ud800"', '"ä\u202e"', '"' + "x" * 70_000 + '"', '"../.."'),
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', r'"a\r\nX-B: c"', '"${x}"'),
)
#: values of a query, percent-encoded already
WORDS = (
    *("", "%00", "%FF", "%ED%A0%80", "-1", "1e9", str(10**30), "NaN", "x" * 5000, "%0D%0A", "["),
    *("..%2F..", "(((a%2B)%2B)%2B)%2B%24", "0001-01-01T00:00:00%2B14:00", "%24%7Bx%7D", "*,a::b"),
)
BODIES: dict[str, dict[str, Any]] = {
    "POST /integrations": {
        "provider": "acme",
        "unique_key": "x",
        "display_name": "X",
        "credentials": {"type": "OAUTH2", "client_id": "i", "client_secret": "s", "scopes": "a"},
    },
    "PATCH /integrations/acme": {
        "display_name": "B",
        "credentials": {"type": "OAUTH2", "client_id": "i", "client_secret": "s"},
    },
    "POST /connect/sessions": {
        "end_user": {"id": "u", "email": "a@b.cd", "tags": {"a": "b"}},
        "organization": {"id": "o"},
        "tags": {"a": "b"},
        "allowed_integrations": ["acme"],
        "integrations_config_defaults": {
            "acme": {
                "user_scopes": "a",
                "authorization_params": {"a": "b"},
                "connection_config": {"a": "b"},
            }
        },
        "overrides": {"acme": {"docs_connect": "https://x.example"}},
        "webhook_url_override": "https://x.example",
    },
    "POST /connect/sessions/reconnect": {"connection_id": "c1", "integration_id": "acme"},
    "POST /connections": {
        "provider_config_key": "acme",
        "credentials": {
            "type": "OAUTH2",
            "access_token": "a",
            "refresh_token": "r",
            "expires_at": "2027-01-01T00:00:00Z",
        },
        "connection_id": "c9",
        "metadata": {"a": 1},
        "connection_config": {"oauth_scopes_override": ["a"], "b": "c"},
        "end_user": {"id": "u"},
        "tags": {"a": "b"},
    },
    "PATCH /connections/c1?provider_config_key=acme": {
        "end_user": {"id": "u"},
        "tags": {"a": "b"},
        "webhook_url_override": "",
    },
    "POST /connections/metadata": {
        "connection_id": ["c1"],
        "provider_config_key": "acme",
        "metadata": {"a": {"b": 1}},
    },
    "PATCH /connections/metadata": {
        "connection_id": "c1",
        "provider_config_key": "acme",
        "metadata": {"a": 1},
    },
    "POST /sync/trigger": {
        "syncs": ["notes", {"name": "notes", "variant": "base"}],
        "provider_config_key": "acme",
        "connection_id": "c1",
        "opts": {"reset": False},
    },
    "POST /sync/pause": {"syncs": ["notes"], "provider_config_key": "acme", "connection_id": "c1"},
    "PUT /sync/update-connection-frequency": {
        "sync_name": "notes",
        "provider_config_key": "acme",
        "connection_id": "c1",
        "frequency": "every hour",
    },
    "POST /action/trigger": {"action_name": "shout", "input": {"text": "a"}},
}
QUERIES = {
    "/providers": ("search", "connect_session_token"),
    "/integrations/acme": ("include",),
    "/integrations/acme/functions": ("type", "search", "page", "limit"),
    "/connections": (
        *("connectionId", "search", "endUserId", "integrationId", "endUserOrganizationId"),
        *("tags[a]", "tags", "limit", "page"),
    ),
    "/connections/c1": ("provider_config_key", "force_refresh", "refresh_token"),
    "/sync/status": ("syncs", "provider_config_key", "connection_id"),
    "/records": (
        *("model", "variant", "cursor", "limit", "modified_after", "delta", "filter", "ids"),
    ),
    "/oauth/callback": ("state", "code", "error", "error_description"),
    "/oauth/connect/acme": ("connect_session_token", "ws_client_id", "params[a]", "params"),
    "/connect/": ("session_token", "integration"),
}
FILLED = {
    "/connections/c1": "provider_config_key=acme",
    "/sync/status": "syncs=*&provider_config_key=acme",
    "/records": "model=Note",
}
_MARK = "\ue000"


def spoilt(body: dict[str, Any]) -> Iterator[str]:
    """Yield the body with each of its values, at any depth, replaced by each of VALUES."""
    whole = copy.deepcopy(body)

    def places(value: Any) -> Iterator[tuple[Any, Any]]:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            if isinstance(value[key], dict | list):
                yield from places(value[key])

    for holder, key in places(whole):
        kept, holder[key] = holder[key], _MARK
        template = json.dumps(whole, ensure_ascii=False)
        holder[key] = kept
        yield from (template.replace(f'"{_MARK}"', value) for value in VALUES)


def fits(answer: Any) -> None:
    assert answer.status_code < 500, (str(answer.request.url)[:200], answer.text[:300])
    if answer.status_code >= 400 and "json" in answer.headers["content-type"]:
        error = answer.json()["error"]
        assert error["code"], answer.text
        assert error["message"], answer.text
        assert error["who"], answer.text
    assert "Traceback" not in answer.text


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


@pytest.mark.parametrize("route", BODIES)
async def test_bodies(world: Any, route: str) -> None:
    method, path = route.split()
    for body in spoilt(BODIES[route]):
        fits(
            await world.client.request(
                method, path, content=body.encode("utf-8", "surrogatepass"), headers=AS_C1
            )
        )
    for raw in (b"", b"{", b"\xff\xfe{}", b'{"a":1}{', DEEP.encode(), b"\0", b'{"a":1,"a":2}'):
        fits(await world.client.request(method, path, content=raw, headers=AS_C1))


@pytest.mark.parametrize("path", QUERIES)
async def test_queries(world: Any, path: str) -> None:
    for name in QUERIES[path]:
        kept = [
            part for part in FILLED.get(path, "").split("&") if part and not part.startswith(name)
        ]
        for word in WORDS:
            query = "&".join([*kept, f"{quote(name)}={word}"])
            fits(await world.client.get(f"{path}?{query}", headers=AS_C1))


@pytest.mark.parametrize("word", WORDS)
async def test_names_in_paths_and_headers(world: Any, word: str) -> None:
    for path in (
        f"/providers/{word}",
        f"/integrations/{word}",
        f"/integrations/acme/functions/{word}",
        f"/connections/{word}?provider_config_key=acme",
        f"/oauth/connect/{word}",
        f"/{word}",
    ):
        fits(await world.client.get(path, headers=AS_C1))
    for name in (
        "Connection-Id",
        "Provider-Config-Key",
        "Retries",
        "Retry-On",
        "Base-Url-Override",
    ):
        for path in ("/records?model=Note", "/proxy/x"):
            fits(await world.client.get(path, headers=AS_C1 | {name: word or "%"}))
