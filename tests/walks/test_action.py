"""The action walk: an action of the pack, called through the API."""

import base64
from typing import Any

import httpx
import pytest

from m365sim.testing import delegated_token

AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    await walk.settled()


async def call(walk: Any, action: str, **given: Any) -> httpx.Response:
    answer: httpx.Response = await walk.product.post(
        "/action/trigger", json={"action_name": action, "input": given}, headers=AS_WALK
    )
    return answer


async def test_sites_and_a_file(walk: Any) -> None:
    sites = (await call(walk, "list-shared-sites")).json()["sites"]
    site = next(each for each in sites if each["displayName"] == "Marketing")
    [drive] = [
        drive
        for site_ in walk.cloud.world.content.all_sites()
        if site_.id == site["id"]
        for drive in site_.drives
        if not drive.is_system
    ]
    welcome = next(item for item in drive.children(drive.root.uid) if item.name == "Welcome.md")
    where = {"siteId": site["id"], "driveId": drive.id, "itemId": drive.item_id(welcome.uid)}
    details = (await call(walk, "get-drive-item", **where)).json()
    assert (details["name"], details["size"]) == ("Welcome.md", welcome.size)
    content = (await call(walk, "download-drive-item-content", **where)).json()
    assert base64.b64decode(content["content"]).startswith(b"# Marketing")


async def test_what_is_not_there(walk: Any) -> None:
    answer = await call(walk, "get-drive-item", siteId="root", driveId="b!x", itemId="01A")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (424, "script_http_error")
    assert error["upstream"]["status"] == 404
    assert error["who"]


@pytest.mark.parametrize(
    ("status", "code"), [(403, "script_http_error"), (429, "script_api_rate_limit_error")]
)
async def test_the_vendors_refusals(walk: Any, status: int, code: str) -> None:
    walk.breaks(host="graph", status=status, retry_after=0, count=None)
    answer = await call(walk, "list-shared-sites")
    error = answer.json()["error"]
    assert answer.status_code == 424, error
    assert error["code"] == code
    assert error["upstream"]["status"] == status
    assert error["message"]


@pytest.mark.parametrize(
    ("status", "code", "who", "says"),
    [
        (401, "reconnect_required", "end user", "must connect again"),
        (404, "script_http_error", "caller", "must check the ids"),
        (410, "script_http_error", "vendor", "read the feed from the start"),
        (503, "script_http_error", "vendor", "try again later"),
    ],
)
async def test_every_refusal_says_who_must_do_what(
    walk: Any, status: int, code: str, who: str, says: str
) -> None:
    walk.breaks(host="graph", status=status, retry_after=0, count=None)
    answer = await call(walk, "list-shared-sites")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["who"]) == (424, code, who)
    assert says in error["message"]
    assert "Traceback" not in answer.text
    walk.cloud.world.faults.remove()
    assert (await call(walk, "list-shared-sites")).is_success


async def test_input_is_checked(walk: Any) -> None:
    answer = await call(walk, "get-drive-item", siteId="root", colour="red")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_action_input")
    assert {tuple(issue["path"]) for issue in error["errors"]} >= {
        ("input", "driveId"),
        ("input", "itemId"),
    }


async def test_a_change_and_its_conflict(walk: Any) -> None:
    sites = (await call(walk, "list-shared-sites")).json()["sites"]
    site = next(each for each in sites if each["displayName"] == "Marketing")
    books = {"siteId": site["id"], "displayName": "Books"}
    made = (await call(walk, "create-list", **books)).json()
    assert (made["displayName"], made["template"]) == ("Books", "genericList")
    again = await call(walk, "create-list", **books)
    error = again.json()["error"]
    assert (again.status_code, error["code"], error["cause"]) == (
        424,
        "script_http_error",
        "name_taken",
    )
    assert (error["upstream"]["status"], error["who"]) == (409, "caller")
    nothing = await call(walk, "update-list", siteId=site["id"], listId=made["id"])
    error = nothing.json()["error"]
    assert (nothing.status_code, error["code"]) == (500, "action_script_runtime_error")
    assert error["payload"]["type"] == "invalid_input"


async def test_what_the_grant_does_not_allow_is_not_asked(walk: Any) -> None:
    token = delegated_token(walk.cloud.world, "megan", ["Sites.Read.All"])
    await walk.import_connection({"type": "OAUTH2", "access_token": token})
    await walk.settled()
    answer = await call(walk, "create-list", siteId="root", displayName="Books")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["who"]) == (424, "missing_scope", "operator")
    assert error["message"].startswith("create-list needs Sites.Manage.All, which")
    # syncs read meanwhile; nobody but the action would have written
    seen = walk.cloud.world.faults.traffic.last
    assert not [one for one in seen if one.method == "POST" and one.route.endswith("/lists")]
    assert (await call(walk, "list-shared-sites")).is_success
