"""Both official clients against the cloud under its real names, behind a proxy, in Chromium.

The browser and fairlead reach login.microsoftonline.com and graph.microsoft.com as they would
outside; the proxy is the emulated cloud, and its throw-away authority is trusted by its key alone.
"""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import NoBrowser, Visit, chromium, decide, sign_in, visiting
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from judged_world import World, judged
from playwright.sync_api import Browser, expect

KEY = "sharepoint-online"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, product: str) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("real-names")
    with judged(folder, under_real_names=True, connect_origins=product) as made:
        made.integration(KEY)
        yield made


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[Browser]:
    authority = x509.load_pem_x509_certificate(Path(world.cloud["ca_file"]).read_bytes())
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    options = (
        f"--proxy-server={world.cloud['proxy']}",
        f"--ignore-certificate-errors-spki-list={pin}",
    )
    try:
        with chromium(*options) as opened:
            yield opened
    except NoBrowser as missing:
        problem = str(missing)
    else:
        return
    pytest.fail(problem, pytrace=False)


@pytest.fixture
def visit(browser: Browser, product: str, world: World) -> Iterator[Visit]:
    world.withdraw_consent()
    with visiting(browser, product, world.host) as opened:
        yield opened


def works(world: World, made: dict[str, Any]) -> None:
    """See that a connection calls the API by its real name."""
    headers = {"Provider-Config-Key": KEY, "Connection-Id": made["connectionId"]}
    answer = world.product.get("/proxy/v1.0/sites/root", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["webUrl"] == "https://contoso.sharepoint.com"


def test_through_the_connect_page(visit: Visit, world: World) -> None:
    token = world.session(end_user={"id": "megan"}, allowed_integrations=[KEY])["token"]
    ui = visit.connect_ui(token)
    with visit.page.expect_popup() as opened:
        ui.get_by_role("button", name="Continue to login.microsoftonline.com").click()
    popup = opened.value
    popup.wait_for_selector("text=Pick an account")
    assert popup.url.startswith("https://login.microsoftonline.com/")
    sign_in(popup, "megan")
    decide(popup, "accept")
    [_, told] = visit.events(2)
    assert told["type"] == "connect"
    expect(ui.get_by_role("heading", name="is connected")).to_be_visible()
    works(world, told["payload"])


def test_through_a_popup(visit: Visit, world: World) -> None:
    token = world.session(end_user={"id": "megan"}, allowed_integrations=[KEY])["token"]
    popup = visit.popup("auth", KEY, token=token)
    sign_in(popup, "megan")
    decide(popup, "accept")
    made = visit.outcome()
    assert made["isPending"] is False
    works(world, made)
