"""The dashboard in Chromium: a person's way through its pages, whatever the screen and the colours.

With FAIRLEAD_PICTURES=FOLDER pictures are left there; those in `docs/dashboard/` are of them.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import barriers, opened
from judged_world import PATIENCE, World, judged
from playwright.sync_api import Page, expect

PERSON = "megan@contoso.onmicrosoft.com"
PASSWORD = "correct horse battery"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 375, "height": 780}
KEY = "sharepoint-online"
HOME = "/dashboard/in/dev"
C1 = "integration=sharepoint-online&id=contoso"
AS_C1 = {"Provider-Config-Key": KEY, "Connection-Id": "contoso"}
#: name of a picture -> address below an environment
PLACES = {
    "overview": "",
    "connections": "/connections",
    "connection": f"/connection?{C1}",
    "syncs": "/syncs",
    "sync": f"/sync?{C1}&name=drive-items&variant=base",
    "records": f"/records?{C1}&model=DriveItem",
    "logs": "/logs",
    "approvals": "/approvals",
    "webhooks": "/webhooks",
    "integrations": "/integrations",
    "new-integration": f"/integrations/new?provider={KEY}",
    "integration": f"/integration?key={KEY}",
    "keys": "/keys",
    "audit": "/audit",
    "settings": "/settings",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers of this file run, and log."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[World]:
    """A fairlead with a connection that works, one that does not, and records."""
    with judged(folder, signed_in=PERSON) as world:
        who = {"id": "u-1", "display_name": "Megan Bowen", "email": PERSON}
        world.connected(KEY, "contoso", end_user=who)
        drive = world.drive("/sites/marketing")
        metadata = {"driveIds": [drive]}
        where = {"provider_config_key": KEY, "connection_id": "contoso"}
        world.post("/connections/metadata", where | {"metadata": metadata})
        broken = {"type": "OAUTH2", "access_token": "a", "refresh_token": "nobody's"}
        broken["expires_at"] = "2026-01-01T00:00:00Z"
        other = {"id": "u-2", "display_name": "Alex Wilber"}
        world.imported(KEY, "fabrikam", credentials=broken, end_user=other)
        refused = world.product.get(f"/connections/fabrikam?provider_config_key={KEY}")
        assert refused.status_code == 424, refused.text
        for day in range(6):
            for number in range(day % 3 * 2 + 1):
                asked = {"name": f"Week {day}-{number}", "folder": {}}
                # by the proxy: what an action changes, a sync has no need to bring
                url = f"/proxy/v1.0/drives/{drive}/root/children"
                answer = world.product.post(url, json=asked, headers=AS_C1)
                assert answer.is_success, answer.text
            world.post("/sync/trigger", {"syncs": ["drive-items"], **where})
            settled(world)
        yield world


def settled(world: World) -> None:
    """Wait until the sync is over."""
    asked = {"provider_config_key": KEY, "connection_id": "contoso", "syncs": "drive-items"}
    give_up_at = time.monotonic() + PATIENCE
    while world.get("/sync/status", **asked)["syncs"][0]["status"] == "RUNNING":
        assert time.monotonic() < give_up_at


@pytest.fixture(scope="module")
def set_up_link(desk: World, folder: Path) -> str:
    """What `fairlead serve` printed."""
    found = re.search(r"set up +(\S+)", (folder / "fairlead.cli.log").read_text())
    assert found
    return found[1]


@pytest.fixture(scope="module")
def person(desk: World, set_up_link: str, browser: Any) -> Iterator[Page]:
    with opened(browser, viewport=WIDE, reduced_motion="reduce") as page:
        page.goto(set_up_link)
        picture(page, "set-up")
        page.get_by_label("Your name").fill("Ada Lovelace")
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        yield page


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("FAIRLEAD_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_every_page_in_every_light_and_width(person: Page, desk: World, axe: str) -> None:
    for name, where in PLACES.items():
        for scheme in ("light", "dark"):
            person.emulate_media(color_scheme=scheme)
            for width, size in (("", WIDE), ("-phone", NARROW)):
                person.set_viewport_size(size)
                person.goto(f"{desk.host}{HOME}{where}")
                expect(person.get_by_role("heading", level=1)).to_have_count(1)
                picture(person, f"{name}-{scheme}{width}")
                wide = "document.documentElement.scrollWidth - innerWidth"
                assert person.evaluate(wide) <= 0, (name, size)
                assert barriers(person, axe) == [], (name, scheme, size)
    person.emulate_media(color_scheme="light")
    person.set_viewport_size(WIDE)
