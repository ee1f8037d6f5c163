"""Webhooks that fairlead really sent, under the client's own verification."""

from typing import Any

import pytest

KEY = "hooked"


@pytest.fixture(scope="module")
def hooks(world: Any) -> dict[str, Any]:
    drive = world.drive("/sites/people")
    tags = {"note": 'ä "quoted" \u2028 \\ / 😀 <b>'}
    world.connected(KEY, "megan", metadata={"driveIds": [drive]}, tags=tags)

    def of(**fields: str) -> Any:
        wanted = {"connectionId": "megan", "providerConfigKey": KEY} | fields
        return world.listener.wait_for(lambda body: wanted.items() <= body.items())

    # other syncs that begin with the connection are told of too, in any order
    return {
        "auth": of(type="auth"),
        "sync": of(type="sync", syncName="drive-items", model="DriveItem"),
    }


def test_verified_by_the_client(hooks: dict[str, Any], judge: Any, signing_key: str) -> None:
    given = [
        {"name": name, "body": hook.body.decode(), "headers": hook.headers}
        for name, hook in hooks.items()
    ]
    said = judge("webhooks.js", signingKey=signing_key, hooks=given)
    for name in hooks:
        assert said.value(name) == {
            "incoming": True,
            "incomingWithSecretKey": True,
            "incomingForged": False,
            "incomingUnsigned": False,
            "incomingKeyOnly": False,
            "signature": True,
            "signatureForged": False,
        }, name


def test_sent_where_the_connection_says(world: Any) -> None:
    url = f"{world.listener.url}/elsewhere"
    drive = world.drive("/sites/people")
    world.connected(
        "elsewhere", "wanderer", metadata={"driveIds": [drive]}, webhook_url_override=url
    )
    world.listener.wait_for(lambda body: body["type"] == "sync", path="/elsewhere")
    usual = [each.json for each in world.listener.heard if each.path == "/hook"]
    assert "elsewhere" not in {
        body["providerConfigKey"] for body in usual if body["connectionId"] == "wanderer"
    }


def test_bodies(hooks: dict[str, Any]) -> None:
    auth = hooks["auth"]
    assert auth.headers["content-type"] == "application/json"
    assert auth.json["tags"]["note"] == 'ä "quoted" \u2028 \\ / 😀 <b>'
    sync = hooks["sync"].json
    counts = sync.pop("responseResults")
    assert counts["added"] > 0
    assert (counts["updated"], counts["deleted"]) == (0, 0)
    assert sync.pop("modifiedAfter").endswith("Z")
    assert sync.pop("queryTimeStamp").endswith("Z")
    assert sync.pop("checkpoints")["from"] is None
    assert sync == {
        "from": "nango",
        "type": "sync",
        "connectionId": "megan",
        "providerConfigKey": KEY,
        "syncName": "drive-items",
        "syncVariant": "base",
        "model": "DriveItem",
        "syncType": "INITIAL",
        "success": True,
    }
