"""The connect page: choosing, filling in, setting out, coming back; without any script."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from certificates import PASSWORD


async def test_expired_and_unknown_links(world: Any) -> None:
    token = await world.session()
    world.clock.advance(timedelta(minutes=31))
    for link in (
        "/connect/",
        "/connect/?session_token=x",
        f"/connect/?session_token={token}",
        "/connect",
    ):
        page = await world.browser.get(link)
        assert page.status_code == 401
        assert "This link has expired" in page.text
    page = await world.browser.post("/connect/", data={"session_token": token})
    assert page.status_code == 401


async def test_one_integration_needs_no_choice(world: Any) -> None:
    await world.integration()
    token = await world.session()
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert page.status_code == 200
    assert "Connect Acme Files" in page.text
    assert "For Ada" in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https: http://127.0.0.1:" in policy
    assert "script-src" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_several_integrations(world: Any) -> None:
    await world.integration("a", display_name="<First>")
    await world.integration("b", "acme-hosted")
    await world.integration("c")
    token = await world.session(allowed_integrations=["a", "b"])
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert "What would you like to connect?" in page.text
    assert "&lt;First&gt;" in page.text
    assert "integration=c" not in page.text
    link = re.search(r'href="([^"]*integration=b)"', page.text)
    assert link
    form = await world.browser.get(link[1].replace("&amp;", "&"))
    assert "Connect Acme Hosted" in form.text
    assert "Choose another" in form.text
    assert 'href="https://example.com/connect"' in form.text


async def test_nothing_to_connect(world: Any) -> None:
    page = await world.browser.get(f"/connect/?session_token={await world.session()}")
    assert "Nothing to connect" in page.text


async def test_fields_are_checked(world: Any) -> None:
    await world.integration("h", "acme-hosted")
    token = await world.session()
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert "Site name" in page.text
    assert "(optional)" in page.text
    given = {"session_token": token, "integration": "h"}
    empty = await world.browser.post("/connect/", data=given)
    assert empty.status_code == 400
    assert "Please fill in Site name." in empty.text
    wrong = await world.browser.post("/connect/", data=given | {"config.site": '"><script>1'})
    assert wrong.status_code == 400
    assert "This does not look like Site name. For example: contoso" in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    assert "<script>1" not in wrong.text


async def test_a_session_may_fix_fields(world: Any) -> None:
    await world.integration("h", "acme-hosted")
    defaults = {"h": {"connection_config": {"site": "fixed"}}}
    token = await world.session(integrations_config_defaults=defaults)
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert "Site name" not in page.text
    assert "Nickname" in page.text


async def test_the_whole_way(world: Any) -> None:
    await world.integration("h", "acme-hosted")
    token = await world.session()
    begun = await world.browser.post(
        "/connect/",
        data={
            "session_token": token,
            "integration": "h",
            "config.site": " contoso ",
            "config.nick": "",
        },
    )
    assert begun.status_code == 303
    assert begun.headers["location"].startswith("/oauth/connect/h?")
    away = await world.browser.get(begun.headers["location"])
    assert away.status_code == 302
    state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
    page = await world.land(state, code="good")
    assert "Acme Hosted is connected" in page.text
    [made] = (await world.client.get("/connections")).json()["connections"]
    read = await world.client.get(f"/connections/{made['connection_id']}?provider_config_key=h")
    assert read.json()["connection_config"] == {"site": "contoso"}


async def test_a_failure_offers_the_way_back(world: Any) -> None:
    await world.integration()
    token = await world.session()
    begun = await world.browser.post(
        "/connect/", data={"session_token": token, "integration": "acme"}
    )
    away = await world.browser.get(begun.headers["location"])
    state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
    page = await world.land(state, error="access_denied")
    assert f'href="/connect/?session_token={token}"' in page.text
    assert (await world.browser.get(f"/connect/?session_token={token}")).status_code == 200


async def test_a_key_with_blanks(world: Any) -> None:
    await world.integration("my key@1")
    given = {"session_token": await world.session(), "integration": "my key@1"}
    begun = await world.browser.post("/connect/", data=given)
    assert begun.headers["location"].startswith("/oauth/connect/my%20key%401?")
    assert (await world.browser.get(begun.headers["location"])).status_code == 302


async def test_what_cannot_be_filled_in(world: Any) -> None:
    await world.plain_integration("steps")
    token = await world.session()
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert "cannot be entered here" in page.text
    assert "<form" not in page.text
    given = {"session_token": token, "integration": "steps"}
    assert (await world.browser.post("/connect/", data=given)).status_code == 400


async def form(world: Any, kind: str, files: Any = None, **given: str) -> Any:
    await world.plain_integration(kind)
    token = await world.session(allowed_integrations=[kind])
    page = await world.browser.get(f"/connect/?session_token={token}")
    assert 'enctype="multipart/form-data"' in page.text
    assert "form-action 'self';" in page.headers["content-security-policy"]
    body = {"session_token": token, "integration": kind} | given
    return await world.browser.post("/connect/", data=body, files=files)


async def test_a_key_is_filled_in(world: Any) -> None:
    page = await form(world, "key", apiKey=" k-1 ")
    assert page.status_code == 200
    assert "Acme Key is connected" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    [made] = (await world.client.get("/connections")).json()["connections"]
    assert made["end_user"]["id"] == "u1"
    read = await world.client.get(f"/connections/{made['connection_id']}?provider_config_key=key")
    assert read.json()["credentials"] == {"type": "API_KEY", "apiKey": "k-1"}


async def test_an_app_with_a_certificate_is_filled_in(world: Any, pair: Any) -> None:
    files = {"client_certificate_pfx": ("app.pfx", pair.pfx())}
    given = {"client_id": "i", "client_certificate_password": PASSWORD, "config.site": "contoso"}
    page = await form(world, "app", files, **given)
    assert page.status_code == 200, page.text
    assert "client_assertion" in world.vendor.token_forms[0]


async def test_secrets_are_never_shown_again(world: Any, pair: Any) -> None:
    page = await form(
        world,
        "app",
        client_id="my-app",
        client_secret="s3cr3t",
        client_certificate=pair.pem,
        client_private_key=pair.encrypted_key_pem,
        client_certificate_password="not-it",
        **{"config.site": "contoso"},
    )
    assert page.status_code == 400
    assert "Does not open the key; correct it." in page.text
    assert "<details open>" in page.text
    assert 'value="my-app"' in page.text
    for secret in ("s3cr3t", "not-it", pair.encrypted_key_pem.splitlines()[1], "BEGIN CERT"):
        assert f"{secret}" not in page.text.replace("BEGIN CERTIFICATE on", "")


async def test_missing_answers_are_named(world: Any) -> None:
    page = await form(world, "app", client_secret="s")
    assert (page.status_code, world.vendor.token_forms) == (400, [])
    assert "Please fill in Client ID." in page.text
    page = await world.browser.post(
        "/connect/",
        data={
            "session_token": await world.session(),
            "integration": "app",
            "client_id": "i",
            "client_secret": "s",
        },
    )
    assert "Please fill in Site name." in page.text


async def test_what_the_vendor_refuses_is_told(world: Any) -> None:
    world.vendor.token_status = 401
    given = {"client_id": "i", "client_secret": "s3cr3t", "config.site": "contoso"}
    page = await form(world, "app", **given)
    assert page.status_code == 400
    assert 'role="alert"><p>The vendor refused with 401.</p>' in page.text
    assert "s3cr3t" not in page.text
    assert (await world.client.get("/connections")).json() == {"connections": []}


async def test_nothing_to_fill_in(world: Any) -> None:
    page = await form(world, "open")
    assert "Acme Open is connected" in page.text


async def test_a_password_is_filled_in(world: Any) -> None:
    page = await form(world, "basic", username="u", password=" p ")
    assert "Acme Basic is connected" in page.text


async def test_oversized_form(world: Any) -> None:
    page = await world.browser.post("/connect/", content=b"a=" + b"x" * 100_000)
    assert page.status_code == 401


async def test_front_door(world: Any) -> None:
    page = await world.browser.get("/")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
