"""The dashboard's door: the first account, sign-in, sessions, whose forms are listened to."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.errors import Unauthorized
from fairlead.model.person import Role
from fairlead.people.attempts import FOR_EMAIL

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
OVERVIEW = "/dashboard/in/dev"


@pytest.fixture
async def ada(world: Any) -> Any:
    return await world.services.accounts.add(
        email=EMAIL, name="Ada", role=Role.ADMIN, password=PASSWORD
    )


async def sign_in(world: Any, password: str = PASSWORD, **more: str) -> Any:
    form = {"email": EMAIL, "password": password} | more
    return await world.browser.post("/dashboard/sign-in", data=form)


async def test_the_first_account(world: Any) -> None:
    token = world.services.accounts.set_up_token()
    page = await world.browser.get(f"/dashboard/set-up?token={token}")
    assert "Make the first account" in page.text
    assert "no account yet" in (await world.browser.get("/dashboard/sign-in")).text
    form = {"token": token, "email": "Ada@Example.com", "name": "Ada", "password": "short"}
    weak = await world.browser.post("/dashboard/set-up", data=form)
    assert (weak.status_code, "15 to 256 characters" in weak.text) == (400, True)
    form["password"] = PASSWORD
    wrong = await world.browser.post("/dashboard/set-up", data=form | {"token": "guess"})
    assert (wrong.status_code, await world.services.accounts.is_new()) == (401, True)
    made = await world.browser.post("/dashboard/set-up", data=form)
    assert (made.status_code, made.headers["location"]) == (303, "/dashboard")
    [person] = await world.services.accounts.everybody()
    assert (person.email, person.role) == (EMAIL, Role.ADMIN)
    assert (await world.browser.get(OVERVIEW)).status_code == 200
    # the link has done its work
    late = await world.browser.post("/dashboard/set-up", data=form | {"email": "eve@example.com"})
    assert (late.status_code, "set up already" in late.text) == (409, True)


@pytest.mark.usefixtures("ada")
async def test_from_sign_in_to_sign_out(world: Any) -> None:
    away = await world.browser.get(f"{OVERVIEW}/connections?search=x")
    assert away.status_code == 303
    assert away.headers["location"] == (
        "/dashboard/sign-in?next=%2Fdashboard%2Fin%2Fdev%2Fconnections%3Fsearch%3Dx"
    )
    form = await world.browser.get(away.headers["location"])
    assert 'value="/dashboard/in/dev/connections?search=x"' in form.text
    answer = await sign_in(world, next="/dashboard/in/dev/connections?search=x")
    assert answer.headers["location"] == "/dashboard/in/dev/connections?search=x"
    cookie = answer.headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/dashboard"):
        assert attribute in cookie
    # the tests' server is reached without TLS
    assert "Secure" not in cookie
    page = await world.browser.get(OVERVIEW)
    assert "Ada" in page.text
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (await world.browser.get("/dashboard")).headers["location"] == OVERVIEW
    assert (await world.browser.get("/dashboard/sign-in")).headers["location"] == "/dashboard"
    out = await world.browser.post("/dashboard/sign-out", data={"csrf": csrf_in(page.text)})
    assert out.headers["location"] == "/dashboard/sign-in"
    assert (await world.browser.get(OVERVIEW)).status_code == 303


def csrf_in(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.usefixtures("ada")
async def test_a_cookie_of_a_server_with_tls_is_secure(world: Any) -> None:
    from starlette.responses import Response

    from fairlead.dashboard.desk.door import Door

    door = Door(world.services.accounts, world.clock, "https://fairlead.example")
    answer: Response = door.let_in("token", "/dashboard")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.usefixtures("ada")
async def test_the_token_is_stored_hashed(world: Any) -> None:
    await sign_in(world)
    token = world.browser.cookies["fairlead_session"]
    path = world.services.settings.sqlite_path
    stored = b"".join(
        file.read_bytes() for file in path.parent.glob(path.name + "*") if file.is_file()
    )
    assert token.encode() not in stored
    assert PASSWORD.encode() not in stored


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/dashboard//x", ""])
async def test_nobody_is_sent_elsewhere(world: Any, wanted: str) -> None:
    assert (await sign_in(world, next=wanted)).headers["location"] == "/dashboard"


@pytest.mark.usefixtures("ada")
async def test_wrong_passwords_and_unknown_people_look_the_same(world: Any) -> None:
    wrong = await sign_in(world, "not the password")
    unknown = await sign_in(world, PASSWORD, email="eve@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(EMAIL, "") == unknown.text.replace("eve@example.com", "")
    assert "set-cookie" not in wrong.headers


@pytest.mark.usefixtures("ada")
async def test_too_many_attempts(world: Any) -> None:
    for _ in range(FOR_EMAIL):
        assert (await sign_in(world, "not the password")).status_code == 401
    refused = await sign_in(world)
    assert (refused.status_code, "quarter of an hour" in refused.text) == (429, True)
    world.clock.advance(timedelta(minutes=15))
    assert (await sign_in(world)).status_code == 303


@pytest.mark.usefixtures("ada")
async def test_sessions_end(world: Any) -> None:
    settings = world.services.settings
    await sign_in(world)
    world.clock.advance(timedelta(minutes=settings.sign_in_idle_minutes - 1))
    assert (await world.browser.get(OVERVIEW)).status_code == 200
    world.clock.advance(timedelta(minutes=settings.sign_in_idle_minutes - 1))
    assert (await world.browser.get(OVERVIEW)).status_code == 200
    world.clock.advance(timedelta(minutes=settings.sign_in_idle_minutes))
    assert (await world.browser.get(OVERVIEW)).status_code == 303
    await sign_in(world)
    token = world.browser.cookies["fairlead_session"]
    for _ in range(settings.sign_in_hours - 1):
        world.clock.advance(timedelta(hours=1))
        assert await world.services.accounts.who(token)
    world.clock.advance(timedelta(hours=1))
    assert (await world.browser.get(OVERVIEW)).status_code == 303
    await world.services.accounts.tidy()


async def test_a_new_password_or_role_signs_out(world: Any, ada: Any) -> None:
    accounts = world.services.accounts
    await sign_in(world)
    await accounts.change(ada.id, password="another long password")
    assert (await world.browser.get(OVERVIEW)).status_code == 303
    with pytest.raises(Unauthorized):
        await accounts.sign_in(EMAIL, PASSWORD, "127.0.0.1")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_forms_of_other_sites_are_not_listened_to(
    world: Any, headers: dict[str, str]
) -> None:
    await sign_in(world)
    csrf = csrf_in((await world.browser.get(OVERVIEW)).text)
    url = f"{OVERVIEW}/environments/create"
    form = {"name": "prod", "csrf": csrf}
    refused = await world.browser.post(url, data=form, headers=headers)
    assert (refused.status_code, "another site" in refused.text) == (403, True)
    elsewhere = await world.browser.post("/dashboard/sign-out", data=form, headers=headers)
    assert elsewhere.status_code == 403
    in_vain = await world.browser.post("/dashboard/sign-in", data=form, headers=headers)
    assert in_vain.status_code == 403
    own = {"Origin": "http://fairlead.test"}
    assert (await world.browser.post(url, data=form, headers=own)).status_code == 303


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("csrf", ["", "0" * 64, "ä"])
async def test_forms_without_what_the_session_knows(world: Any, csrf: str) -> None:
    await sign_in(world)
    answer = await world.browser.post(
        f"{OVERVIEW}/environments/create", data={"name": "prod", "csrf": csrf}
    )
    assert (answer.status_code, "earlier session" in answer.text) == (403, True)


async def test_nothing_without_signing_in(world: Any) -> None:
    from fairlead.dashboard.desk.routes import FORMS, PAGES

    for page in PAGES:
        assert (await world.browser.get(f"{OVERVIEW}/{page}".rstrip("/"))).status_code == 303
    for form in FORMS:
        answer = await world.browser.post(f"{OVERVIEW}/{form}", data={"csrf": "x"})
        assert answer.headers["location"] == "/dashboard/sign-in"
    assert (await world.browser.get(f"{OVERVIEW}/live?of={OVERVIEW}")).status_code == 401


@pytest.mark.usefixtures("ada")
async def test_no_such_environment(world: Any) -> None:
    await sign_in(world)
    answer = await world.browser.get("/dashboard/in/nowhere")
    assert (answer.status_code, "no environment" in answer.text) == (404, True)
