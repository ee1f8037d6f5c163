"""The contract's browser client connects an app by its certificate; the product's client uses it."""

from typing import Any

import pytest

KEY = "rest"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any, pair: Any, other_pair: Any) -> Any:
    [app] = [each for each in world.cloud["apps"] if each["display_name"] == "nightly-indexer"]
    world.control("POST", f"apps/{app['app_id']}", {"certificates": [pair.pem]})
    world.post("/integrations", {"provider": "sharepoint-online-v1", "unique_key": KEY})
    return judge(
        "two_step.js",
        integration=KEY,
        session=world.session(end_user={"id": "megan"}, allowed_integrations=[KEY])["token"],
        tenant=world.cloud["tenant"]["id"],
        client=app["app_id"],
        certificate=pair.pem,
        privateKey=pair.key_pem,
        otherCertificate=other_pair.pem,
        otherPrivateKey=other_pair.key_pem,
    )


def test_connected(said: Any, world: Any) -> None:
    made = said.value("connected")
    assert made["providerConfigKey"] == KEY, made
    told = world.listener.wait_for(
        lambda body: body["type"] == "auth" and body["connectionId"] == made["connectionId"]
    ).json
    assert (told["authMode"], told["operation"], told["success"]) == ("TWO_STEP", "creation", True)


def test_credentials(said: Any) -> None:
    first, second = said.value("get"), said.value("refreshed")
    for read in (first, second):
        assert read["credentials"]["type"] == "TWO_STEP"
        assert read["credentials"]["token"] == read["credentials"]["raw"]["access_token"]
        assert "PRIVATE KEY" not in str(read)
    assert first["credentials"]["token"] != second["credentials"]["token"]


def test_proxy(said: Any) -> None:
    # the client's own Accept takes anything: the provider's default stands
    assert said.value("web")["data"]["d"]["__metadata"]["type"] == "SP.Web"
    assert len(said.value("plain")["data"]["value"]) == 1


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("wrongKey", "connection_test_failed"),
        ("unknownField", "invalid_body"),
        ("nothing", "invalid_body"),
        ("badConfig", "invalid_connection_config"),
    ],
)
def test_refused(said: Any, call: str, kind: str) -> None:
    refused = said.value(call)
    assert refused["type"] == kind, refused
    assert refused["message"]
