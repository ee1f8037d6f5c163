"""Requests exactly as the best-known Node client of the contract sends them are accepted."""

from typing import Any

import pytest

JSON = {"content-type": "application/json"}
AS_C1 = {"connection-id": "c1", "provider-config-key": "sp"}
#: what the client sends on every proxy call
EMPTY = {"base-url-override": "", "nango-activity-log-id": ""}
SYNCS = '{"syncs":["notes"],"provider_config_key":"sp"'

#: (method, url, headers, body, status)
REQUESTS: list[tuple[str, str, dict[str, str], str, int]] = [
    ("GET", "/providers?search=acme", {}, "", 200),
    ("GET", "/providers/acme", {}, "", 200),
    ("GET", "/providers/acme/templates", {}, "", 200),
    ("GET", "/integrations", {}, "", 200),
    ("GET", "/integrations/sp?include=credentials", JSON, "", 200),
    (
        "POST",
        "/integrations",
        JSON,
        '{"provider":"acme","unique_key":"sp2","credentials":{"type":"OAUTH2","client_id":"a","client_secret":"b","scopes":"x"}}',
        200,
    ),
    ("PATCH", "/integrations/sp", JSON, '{"display_name":"d"}', 200),
    ("DELETE", "/integrations/sp3", {}, "", 200),
    ("GET", "/integrations/sp/functions?type=sync&page=0&limit=5", JSON, "", 200),
    ("GET", "/integrations/sp/functions/notes?type=sync", JSON, "", 200),
    (
        "GET",
        "/connections?connectionId=c1&search=q&endUserId=u&endUserOrganizationId=o&limit=5&page=1",
        JSON,
        "",
        200,
    ),
    (
        "GET",
        "/connections?endUserId=u&integrationId=a%2Cb&tags%5Bend_user_display_name%5D=D&tags%5Bemail2%5D=x&tags%5Bend_user_email%5D=a%40b.co&limit=5",
        JSON,
        "",
        200,
    ),
    (
        "GET",
        "/connections/c1?provider_config_key=sp&force_refresh=true&refresh_token=true&refresh_github_app_jwt_token=false",
        JSON,
        "",
        200,
    ),
    (
        "GET",
        "/connections/c1?provider_config_key=sp&force_refresh=false&refresh_token=false&refresh_github_app_jwt_token=false",
        JSON,
        "",
        200,
    ),
    ("PATCH", "/connections/c1?provider_config_key=sp", JSON, '{"tags":{"a":"b"}}', 200),
    (
        "POST",
        "/connections/metadata",
        JSON,
        '{"metadata":{"a":1},"connection_id":["c1","c2"],"provider_config_key":"sp"}',
        201,
    ),
    (
        "PATCH",
        "/connections/metadata",
        JSON,
        '{"metadata":{"a":1},"connection_id":"c1","provider_config_key":"sp"}',
        200,
    ),
    ("DELETE", "/connections/c2?provider_config_key=sp", JSON, "", 200),
    (
        "GET",
        "/records/?model=Note&variant=v&modified_after=2026-01-01T00%3A00%3A00.000Z&limit=10&filter=added&cursor=CUR&ids=1&ids=2%2F3",
        AS_C1,
        "",
        200,
    ),
    ("POST", "/sync/trigger", JSON, SYNCS + ',"connection_id":"c1"}', 200),
    (
        "POST",
        "/sync/trigger",
        JSON,
        SYNCS + ',"connection_id":"c1","opts":{"reset":true,"emptyCache":true}}',
        200,
    ),
    ("POST", "/sync/trigger", JSON, SYNCS + ',"sync_mode":"full_refresh"}', 200),
    ("POST", "/sync/start", JSON, SYNCS + ',"connection_id":"c1"}', 200),
    ("POST", "/sync/pause", JSON, SYNCS + "}", 200),
    (
        "PUT",
        "/sync/update-connection-frequency",
        JSON,
        '{"sync_name":"notes","provider_config_key":"sp","connection_id":"c1","frequency":null}',
        200,
    ),
    ("GET", "/sync/status?syncs=*&provider_config_key=sp", {}, "", 200),
    (
        "GET",
        "/sync/status?syncs=notes,notes::base&provider_config_key=sp&connection_id=c1",
        {},
        "",
        200,
    ),
    (
        "POST",
        "/action/trigger",
        JSON | AS_C1,
        '{"action_name":"shout","input":{"text":"root"}}',
        200,
    ),
    # accepted as a request; the action itself asks for an input
    ("POST", "/action/trigger", JSON | AS_C1, '{"action_name":"shout"}', 400),
    (
        "GET",
        "/proxy/v1.0/sites?search=*&%24top=5",
        AS_C1
        | EMPTY
        | {"nango-proxy-prefer": "a=b", "retries": "3", "decompress": "true", "retry-on": "404"},
        "",
        200,
    ),
    ("GET", "/proxy/v1.0/sites?search=*", AS_C1 | EMPTY, "", 200),
    ("POST", "/proxy/x", JSON | AS_C1 | EMPTY, '{"a":1}', 200),
    (
        "POST",
        "/proxy/x",
        {"content-type": "application/x-www-form-urlencoded"} | AS_C1 | EMPTY,
        "hello",
        200,
    ),
    (
        "PUT",
        "/proxy/x",
        {"content-type": "text/plain", "nango-proxy-content-type": "text/plain"} | AS_C1 | EMPTY,
        "hi",
        200,
    ),
    ("PATCH", "/proxy/x", JSON | AS_C1 | EMPTY, '{"a":1}', 200),
    ("DELETE", "/proxy/x", JSON | AS_C1 | EMPTY, '{"a":1}', 200),
    (
        "POST",
        "/connect/sessions",
        JSON,
        '{"end_user":{"id":"u"},"allowed_integrations":["sp"]}',
        201,
    ),
    (
        "POST",
        "/connect/sessions/reconnect",
        JSON,
        '{"connection_id":"c1","integration_id":"sp"}',
        201,
    ),
    ("GET", "/connections?endUserId=u", JSON, "", 200),
]
ALWAYS = {"nango-is-sync": "false", "nango-is-script": "false", "nango-is-dry-run": "false"}


@pytest.mark.parametrize("call", REQUESTS, ids=lambda call: f"{call[0]} {call[1][:40]}")
async def test_accepted(world: Any, call: tuple[str, str, dict[str, str], str, int]) -> None:
    method, url, headers, body, status = call
    await world.integration("sp")
    await world.integration("sp3")
    for name in ("c1", "c2"):
        await world.connection(name, "sp")
    await world.client.post("/sync/trigger", json={"syncs": [], "provider_config_key": "sp"})
    await world.queue.idle()
    if "CUR" in url:
        listed = await world.client.get("/records?model=Note", headers=AS_C1)
        url = url.replace("CUR", listed.json()["records"][0]["_nango_metadata"]["cursor"])
    answer = await world.client.request(
        method, url, headers=ALWAYS | headers, content=body.encode() or None
    )
    await world.queue.idle()
    assert answer.status_code == status, answer.text
