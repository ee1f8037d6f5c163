"""The OpenAPI document: every route of the application is in it, and answers as it declares."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.model.proposal import Proposal, ProposalState
from fairlead.store import connections, environments, proposals

OK = {
    ("get", "/health"): {},
    ("get", "/providers"): {},
    ("get", "/providers/{provider}"): {"path": "/providers/acme"},
    ("get", "/providers/{provider}/templates"): {"path": "/providers/acme/templates"},
    ("get", "/integrations"): {},
    ("post", "/integrations"): {
        "json": {
            "provider": "acme",
            "unique_key": "b",
            "credentials": {"type": "OAUTH2", "client_id": "i", "client_secret": "s"},
        }
    },
    ("get", "/integrations/{unique_key}"): {"path": "/integrations/acme?include=credentials"},
    ("patch", "/integrations/{unique_key}"): {
        "path": "/integrations/b",
        "json": {"display_name": "B"},
    },
    ("delete", "/integrations/{unique_key}"): {"path": "/integrations/b"},
    ("get", "/integrations/{unique_key}/functions"): {"path": "/integrations/acme/functions"},
    ("get", "/integrations/{unique_key}/functions/{name}"): {
        "path": "/integrations/acme/functions/notes"
    },
    ("post", "/connections/{connection_id}/doctor"): {
        "path": "/connections/c1/doctor?provider_config_key=acme"
    },
    ("get", "/integrations/{unique_key}/certificates"): {"path": "/integrations/app/certificates"},
    ("post", "/integrations/{unique_key}/certificates"): {
        "path": "/integrations/app/certificates",
        "json": {"days": 30},
        "status": 201,
    },
    ("post", "/integrations/{unique_key}/certificates/{certificate_id}/activate"): {
        "path": "/integrations/app/certificates/KEY/activate",
        "json": {"force": True},
    },
    ("post", "/integrations/{unique_key}/certificates/{certificate_id}/retire"): {
        "path": "/integrations/app/certificates/KEY/retire",
        "json": {"force": True},
    },
    ("post", "/connect/sessions"): {"json": {"end_user": {"id": "u"}}, "status": 201},
    ("post", "/connect/sessions/reconnect"): {
        "json": {"connection_id": "c1", "integration_id": "acme"},
        "status": 201,
    },
    ("get", "/connect/session"): {"session": True},
    ("delete", "/connect/session"): {"session": True, "status": 204},
    ("post", "/connect/telemetry"): {
        "json": {"token": "nonsense", "event": "open", "timestamp": "2026-11-24T08:00:00Z"},
        "status": 401,
    },
    ("get", "/oauth/connect/{provider_config_key}"): {
        "path": "/oauth/connect/acme?connect_session_token=TOKEN",
        "status": 302,
    },
    ("get", "/oauth/callback"): {"path": "/oauth/callback?state=x", "status": 400},
    ("post", "/oauth2/auth/{provider_config_key}"): {
        "path": "/oauth2/auth/app?connect_session_token=TOKEN&params[site]=contoso",
        "json": {"client_id": "i", "client_secret": "s"},
    },
    ("post", "/auth/two-step/{provider_config_key}"): {
        "path": "/auth/two-step/login?connect_session_token=TOKEN",
        "json": {"user": "ada", "pass": "p"},
    },
    ("post", "/api-auth/api-key/{provider_config_key}"): {
        "path": "/api-auth/api-key/key?connect_session_token=TOKEN",
        "json": {"apiKey": "k"},
    },
    ("post", "/api-auth/basic/{provider_config_key}"): {
        "path": "/api-auth/basic/basic?connect_session_token=TOKEN",
        "json": {"username": "u", "password": "p"},
    },
    ("post", "/auth/unauthenticated/{provider_config_key}"): {
        "path": "/auth/unauthenticated/open?connect_session_token=TOKEN",
    },
    ("get", "/oauth/pending"): {"path": "/oauth/pending?token=x", "status": 400},
    ("get", "/connections"): {},
    ("post", "/connections"): {
        "json": {
            "provider_config_key": "acme",
            "credentials": {"type": "OAUTH2", "access_token": "a"},
        },
        "status": 201,
    },
    ("get", "/connections/{connection_id}"): {"path": "/connections/c1?provider_config_key=acme"},
    ("patch", "/connections/{connection_id}"): {
        "path": "/connections/c1?provider_config_key=acme",
        "json": {"tags": {}},
    },
    ("delete", "/connections/{connection_id}"): {
        "path": "/connections/c2?provider_config_key=acme"
    },
    ("post", "/connections/metadata"): {
        "json": {"connection_id": "c1", "provider_config_key": "acme", "metadata": {"a": 1}},
        "status": 201,
    },
    ("patch", "/connections/metadata"): {
        "json": {"connection_id": ["c1"], "provider_config_key": "acme", "metadata": {"b": 1}}
    },
    ("post", "/sync/trigger"): {"json": {"syncs": [], "provider_config_key": "acme"}},
    ("post", "/sync/start"): {"json": {"syncs": [], "provider_config_key": "acme"}},
    ("post", "/sync/pause"): {"json": {"syncs": [], "provider_config_key": "acme"}},
    ("post", "/sync/cancel"): {"json": {"syncs": [], "provider_config_key": "acme"}},
    ("post", "/sync/{name}/variant/{variant}"): {
        "path": "/sync/notes/variant/v",
        "json": {"provider_config_key": "acme", "connection_id": "c1"},
    },
    ("delete", "/sync/{name}/variant/{variant}"): {
        "path": "/sync/notes/variant/v",
        "json": {"provider_config_key": "acme", "connection_id": "c1"},
    },
    ("get", "/records/export"): {"path": "/records/export?model=Note"},
    ("get", "/webhooks/dead-letters"): {},
    ("get", "/ready"): {},
    ("get", "/status"): {},
    ("get", "/integrations/{unique_key}/status"): {"path": "/integrations/acme/status"},
    ("get", "/logs"): {"path": "/logs?type=action,sync"},
    ("get", "/logs/{operation_id}"): {"path": "/logs/ACTION"},
    ("get", "/logs/{operation_id}/messages"): {"path": "/logs/ACTION/messages"},
    ("get", "/approvals"): {},
    ("get", "/approvals/{approval_id}"): {"path": "/approvals/a-0"},
    ("post", "/approvals/{approval_id}/approve"): {"path": "/approvals/a-0/approve"},
    ("post", "/approvals/{approval_id}/deny"): {
        "path": "/approvals/a-1/deny",
        "json": {"reason": "not today"},
    },
    ("post", "/webhooks/dead-letters/replay"): {"json": {"ids": []}},
    ("get", "/webhooks/events"): {},
    ("get", "/sync/runs"): {"path": "/sync/runs?provider_config_key=acme&connection_id=c1"},
    ("get", "/keys"): {},
    ("post", "/keys"): {
        "json": {"name": "k", "scopes": ["environment:proxy"]},
        "status": 201,
    },
    ("delete", "/keys/{name}"): {"path": "/keys/k"},
    ("get", "/environments"): {"server": True},
    ("post", "/environments"): {"json": {"name": "prod"}, "status": 201, "server": True},
    ("get", "/people"): {"server": True},
    ("post", "/people"): {
        "json": {"email": "eve@example.com", "role": "viewer"},
        "status": 201,
        "server": True,
    },
    ("patch", "/people/{person_id}"): {
        "path": "/people/1",
        "json": {"role": "developer"},
        "server": True,
    },
    ("delete", "/people/{person_id}"): {"path": "/people/1", "server": True},
    ("get", "/audit"): {},
    ("patch", "/records/prune"): {
        "json": {"model": "Note", "until_cursor": "cDox"},
    },
    ("post", "/sync/deletions/approve"): {"json": {"syncs": [], "provider_config_key": "acme"}},
    ("put", "/sync/update-connection-frequency"): {
        "json": {
            "sync_name": "notes",
            "provider_config_key": "acme",
            "connection_id": "c1",
            "frequency": None,
        }
    },
    ("get", "/sync/status"): {"path": "/sync/status?syncs=*&provider_config_key=acme"},
    ("get", "/subscriptions"): {"path": "/subscriptions?provider_config_key=acme&connection_id=c1"},
    ("post", "/action/trigger"): {"json": {"action_name": "shout", "input": {"text": "a"}}},
    ("get", "/action/{action_id}"): {"path": "/action/ACTION"},
    ("get", "/integrations/{unique_key}/scopes"): {"path": "/integrations/acme/scopes"},
    ("get", "/records"): {"path": "/records?model=Note"},
    ("delete", "/records"): {"path": "/records?model=Gone"},
    **{
        (verb, "/proxy/{path}"): {"path": "/proxy/x"}
        for verb in ("get", "post", "put", "patch", "delete", "head", "options")
    },
}


@pytest.fixture
async def document(world: Any) -> dict[str, Any]:
    answer = await world.browser.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


async def test_every_route_is_walked(document: dict[str, Any]) -> None:
    described = {(verb, path) for path, item in document["paths"].items() for verb in item}
    assert described == set(OK)


async def test_every_answer_is_as_declared(world: Any, document: dict[str, Any]) -> None:
    await world.integration()
    for kind in ("app", "key", "basic", "open", "login"):
        await world.plain_integration(kind)
    await world.connection("c1", end_user={"id": "u", "display_name": "A"})
    await world.connection("c2")
    await world.client.post("/sync/trigger", json={"syncs": [], "provider_config_key": "acme"})
    await world.queue.idle()
    token = await world.session()
    server_key = await world.server_key()
    made = await world.client.post("/integrations/app/certificates", json={})
    key_id = made.json()["data"]["id"]
    as_c1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
    await propose(world, 2)
    shout = OK["post", "/action/trigger"]["json"]
    later = await world.client.post(
        "/action/trigger", json=shout, headers=as_c1 | {"X-Async": "true"}
    )
    action_id = later.json()["id"]
    await world.queue.idle()
    await world.services.journal.flush()
    for (verb, path), how in OK.items():
        if (verb, path) == ("delete", "/connect/session"):
            key = await world.session()
        else:
            key = token if how.get("session") else world.client.headers["authorization"][7:]
        if how.get("server"):
            key = server_key
        answer = await world.client.request(
            verb.upper(),
            how.get("path", path)
            .replace("TOKEN", token)
            .replace("KEY", key_id)
            .replace("ACTION", action_id),
            headers=as_c1 | {"Authorization": f"Bearer {key}"},
            json=how.get("json"),
        )
        assert answer.status_code == how.get("status", 200), (verb, path, answer.text)
        look(document, document["paths"][path][verb], answer)


async def propose(world: Any, count: int) -> None:
    services = world.services
    async with services.db.write() as tx:
        [where] = await environments.list_all(tx)
        connection = await connections.find(tx, where.id, "acme", "c1")
        for number in range(count):
            await proposals.insert(
                tx,
                Proposal(
                    id=f"a-{number}",
                    environment_id=where.id,
                    connection_pk=connection.id,
                    function="shout",
                    input={"text": "a"},
                    key_id=0,
                    key_name="agent",
                    state=ProposalState.WAITING,
                    created_at=services.clock.now(),
                    expires_at=services.clock.now() + timedelta(days=1),
                ),
            )


async def test_every_refusal_is_as_declared(world: Any, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if operation["security"]:
                answer = await world.browser.request(
                    verb.upper(), path, json={} if verb in {"post", "patch", "put"} else None
                )
                assert 400 <= answer.status_code < 500, (verb, path)
                if verb != "head":
                    look(document, operation, answer)


def look(document: dict[str, Any], operation: dict[str, Any], answer: Any) -> None:
    """Look that an answer has the status, kind and shape that its operation declares."""
    responses = operation["responses"]
    status = str(answer.status_code)
    declared = responses.get(status) or responses.get(f"{status[0]}XX") or responses["default"]
    content = declared.get("content", {})
    if not content:
        assert answer.content == b""
        return
    kind = answer.headers["content-type"].partition(";")[0]
    shape = content.get(kind, content.get("*/*"))
    assert shape is not None, (kind, content)
    if "schema" in shape and kind == "application/json":
        wrong = problems(document, shape["schema"], answer.json(), "answer")
        assert not wrong, wrong


KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> list[str]:
    """Say where a value is not as a JSON Schema wants it; of the keywords that ours use."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        tried = [problems(document, each, value, at) for each in schema["anyOf"]]
        return [] if not all(tried) else [f"{at}: none of {tried}"]
    kind = schema.get("type")
    if kind is not None and not isinstance(value, KINDS[kind]):
        return [f"{at}: not {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: not one of {schema['enum']}"]
    found = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        found += [f"{at}: lacks {name}" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            wanted = known.get(name, other if isinstance(other, dict) else {})
            found += problems(document, wanted, inner, f"{at}.{name}")
            # an answer that says more than its document is not described by it
            if known and name not in known and other is True and not _is_open(schema):
                found.append(f"{at}: {name} is not described")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += problems(document, schema.get("items", {}), inner, f"{at}[{index}]")
    return found


def _is_open(schema: dict[str, Any]) -> bool:
    return "additionalProperties" in schema


async def test_parameters_are_declared(document: dict[str, Any]) -> None:
    def names(path: str, verb: str = "get") -> set[str]:
        return {each["name"] for each in document["paths"][path][verb]["parameters"]}

    assert names("/records") >= {"model", "cursor", "limit", "ids", "Connection-Id"}
    assert names("/connections") >= {"connectionId", "tags", "endUserOrganizationId"}
    assert names("/proxy/{path}", "post") >= {"path", "Retry-On", "Base-Url-Override"}
    for item in document["paths"].values():
        for operation in item.values():
            assert operation.get("summary")
            assert "default" in operation["responses"]
            assert "422" not in operation["responses"]
