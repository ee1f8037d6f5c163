"""The Python client and the API agree: every documented route has a method, every shape its keys.

Who adds a route adds its builder to `fairlead/client/calls`, a line to `namespaces.py`, and one
here; who adds a field adds it to `shapes.py`, or to the arguments of its builder.
"""

import base64
import inspect
import re
import shutil
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

import httpx
import pytest

from fairlead.app import build_app, open_services
from fairlead.client import Fairlead, admin_shapes, log_shapes, shapes
from fairlead.client.approval_shapes import Approval
from fairlead.client.bind import Paged
from fairlead.client.call import Call
from fairlead.client.forward import Forward
from fairlead.engine.queue import InlineQueue
from fairlead.sdk import Registry
from fairlead.settings import Settings

C = {"provider_config_key": "sp", "connection_id": "c/1"}
SP = {"provider_config_key": "sp"}

#: route -> method of the client -> arguments
ROUTES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "get /health": ("health", (), {}),
    "get /providers": ("providers.list", (), {"search": "a"}),
    "get /providers/{provider}": ("providers.get", ("acme",), {}),
    "get /providers/{provider}/templates": ("providers.templates", ("acme",), {}),
    "get /integrations": ("integrations.list", (), {}),
    "post /integrations": ("integrations.create", (), {"provider": "acme", "unique_key": "sp"}),
    "get /integrations/{unique_key}": ("integrations.get", ("sp",), {"include": ["webhook"]}),
    "patch /integrations/{unique_key}": ("integrations.update", ("sp",), {"display_name": "A"}),
    "delete /integrations/{unique_key}": ("integrations.delete", ("sp",), {}),
    "get /integrations/{unique_key}/functions": (
        "integrations.list_functions",
        ("sp",),
        {"type": "sync", "search": "n"},
    ),
    "get /integrations/{unique_key}/functions/{name}": (
        "integrations.get_function",
        ("sp", "notes"),
        {"type": "sync"},
    ),
    "get /integrations/{unique_key}/scopes": (
        "integrations.scopes",
        ("sp", ["notes"]),
        {"connection_config": {"tenant": "a"}},
    ),
    "get /integrations/{unique_key}/certificates": (
        "integrations.list_certificates",
        ("sp",),
        {"connection_id": "c"},
    ),
    "post /integrations/{unique_key}/certificates": (
        "integrations.make_certificate",
        ("sp",),
        {"days": 30, "common_name": "A", "connection_id": "c"},
    ),
    "post /integrations/{unique_key}/certificates/{certificate_id}/activate": (
        "integrations.activate_certificate",
        ("sp", "k"),
        {"force": True},
    ),
    "post /integrations/{unique_key}/certificates/{certificate_id}/retire": (
        "integrations.retire_certificate",
        ("sp", "k"),
        {},
    ),
    "get /approvals": ("approvals.list", (), {"state": "waiting"}),
    "get /approvals/{approval_id}": ("approvals.get", ("a",), {}),
    "post /approvals/{approval_id}/approve": ("approvals.approve", ("a",), {}),
    "post /approvals/{approval_id}/deny": ("approvals.deny", ("a",), {"reason": "no"}),
    "post /connect/sessions": ("connect_sessions.create", (), {"end_user": {"id": "u"}}),
    "post /connect/sessions/reconnect": ("connect_sessions.reconnect", (), C),
    "get /connect/session": ("connect_sessions.get", ("t",), {}),
    "delete /connect/session": ("connect_sessions.delete", ("t",), {}),
    "post /connect/telemetry": (
        "connect_sessions.note",
        ("t",),
        {"event": "open", "timestamp": "2026-11-24T08:00:00Z"},
    ),
    "get /oauth/connect/{provider_config_key}": (
        "authorization_url",
        ("t",),
        SP | {"connection_config": {"a": "b"}},
    ),
    "post /oauth2/auth/{provider_config_key}": (
        "connect_sessions.submit_app",
        ("t",),
        SP | {"credentials": {"client_id": "a"}},
    ),
    "post /auth/two-step/{provider_config_key}": (
        "connect_sessions.submit_fields",
        ("t",),
        SP | {"credentials": {"user": "a"}},
    ),
    "post /api-auth/api-key/{provider_config_key}": (
        "connect_sessions.submit_api_key",
        ("t",),
        SP | {"api_key": "k"},
    ),
    "post /api-auth/basic/{provider_config_key}": (
        "connect_sessions.submit_basic",
        ("t",),
        SP | {"username": "u", "password": "p"},
    ),
    "post /auth/unauthenticated/{provider_config_key}": (
        "connect_sessions.submit_nothing",
        ("t",),
        SP | {"connection_config": {"site": "a"}},
    ),
    "get /connections": (
        "connections.list",
        (),
        {
            "connection_id": "c",
            "search": "s",
            "end_user_id": "u",
            "organization_id": "o",
            "provider_config_key": ["a", "b"],
            "tags": {"k": "v"},
            "failing": True,
        },
    ),
    "post /connections": ("connections.create", (), SP | {"credentials": {"type": "NONE"}}),
    "get /connections/{connection_id}": ("connections.get", (), C | {"force_refresh": True}),
    "patch /connections/{connection_id}": ("connections.update", (), C | {"tags": {}}),
    "delete /connections/{connection_id}": ("connections.delete", (), C),
    "post /connections/metadata": ("connections.set_metadata", ({"a": 1},), C),
    "patch /connections/metadata": ("connections.update_metadata", ({"a": 1},), C),
    "post /connections/{connection_id}/doctor": ("connections.doctor", (), C | {"probe": ["/x"]}),
    "post /sync/trigger": ("syncs.trigger", (["notes"],), C | {"sync_mode": "full_refresh"}),
    "post /sync/start": ("syncs.start", (), C),
    "post /sync/pause": ("syncs.pause", ([{"name": "notes", "variant": "v"}],), C),
    "post /sync/cancel": ("syncs.cancel", (), C),
    "post /sync/deletions/approve": ("syncs.approve_deletions", (), C),
    "post /sync/{name}/variant/{variant}": ("syncs.create_variant", ("notes", "v"), C),
    "delete /sync/{name}/variant/{variant}": ("syncs.delete_variant", ("notes", "v"), C),
    "patch /records/prune": ("records.prune", ("Note",), C | {"until_cursor": "x"}),
    "put /sync/update-connection-frequency": ("syncs.set_frequency", ("notes", None), C),
    "get /sync/status": ("syncs.status", (["notes", {"name": "a", "variant": "v"}],), C),
    "get /subscriptions": ("syncs.subscriptions", (), C),
    "post /action/trigger": ("actions.run", ("shout", {"text": "a"}), C),
    "get /action/{action_id}": ("actions.result", ("a",), {}),
    "get /records": (
        "records.list",
        ("Note",),
        C | {"cursor": "x", "modified_after": "2026-11-24T08:00:00Z", "filter": ["added"]},
    ),
    "delete /records": ("records.delete_stale", ("Old",), C | {"variant": "v"}),
    "get /records/export": ("records.export", ("Note",), C | {"variant": "v", "format": "csv"}),
    "get /ready": ("ready", (), {}),
    "get /status": ("status", (), {}),
    "get /integrations/{unique_key}/status": ("integrations.status", ("sp",), {}),
    "get /logs": ("logs.list", (), {"type": ["proxy", "sync"], "state": "failed", "search": "a"}),
    "get /logs/{operation_id}": ("logs.get", ("o/1",), {}),
    "get /logs/{operation_id}/messages": ("logs.messages", ("o/1",), {"level": "error"}),
    "get /webhooks/dead-letters": ("dead_letters.list", (), {"limit": 10}),
    "post /webhooks/dead-letters/replay": ("dead_letters.replay", (["e"],), {}),
    "get /webhooks/events": ("dead_letters.events", (), {"state": "dead", "type": "auth"}),
    "get /sync/runs": ("syncs.runs", (), C | {"sync_name": "notes", "sync_variant": "v"}),
    "get /keys": ("keys.list", (), {}),
    "post /keys": ("keys.create", ("k", ["environment:proxy"]), {}),
    "delete /keys/{name}": ("keys.revoke", ("k",), {}),
    "get /environments": ("environments.list", (), {}),
    "post /environments": ("environments.create", ("prod",), {}),
    "get /people": ("people.list", (), {}),
    "post /people": ("people.create", ("a@example.com", "viewer"), {"password": "p"}),
    "patch /people/{person_id}": ("people.update", (1,), {"role": "admin"}),
    "delete /people/{person_id}": ("people.delete", (1,), {}),
    "get /audit": ("people.audit", (), {"who": "a", "before": "2026-11-24T08:00:00Z"}),
    **{
        f"{verb} /proxy/{{path}}": (f"proxy.{verb}", ("x/y",), C)
        for verb in ("get", "post", "put", "patch", "delete")
    },
    "head /proxy/{path}": ("proxy.request", ("HEAD", "x"), C),
    "options /proxy/{path}": ("proxy.request", ("OPTIONS", "x"), C),
}
#: nobody calls these: the vendor sends a browser there
BROWSERS = {"get /oauth/callback", "get /oauth/pending"}


class Caught(Exception):
    """A request that was about to be sent."""


class Catcher:
    """Stands where the transport stands."""

    def send(self, call: Call[Any]) -> Any:
        raise Caught(call)

    def forward(self, request: Forward) -> Any:
        raise Caught(request)


def sent(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, str, Any]:
    """Return verb, target and the request itself that a method of the client comes to."""
    client = Fairlead(host="http://h", secret_key="k")
    namespace, _, name = method.rpartition(".")
    owner: Any = getattr(client, namespace) if namespace else client
    for attribute in ("sender", "_transport"):
        if hasattr(owner, attribute):
            setattr(owner, attribute, Catcher())
    try:
        made = getattr(owner, name)(*args, **kwargs)
        if isinstance(made, Paged):
            list(made)
        return "GET", made.removeprefix("http://h"), None
    except Caught as caught:
        request = caught.args[0]
        return request.method, request.target, request


@pytest.fixture
async def document(sqlite_template: Path, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "fairlead.sqlite"
    shutil.copyfile(sqlite_template, path)
    settings = Settings(
        database_url=f"sqlite:///{path}",
        encryption_key=base64.b64encode(bytes(32)).decode(),
        secret_key="s3cr3t-key-of-the-tests",
    )
    async with open_services(settings, registry=Registry([]), queue=InlineQueue()) as services:
        transport = httpx.ASGITransport(build_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://h") as browser:
            return dict((await browser.get("/openapi.json")).json())


async def test_every_route_has_a_method(document: dict[str, Any]) -> None:
    described = {f"{verb} {path}" for path, item in document["paths"].items() for verb in item}
    assert described - BROWSERS == set(ROUTES), "see the first lines of this file"


async def test_methods_send_what_their_routes_take(document: dict[str, Any]) -> None:
    for route, (method, args, kwargs) in ROUTES.items():
        verb, template = route.split(" ")
        asked_verb, target, request = sent(method, args, kwargs)
        parts = urlsplit(target)
        pattern = re.sub(r"\{\w+\}", "[^/]+", template).replace("/proxy/[^/]+", "/proxy/.+")
        assert asked_verb.lower() == verb, route
        assert re.fullmatch(pattern, parts.path), (route, target)
        operation = document["paths"][template][verb]
        known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        names = {re.split(r"%5B|\[", pair.partition("=")[0])[0] for pair in parts.query.split("&")}
        assert names - {""} <= known, route
        needed = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        if request is not None and "Connection-Id" in needed:
            assert {"Connection-Id", "Provider-Config-Key"} <= set(request.headers), route
        assert bool(request is not None and request.body) <= ("requestBody" in operation), route


async def test_every_parameter_can_be_given(document: dict[str, Any]) -> None:
    """A field that the API takes is one that the client takes, or the test says why not."""
    client = Fairlead(host="http://h", secret_key="k")
    #: the older of two spellings, the tokens of pages, and what the client decides itself
    left = {"delta", "connect_session_token", "public_key", "page", "limit", "opts", "full_resync"}
    left |= {"refresh_github_app_jwt_token", "type"}
    names = {
        "connectionId": "connection_id",
        "endUserId": "end_user_id",
        "integrationId": "provider_config_key",
        "integration_id": "provider_config_key",
        "endUserOrganizationId": "organization_id",
        "params": "connection_config",
        "apiKey": "api_key",
    }
    for route, (method, _, _) in ROUTES.items():
        verb, template = route.split(" ")
        if template.startswith("/proxy"):
            continue
        operation = document["paths"][template][verb]
        fields = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        content = operation.get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {})
        for each in [reference, *reference.get("anyOf", ())]:
            if "$ref" in each:
                schema = document["components"]["schemas"][each["$ref"].rpartition("/")[2]]
                fields |= set(schema.get("properties", {}))
        namespace, _, name = method.rpartition(".")
        owner = getattr(client, namespace) if namespace else client
        taken = set(inspect.signature(getattr(owner, name)).parameters)
        if "credentials" in taken and template.startswith(("/oauth2", "/auth")):
            continue  # whatever the provider asks for
        missing = {names.get(field, field) for field in fields - left} - taken
        if template.startswith("/oauth/connect"):
            missing -= {"authorization_params", "credentials", "user_scope", "hmac", "ws_client_id"}
            missing -= {"connection_id"}
        if template.startswith(("/api-auth", "/auth/unauth")):
            missing -= {"connection_id"}
        assert missing == set(), route


SHAPES = {
    "SessionToken": shapes.ConnectSession,
    "Established": shapes.Established,
    "fairlead__api__wire__WarningOut": shapes.Ending,
    "fairlead__api__sync_status__WarningOut": shapes.LeftOut,
    "CancelReply": shapes.Cancelled,
    "ApprovalReply": shapes.Approved,
    "VariantReply": shapes.Variant,
    "PruneReply": shapes.Pruned,
    "DeadLetterOut": shapes.DeadLetter,
    "ApprovalOut": Approval,
    "LastAttempt": shapes.LastAttempt,
    "StatusOut": log_shapes.IntegrationStatus,
    "OverallOut": log_shapes.OverallStatus,
    "FreshnessOut": log_shapes.Freshness,
    "LastErrorOut": log_shapes.LastError,
    "ConnectionCounts": log_shapes.ConnectionCounts,
    "Outcomes": log_shapes.Outcomes,
    "OperationOut": log_shapes.Operation,
    "OperationError": log_shapes.OperationError,
    "MessageOut": log_shapes.LogMessage,
    "IntegrationOut": shapes.Integration,
    "IntegrationCredentials": shapes.IntegrationCredentials,
    "FunctionOut": shapes.Function,
    "LeastScopesOut": shapes.LeastScopes,
    "LeastScopeOut": shapes.LeastScope,
    "CertificateOut": shapes.Certificate,
    "FaultOut": shapes.Fault,
    "ConnectionItem": shapes.ConnectionItem,
    "PendingItem": shapes.PendingConnection,
    "ConnectionOut": shapes.Connection,
    "MetadataOut": shapes.Metadata,
    "Finding": shapes.Finding,
    "Check": shapes.Check,
    "DiagnosisOut": shapes.Diagnosis,
    "RecordMetadata": shapes.RecordMetadata,
    "SyncName": shapes.SyncName,
    "CountsOut": shapes.Counts,
    "FailureOut": shapes.RunFailure,
    "ProgressOut": shapes.Progress,
    "ExecutionOut": shapes.Execution,
    "SyncStatusOut": shapes.SyncStatus,
    "FrequencyReply": shapes.Frequency,
    "ProviderOut": shapes.Provider,
    "DefaultsIn": shapes.SessionDefaults,
    "EndUserIn": shapes.EndUser,
    "OrganizationIn": shapes.Organization,
    "ActionStarted": shapes.ActionStarted,
    "KeyOut": admin_shapes.ApiKey,
    "KeyMade": admin_shapes.NewApiKey,
    "EnvironmentOut": admin_shapes.Environment,
    "PersonOut": admin_shapes.Person,
    "AuditOut": admin_shapes.AuditEntry,
    "AttemptOut": admin_shapes.Attempt,
    "EventOut": admin_shapes.AnnouncedEvent,
    "RunOut": admin_shapes.PastRun,
    "Health": shapes.Health,
    "Success": shapes.Success,
}


async def test_shapes_have_the_keys_of_the_api(document: dict[str, Any]) -> None:
    for name, shape in SHAPES.items():
        schema = document["components"]["schemas"][name]
        assert set(get_type_hints(shape)) == set(schema["properties"]), (
            f"{name}: bring client/shapes.py in step"
        )
        assert shape.__required_keys__ >= set(schema.get("required", ())), name
