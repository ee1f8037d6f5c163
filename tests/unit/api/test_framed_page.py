"""The connect page in a frame of the product's page, and how the operator makes it look."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fairlead.app import build_app
from fairlead.connect.branding import Branding, ConnectUi
from fairlead.connect.embedders import Embedders

PRODUCT = "https://app.example.com"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
async def framed(world: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """A browser at a server that knows the product, and how it wants to look."""
    (tmp_path / "acme.svg").write_text(SVG)
    told = {
        "productName": "Acme <Desk>",
        "logo": "acme.svg",
        "theme": {"light": {"primary": "#7a3ed0"}},
        "environments": {"prod": {"showWatermark": False}, "dev": {"defaultTheme": "dark"}},
    }
    (tmp_path / "ui.json").write_text(json.dumps(told))
    services = replace(
        world.services,
        branding=Branding.load(tmp_path / "ui.json"),
        embedders=Embedders([PRODUCT], "http://fairlead.test"),
    )
    transport = httpx.ASGITransport(build_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://fairlead.test") as browser:
        yield browser


def event_of(page: Any) -> Any:
    found = re.search(r'data-event="([^"]*)"', page.text)
    return json.loads(unescape(found[1])) if found else None


def policy(page: Any) -> str:
    return str(page.headers["content-security-policy"])


async def test_a_frame_without_a_token_waits_for_it(framed: Any) -> None:
    for query, headers in (
        ("?apiURL=http%3A%2F%2Ffairlead.test&theme=dark", {}),
        ("", {"Sec-Fetch-Dest": "iframe"}),
    ):
        page = await framed.get(f"/connect/{query}", headers=headers)
        assert page.status_code == 200
        assert 'data-awaits="yes"' in page.text
        assert f"frame-ancestors 'self' {PRODUCT}" in policy(page)
        assert "script-src 'self'; connect-src 'self'" in policy(page)
        # nobody is told anything before its origin is known
        assert "data-embedder" not in page.text
    assert (await framed.get("/connect/")).status_code == 401


async def test_only_the_products_page_is_told_anything(world: Any, framed: Any) -> None:
    await world.integration()
    url = f"/connect/?session_token={await world.session()}&embedder="
    for stranger in ("https://evil.example", "*", "null", f"{PRODUCT}/x"):
        page = await framed.get(url + stranger)
        assert "data-embedder" not in page.text
        assert "<script" not in page.text
    page = await framed.get(url + PRODUCT)
    assert f'data-embedder="{PRODUCT}"' in page.text
    assert 'name="ws_client_id"' in page.text
    assert "Continue in the other window" in page.text


async def test_what_is_filled_in_is_checked_before_a_window_opens(world: Any, framed: Any) -> None:
    await world.integration("h", "acme-hosted")
    given = {"session_token": await world.session(), "integration": "h", "embedder": PRODUCT}
    wrong = await framed.post("/connect/", data=given | {"check": "yes"})
    assert wrong.status_code == 400
    given |= {"config.site": "contoso", "ws_client_id": "socket-1"}
    right = await framed.post("/connect/", data=given | {"check": "yes"})
    assert (right.status_code, right.text) == (204, "")
    begun = await framed.post("/connect/", data=given)
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["ws_client_id"] == ["socket-1"]


async def test_credentials_in_a_frame(world: Any, framed: Any) -> None:
    await world.plain_integration("key")
    given = {"session_token": await world.session(), "embedder": PRODUCT, "apiKey": "k"}
    page = await framed.post("/connect/", data=given)
    assert page.status_code == 200
    told = event_of(page)
    [made] = (await world.client.get("/connections")).json()["connections"]
    payload = {"providerConfigKey": "key", "connectionId": made["connection_id"]}
    assert told == {"type": "connect", "payload": payload}
    assert "data-close" in page.text


async def test_an_app_that_waits_for_an_administrator_in_a_frame(world: Any, framed: Any) -> None:
    await world.plain_integration("app")
    world.vendor.token_status = 400
    world.vendor.token_error = {"error": "invalid_grant", "error_description": "consent_required"}
    given = {"session_token": await world.session(), "embedder": PRODUCT, "config.site": "contoso"}
    page = await framed.post("/connect/", data=given | {"client_id": "a", "client_secret": "b"})
    assert page.status_code == 202, page.text
    [waits] = (await world.client.get("/connections")).json()["pending"]
    payload = {"providerConfigKey": "app", "connectionId": waits["connection_id"]}
    assert event_of(page) == {"type": "connect", "payload": payload | {"isPending": True}}
    assert waits["admin_url"] in unescape(page.text)
    assert "refresh" not in page.headers


async def test_refused_credentials_in_a_frame(world: Any, framed: Any) -> None:
    await world.plain_integration("app")
    world.vendor.token_status = 401
    given = {"session_token": await world.session(), "embedder": PRODUCT, "config.site": "contoso"}
    page = await framed.post("/connect/", data=given | {"client_id": "i", "client_secret": "s"})
    assert page.status_code == 400
    assert event_of(page) == {
        "type": "error",
        "payload": {
            "errorType": "client_credentials_fetch_error",
            "errorMessage": "The vendor refused with 401.",
        },
    }


async def test_a_link_that_is_over_in_a_frame(framed: Any) -> None:
    page = await framed.get(f"/connect/?session_token=x&embedder={PRODUCT}")
    assert page.status_code == 401
    assert event_of(page)["payload"]["errorType"] == "unknown_connect_session_token"


async def test_windows_that_may_be_told_how_it_ended(world: Any, framed: Any) -> None:
    await world.integration()
    page = await framed.get("/oauth/callback?state=x")
    targets = re.search(r'data-targets="([^"]*)"', page.text)
    assert targets
    assert json.loads(unescape(targets[1])) == ["http://fairlead.test", PRODUCT]
    assert "frame-ancestors 'none'" in policy(page)


async def test_the_operators_looks(world: Any, framed: Any) -> None:
    await world.integration()
    page = await framed.get(f"/connect/?session_token={await world.session()}")
    assert '<html lang="en" data-theme="dark">' in page.text
    assert 'alt="Acme &lt;Desk&gt;"' in page.text
    assert "To Acme &lt;Desk&gt;, for Ada" in page.text
    assert "Served by fairlead" in page.text
    sheet = re.search(r'href="(/assets/theme-[^"?]*)', page.text)
    logo = re.search(r'src="(/assets/logo-[^"]*)"', page.text)
    assert sheet
    assert logo
    assert sheet[1] == "/assets/theme-7a3ed0-5fd3a6.css"
    served = await framed.get(sheet[1])
    assert served.headers["content-type"].startswith("text/css")
    assert "--accent: #7a3ed0" in served.text
    served = await framed.get(logo[1])
    assert (served.text, served.headers["content-type"]) == (SVG, "image/svg+xml")
    assert "sandbox" in policy(served)
    for name in ("theme-7a3ed0.css", "logo-0.svg", "theme-7a3ed0-}body{.css", "connect.html"):
        assert (await framed.get(f"/assets/{name}")).status_code == 404


async def test_the_address_decides_about_the_theme(world: Any, framed: Any) -> None:
    await world.integration()
    url = f"/connect/?session_token={await world.session()}&theme="
    assert 'data-theme="light"' in (await framed.get(f"{url}light")).text
    assert "data-theme" not in (await framed.get(f"{url}system")).text
    assert 'data-theme="dark"' in (await framed.get(f"{url}pink")).text


async def test_the_theme_goes_along(world: Any, framed: Any) -> None:
    await world.integration("a")
    await world.integration("b")
    token = await world.session()
    page = await framed.get(f"/connect/?session_token={token}&theme=light&lang=en")
    assert "integration=a" in page.text
    assert page.text.count("theme=light&amp;lang=en&amp;integration=") == 2
    given = {"session_token": token, "integration": "a", "theme": "light"}
    begun = await framed.post("/connect/", data=given)
    away = await framed.get(begun.headers["location"])
    state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
    page = await framed.get("/oauth/callback", params={"state": state, "error": "access_denied"})
    assert 'data-theme="light"' in page.text
    assert f'href="/connect/?session_token={token}&amp;theme=light"' in page.text


async def test_the_session_tells_the_looks(world: Any, framed: Any) -> None:
    bearer = {"Authorization": f"Bearer {await world.session()}"}
    told = (await framed.get("/connect/session", headers=bearer)).json()["data"]
    assert told["connectUISettings"] == {
        "showWatermark": True,
        "defaultTheme": "dark",
        "theme": {"light": {"primary": "#7a3ed0"}, "dark": {"primary": "#5fd3a6"}},
    }


async def test_no_watermark(world: Any) -> None:
    plain = Branding(ConnectUi(show_watermark=False, product_name="Acme"), {}, [])
    services = replace(world.services, branding=plain)
    transport = httpx.ASGITransport(build_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://fairlead.test") as browser:
        page = await browser.get("/connect/?session_token=x")
    assert "Served by" not in page.text
    assert '<p class="brand">Acme</p>' in page.text


async def test_the_guide(world: Any, framed: Any) -> None:
    page = await framed.get("/connect/guide/acme-app?theme=light")
    assert page.status_code == 200
    assert 'data-theme="light"' in page.text
    assert "You need &lt;the app&#39;s&gt; id." in page.text
    assert '<section id="find-it">' in page.text
    assert 'href="https://example.com/more"' in page.text
    for unknown in ("acme", "nobody"):
        assert (await framed.get(f"/connect/guide/{unknown}")).status_code == 404
    told = (await world.client.get("/providers/acme-app")).json()["data"]
    assert told["docs_connect"] == "http://fairlead.test/connect/guide/acme-app"
    assert told["connection_config"]["site"]["doc_section"] == "find-it"
    await world.plain_integration("app")
    token = await world.session()
    page = await framed.get(f"/connect/?session_token={token}")
    assert 'href="/connect/guide/acme-app"' in page.text
    assert 'href="/connect/guide/acme-app#find-it"' in page.text
    overrides = {"app": {"docs_connect": "https://example.com/ours"}}
    token = await world.session(overrides=overrides)
    page = await framed.get(f"/connect/?session_token={token}")
    assert 'href="https://example.com/ours"' in page.text
