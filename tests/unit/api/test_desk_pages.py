"""The dashboard's pages: each draws, each form does what it says, and a role may what it may."""

import html
from typing import Any
from urllib.parse import unquote

import pytest

from fairlead.dashboard.desk.live import Live
from fairlead.dashboard.desk.routes import FORMS, PAGES
from fairlead.model.connection import Fault
from fairlead.model.person import Role
from fairlead.store.connections import find, set_fault

HOME = "/dashboard/in/dev"
C1 = {"integration": "acme", "id": "c1"}
NOTES = C1 | {"name": "notes", "variant": "base"}
VENDOR_SECRET = "hush-1"


class Person:
    """Somebody in front of the dashboard."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    async def see(self, page: str = "", **asked: Any) -> Any:
        return await self.browser.get(f"{HOME}/{page}".rstrip("/"), params=asked)

    async def send(self, form: str, **fields: Any) -> Any:
        home = (await self.see()).text
        csrf = home.partition('name="csrf" value="')[2].partition('"')[0]
        return await self.browser.post(f"{HOME}/{form}", data={"csrf": csrf} | fields)

    async def told(self, answer: Any) -> str:
        """What the next page says of what was done."""
        assert answer.status_code == 303, answer.text
        page = await self.browser.get(answer.headers["location"])
        assert page.status_code == 200, page.text
        return str(page.text.partition('role="status">')[2].partition("</p>")[0])


@pytest.fixture
def signed_in(world: Any) -> Any:
    async def sign(role: Role) -> Person:
        accounts = world.services.accounts
        email = f"{role.value}@example.com"
        # a session is all that counts here, and hashing takes its time
        person = await accounts.add(email=email, name="Ada", role=role, password=None)
        token = await accounts.open_session(person, "signed in")
        world.browser.cookies.set("fairlead_session", token, path="/dashboard")
        return Person(world.browser)

    return sign


@pytest.fixture
async def busy(world: Any) -> Any:
    await world.integration()
    await world.connection("c1", end_user={"id": "u1", "display_name": "<b>Ada</b>"})
    await world.connection("c2")
    command = {"syncs": [], "provider_config_key": "acme"}
    await world.client.post("/sync/trigger", json=command)
    await world.queue.idle()
    return world


async def fail(world: Any, message: str) -> None:
    async with world.services.db.write() as tx:
        connection = await find(tx, 1, "acme", "c1")
        assert connection
        fault = Fault(
            type="auth",
            code="reconnect_required",
            message=message,
            log_id="l",
            created_at=world.clock.now(),
        )
        await set_fault(tx, connection.id, fault)


async def test_every_page_draws(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.VIEWER)
    asked = {"connection": C1, "sync": NOTES, "records": C1 | {"model": "Note"}}
    asked["integration"] = {"key": "acme"}
    listed = (await busy.client.get("/logs")).json()["operations"]
    asked["log"] = {"id": next(each["id"] for each in listed if each["connection_id"] == "c1")}
    titles = set()
    for page in PAGES:
        answer = await ada.see(page, **asked.get(page, {}))
        assert answer.status_code == 200, (page, answer.text)
        titles.add(answer.text.partition("<title>")[2].partition("</title>")[0])
        assert "<b>Ada</b>" not in answer.text
        assert VENDOR_SECRET not in answer.text
        assert "access-0" not in answer.text
        assert answer.text.count("<h1") == 1
    assert len(titles) == len(PAGES)


async def test_empty_pages_say_what_to_do(world: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.ADMIN)
    assert "Create the first integration" in (await ada.see()).text
    assert "Nobody has connected yet" in (await ada.see("connections")).text
    assert "No syncs yet" in (await ada.see("syncs")).text
    assert "Nothing was announced yet" in (await ada.see("webhooks")).text
    assert "No integrations yet" in (await ada.see("integrations")).text
    await world.integration()
    assert "Nobody has connected yet" in (await ada.see()).text
    assert "Nothing matches" in (await ada.see("connections", search="nobody")).text


async def test_the_overview_says_who_must_act(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.VIEWER)
    assert "Nothing needs your attention" in (await ada.see()).text
    await fail(busy, "The grant is over; connect again.")
    page = (await ada.see()).text
    assert "The grant is over; connect again." in page
    assert "Nothing needs your attention" not in page
    listed = (await ada.see("connections", health="failing")).text
    assert "id=c1" in listed
    assert "id=c2" not in listed
    one = (await ada.see("connection", **C1)).text
    assert "The end user must act" in one


#: form -> what is filled in, and the role that it takes
DEEDS: dict[str, tuple[dict[str, Any], Role]] = {
    "connection/examine": (C1, Role.DEVELOPER),
    "connection/reconnect": (C1, Role.DEVELOPER),
    "connections/invite": ({"integration": "acme", "who": "u2"}, Role.DEVELOPER),
    "sync/run": (NOTES, Role.DEVELOPER),
    "sync/start": (NOTES, Role.DEVELOPER),
    "sync/pause": (NOTES, Role.DEVELOPER),
    "sync/cancel": (NOTES, Role.DEVELOPER),
    "sync/approve": (NOTES, Role.DEVELOPER),
    "sync/reschedule": (NOTES | {"frequency": "every 2 hours"}, Role.DEVELOPER),
    "integrations/new": (
        {"provider": "acme", "unique_key": "b", "client_id": "i", "client_secret": "s"},
        Role.DEVELOPER,
    ),
    "integration/change": ({"key": "acme", "display_name": "Files"}, Role.DEVELOPER),
    "webhooks/replay": ({"state": "dead"}, Role.DEVELOPER),
    "approvals/decide": ({"approval": "none", "decision": "deny"}, Role.DEVELOPER),
    "keys/create": ({"name": "k", "scopes": ["environment:proxy"]}, Role.ADMIN),
    "keys/revoke": ({"name": "k"}, Role.ADMIN),
    "environments/create": ({"name": "prod"}, Role.ADMIN),
    "people/add": ({"email": "eve@example.com", "role": "viewer"}, Role.ADMIN),
    "people/change": ({"person": "1", "role": "viewer"}, Role.ADMIN),
    "people/delete": ({"person": "1"}, Role.ADMIN),
    "connection/delete": (C1, Role.DEVELOPER),
    "integration/delete": ({"key": "acme", "repeat": "acme"}, Role.DEVELOPER),
}
RANKS = list(Role)[::-1]


def test_every_form_has_its_role() -> None:
    assert set(DEEDS) == set(FORMS)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
async def test_a_role_may_not_more(busy: Any, signed_in: Any, role: Role) -> None:
    person = await signed_in(role)
    for form, (fields, needed) in DEEDS.items():
        if RANKS.index(needed) <= RANKS.index(role):
            continue
        answer = await person.send(form, **fields)
        if answer.status_code == 303:
            assert "Insufficient scope" in await person.told(answer), form
        else:
            assert answer.status_code == 403, form
            assert "Insufficient scope" in answer.text
    if role is Role.VIEWER:
        listed = await busy.client.get("/connections?limit=10")
        assert len(listed.json()["connections"]) == 2
        assert (await person.see("keys")).text.count("<form") == 1
    assert [each["name"] for each in (await busy.client.get("/keys")).json()["data"]] == ["default"]
    assert len(await busy.services.accounts.everybody()) == 1
    entries = (await busy.client.get(f"/audit?who={role.value}@example.com")).json()["data"]
    assert entries == []


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.ADMIN])
async def test_a_role_may_as_much(busy: Any, signed_in: Any, role: Role) -> None:
    person = await signed_in(role)
    done = 0
    for form, (fields, needed) in DEEDS.items():
        if RANKS.index(needed) > RANKS.index(role):
            continue
        answer = await person.send(form, **fields)
        if form in {"people/change", "people/delete"}:
            assert "last admin" in await person.told(answer)
            continue
        if form == "approvals/decide":
            assert "no approval" in await person.told(answer)
            continue
        assert answer.status_code in {200, 303}, (form, answer.text)
        if answer.status_code == 303:
            assert "Insufficient" not in await person.told(answer)
        done += 1
    who = f"{role.value}@example.com"
    entries = (await busy.client.get(f"/audit?who={who}")).json()["data"]
    if role is Role.ADMIN:
        # those of the whole server are not for a key of one environment
        page = (await person.see("audit")).text
        assert "added a person" in page
        assert "made an environment" in page
        done -= 2
    assert len(entries) == done, [each["what"] for each in entries]
    assert (await busy.client.get("/connections")).json()["connections"] == []
    assert "client_secret" not in str(entries)


async def test_a_key_is_shown_once(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.ADMIN)
    unticked = await ada.send("keys/create", name="backend")
    assert (unticked.status_code, "Tick what" in unticked.text) == (400, True)
    made = await ada.send("keys/create", name="backend", scopes=["environment:connections:list"])
    key = made.text.partition('class="secret">')[2].partition("<")[0]
    assert key.startswith("fl_")
    headers = {"Authorization": f"Bearer {key}"}
    assert (await busy.browser.get("/connections", headers=headers)).status_code == 200
    assert (await busy.browser.get("/keys", headers=headers)).status_code == 403
    page = (await ada.see("keys")).text
    assert "backend" in page
    assert key not in page
    again = await ada.send("keys/create", name="backend", scopes=["environment:proxy"])
    assert (again.status_code, "already" in again.text) == (409, True)
    assert "revoked" in await ada.told(await ada.send("keys/revoke", name="backend"))
    refused = await ada.send("keys/revoke", name="default")
    assert "FAIRLEAD_SECRET_KEY" in refused.text


async def test_a_connection_is_tested_and_renewed(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.DEVELOPER)
    tested = (await ada.send("connection/examine", **C1)).text
    assert "It works" in tested or "It does not work" in tested
    link = (await ada.send("connection/reconnect", **C1)).text
    assert "http://fairlead.test/connect/?session_token=" in link
    invited = (await ada.send("connections/invite", integration="acme", who="u9")).text
    assert "http://fairlead.test/connect/?session_token=" in invited
    missing = await ada.see("connection", integration="acme", id="nobody")
    assert (missing.status_code, "no connection" in missing.text) == (404, True)


async def test_a_sync_and_its_records(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.DEVELOPER)
    page = (await ada.see("sync", **NOTES)).text
    assert '<svg class="chart"' in page
    assert 'class="added"' in page
    assert "+3" in page
    assert "It runs" in await ada.told(await ada.send("sync/run", **NOTES))
    await busy.queue.idle()
    assert "−1" in (await ada.see("sync", **NOTES)).text
    wrong = await ada.told(await ada.send("sync/reschedule", **NOTES, frequency="now and then"))
    assert wrong
    assert "every 2 hours" in await ada.told(
        await ada.send("sync/reschedule", **NOTES, frequency="every 2 hours")
    )
    listed = (await ada.see("records", **C1)).text
    assert "record=n1" in listed
    gone = (await ada.see("records", **C1, model="Note", filter="deleted")).text
    assert "record=n3" in gone
    assert "record=n1&" not in gone
    one = (await ada.see("records", **C1, model="Note", record="n1")).text
    assert "&#34;text&#34;: &#34;1/2&#34;" in one
    none = await ada.see("records", **C1, model="Note", record="zzz")
    assert "no such record" in none.text
    lost = await ada.see("sync", **C1, name="nothing")
    assert lost.status_code == 404


async def test_an_operation_can_be_sent_again(busy: Any, signed_in: Any) -> None:
    headers = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
    called = await busy.client.get("/proxy/files?top=2", headers=headers)
    assert called.status_code == 200
    await busy.services.journal.flush()
    ada = await signed_in(Role.VIEWER)
    [found] = (await busy.client.get("/logs?type=proxy")).json()["operations"]
    assert f"id={found['id']}" in (await ada.see("logs", type="proxy")).text
    assert "Nothing matches" in (await ada.see("logs", search="nothing like it")).text
    page = html.unescape((await ada.see("log", id=found["id"])).text)
    assert "Copy as curl" in page
    assert "Bearer access-0" not in page
    test = page.partition('<pre class="secret" tabindex="0">')[2].partition("</pre>")[0]
    compile(test, "test_again.py", "exec")
    assert "connection_id='c1'" in test
    assert "files?top=2" in test
    assert (await ada.see("log", id="none")).status_code == 404


async def test_a_form_with_mistakes_keeps_what_was_filled_in(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.DEVELOPER)
    fields = {"provider": "acme", "client_id": "my-app", "client_secret": "s3cr3t-of-the-app"}
    answer = await ada.send("integrations/new", **fields, unique_key="acme")
    assert answer.status_code == 400
    assert "Unique key already exists" in answer.text
    assert 'value="my-app"' in answer.text
    assert "s3cr3t-of-the-app" not in answer.text
    kept = await ada.send("integration/delete", key="acme", repeat="something else")
    assert "Nothing is deleted" in await ada.told(kept)


async def test_what_is_said_is_said_once_and_escaped(busy: Any, signed_in: Any) -> None:
    ada = await signed_in(Role.ADMIN)
    answer = await ada.send("environments/create", name="<i>")
    assert "<i>" not in await ada.told(answer)
    assert 'role="status"' not in (await ada.see("settings")).text
    assert "%" in unquote("%25")


async def test_live_updates(busy: Any, signed_in: Any) -> None:
    """A page is sent when it changed, and no more once its person is signed out."""
    ada = await signed_in(Role.VIEWER)
    seen: list[str] = []
    live = _live_of(busy)
    request = _Asked(busy, f"{HOME}/connections")
    answer = await live.stream(request)
    assert answer.media_type == "text/event-stream"
    stream = answer.body_iterator
    seen.append((await anext(stream)).decode())
    assert "c1" in seen[0]
    assert all(line.startswith(("event: ", "data: ")) for line in seen[0].strip().splitlines())
    await fail(busy, "The grant is over.")
    seen.append((await anext(stream)).decode())
    assert "The grant is over." in seen[1]
    await busy.services.accounts.sign_out(busy.browser.cookies["fairlead_session"])
    assert b"event: over" in await anext(stream)
    assert (await ada.browser.get(f"{HOME}/live?of={HOME}")).status_code == 401


async def test_streams_end_with_the_server(busy: Any, signed_in: Any) -> None:
    await signed_in(Role.VIEWER)
    live = _live_of(busy)
    stream = (await live.stream(_Asked(busy, HOME))).body_iterator
    await anext(stream)
    for stop in busy.services.stopping:
        stop()
    assert [part async for part in stream] == []
    assert (await live.stream(_Asked(busy, HOME))).status_code == 503
    assert (await live.stream(_Asked(busy, "/elsewhere"))).status_code == 404


def _live_of(world: Any) -> Live:
    return next(stop.__self__ for stop in world.services.stopping)


def _Asked(world: Any, of: str) -> Any:  # noqa: N802
    from urllib.parse import quote

    from starlette.requests import Request

    token = world.browser.cookies["fairlead_session"]
    app = world.browser._transport.app._inner.app
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": f"{HOME}/live",
            "query_string": f"of={quote(of, safe='')}".encode(),
            "headers": [(b"cookie", f"fairlead_session={token}".encode())],
            "path_params": {"environment": "dev"},
            "app": app,
        }
    )
