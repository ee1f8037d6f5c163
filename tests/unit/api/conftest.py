"""The whole application in this process, with a small vendor on a loopback port."""

import base64
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fairlead.app import Services, build_app, open_services
from fairlead.engine.queue import InlineQueue
from fairlead.errors import (
    ActionFailed,
    AdminConsentRequired,
    BadClientSecret,
    FairleadError,
    Rejected,
    Unavailable,
)
from fairlead.model.clock import ManualClock
from fairlead.model.guide import Guide, GuideSection
from fairlead.model.provider import AuthMode, ConfigField, Provider, Reply
from fairlead.sdk import (
    Batch,
    Checkpoint,
    Ctx,
    Incoming,
    Metadata,
    Pack,
    Record,
    Registry,
    SyncCtx,
)
from fairlead.sdk import Request as Outgoing
from fairlead.settings import Settings
from fairlead.store import environments
from fairlead.vault.tokens import hash_token

SECRET_KEY = "test-secret-key-0123456789"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SOURCE = "https://example.com/docs"


@dataclass
class Vendor:
    """What the vendor saw, and how it shall answer."""

    url: str = ""
    token_status: int = 200
    token_error: dict[str, Any] = field(default_factory=dict)
    token_forms: list[dict[str, str]] = field(default_factory=list)
    calls: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    #: next answers of the API: (status, headers, body)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    issued: int = 0
    server: TestServer | None = None

    async def close(self) -> None:
        assert self.server
        await self.server.close()

    async def token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.token_forms.append(form)
        if self.token_status != 200:
            return web.json_response(self.token_error, status=self.token_status)
        self.issued += 1
        return web.json_response(
            {
                "access_token": f"access-{self.issued}",
                "refresh_token": f"refresh-{self.issued}",
                "expires_in": 3600,
                "token_type": "Bearer",
            }
        )

    async def api(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(request)
        self.bodies.append(await request.read())
        if self.answers:
            status, headers, body = self.answers.pop(0)
            return web.Response(status=status, headers=headers, body=body)
        return web.json_response(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "body": self.bodies[-1].decode("latin-1"),
            }
        )

    async def big(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await answer.prepare(request)
        for _ in range(40):
            await answer.write(b"x" * 65_536)
        await answer.write_eof()
        return answer


def classify(reply: Reply) -> FairleadError:
    if b"consent_required" in reply.body:
        return AdminConsentRequired()
    if b"unknown_app" in reply.body:
        return BadClientSecret("The app is unknown.", code="unknown_client")
    if reply.status >= 500:
        return Unavailable("The vendor is down.", provider_status=reply.status)
    return Rejected(f"The vendor refused with {reply.status}.", provider_status=reply.status)


class Weight(Record):
    label: str
    size: int
    is_whole: bool


class Note(Record):
    id: str
    text: str


class Api:
    def __init__(self, send: Any) -> None:
        self.send = send


class Notes(Metadata):
    prefix: str = "n"


class Page(Checkpoint):
    number: int = 0


GUIDE = Guide(
    "You need <the app's> id.",
    (
        GuideSection(
            "find-it",
            "Find the site",
            paragraphs=("It is in the address.",),
            steps=("Look.", "Copy."),
            terms={"all": "To read all."},
            links={"More": "https://example.com/more"},
        ),
    ),
)


def make_pack(vendor: Vendor) -> Pack[Api]:
    common: dict[str, Any] = {
        "base_url": f"{vendor.url}/api",
        "authorization_url": f"{vendor.url}/authorize",
        "token_url": f"{vendor.url}/token",
        "default_scopes": ("read", "offline"),
        "classify": classify,
    }
    pack = Pack(
        "acme",
        api=lambda send, _config: Api(send),
        providers=[
            Provider(name="acme", display_name="Acme Files", auth_mode=AuthMode.OAUTH2, **common),
            Provider(
                name="acme-hosted",
                display_name="Acme Hosted",
                auth_mode=AuthMode.OAUTH2,
                docs_connect="https://example.com/connect",
                admin_consent_url=f"{vendor.url}/${{connectionConfig.site}}/admin",
                admin_consent_params={"scope": "all"},
                connection_config={
                    "site": ConfigField(
                        "Site name", "The first part of your address.", r"[a-z]+", "contoso"
                    ),
                    "nick": ConfigField("Nickname", required=False),
                },
                **common,
            ),
            Provider(
                name="acme-key",
                display_name="Acme Key",
                auth_mode=AuthMode.API_KEY,
                base_url=f"{vendor.url}/api",
            ),
            Provider(
                name="acme-app",
                display_name="Acme App",
                auth_mode=AuthMode.OAUTH2_CC,
                base_url=f"{vendor.url}/api",
                token_url=f"{vendor.url}/token",
                default_scopes=("all",),
                admin_consent_url=f"{vendor.url}/${{connectionConfig.site}}/admin",
                connection_config={
                    "site": ConfigField("Site name", "", r"[a-z]+", "contoso", section="find-it")
                },
                guide=GUIDE,
                classify=classify,
            ),
            Provider(
                name="acme-basic",
                display_name="Acme Basic",
                auth_mode=AuthMode.BASIC,
                base_url=f"{vendor.url}/api",
            ),
            Provider(
                name="acme-open",
                display_name="Acme Open",
                auth_mode=AuthMode.NONE,
                base_url=f"{vendor.url}/api",
            ),
            Provider(
                name="acme-steps",
                display_name="Acme Steps",
                auth_mode=AuthMode.TWO_STEP,
                base_url=f"{vendor.url}/api",
            ),
            Provider(
                name="acme-login",
                display_name="Acme Login",
                auth_mode=AuthMode.TWO_STEP,
                base_url=f"{vendor.url}/api",
                token_url=f"{vendor.url}/token",
                token_params={"user": "${credentials.user}", "pass": "${credentials.pass}"},
                credential_fields={
                    "user": ConfigField("User", pattern="[a-z]+", example="ada"),
                    "pass": ConfigField("Password", secret=True),
                },
                classify=classify,
            ),
        ],
    )

    @pack.action(scopes=["read"], source=SOURCE)
    async def shout(ctx: Ctx[Api], text: str, times: int = 1) -> Note:
        """Shout a text."""
        if text == "refuse":
            raise ActionFailed("I will not shout that.")
        if text == "crash":
            raise ZeroDivisionError(text)
        if text == "vendor":
            async with await ctx.api.send(Outgoing(url="/x")) as answer:
                raise Rejected(
                    "The vendor refused.",
                    provider_status=answer.status,
                    body='{"why":"because"}',
                    request_id="r-1",
                )
        return Note(id="1", text=text.upper() * times)

    @pack.action(scopes=["read"], source=SOURCE)
    async def weigh(ctx: Ctx[Api], content: Incoming, label: str = "") -> Weight:
        """Say how much there is."""
        size = 0
        async for chunk in content.stream():
            size += len(chunk)
        return Weight(label=label, size=size, is_whole=content.is_whole)

    @pack.sync(every="1h", scopes=["read"], source=SOURCE, auto_start=False)
    async def notes(ctx: SyncCtx[Api, Notes, Page]) -> AsyncIterator[Batch[Note]]:
        """Mirror three notes, the third of which goes in the second run."""
        number = ctx.checkpoint.number + 1
        ids = ["1", "2", "3"] if number == 1 else ["1"]
        gone = [] if number == 1 else [f"{ctx.metadata.prefix}3"]
        yield Batch(
            upsert=[Note(id=f"{ctx.metadata.prefix}{i}", text=f"{i}/{number}") for i in ids],
            delete=gone,
            checkpoint=Page(number=number),
        )

    return pack


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/token", vendor.token)
    app.router.add_get("/api/big", vendor.big)
    app.router.add_route("*", "/api/{rest:.*}", vendor.api)
    async with TestServer(app) as server:
        vendor.server = server
        vendor.url = str(server.make_url("")).rstrip("/")
        yield vendor


@dataclass
class World:
    """A running application and ways to talk to it."""

    services: Services
    client: httpx.AsyncClient
    #: a browser: no key, keeps cookies
    browser: httpx.AsyncClient
    vendor: Vendor
    clock: ManualClock
    queue: InlineQueue

    async def integration(self, key: str = "acme", provider: str = "acme", **more: Any) -> None:
        credentials = {"type": "OAUTH2", "client_id": "client-1", "client_secret": "hush-1"}
        body = {"provider": provider, "unique_key": key, "credentials": credentials} | more
        answer = await self.client.post("/integrations", json=body)
        assert answer.status_code == 200, answer.text

    async def plain_integration(self, kind: str) -> None:
        """Create the integration `kind` of the provider `acme-kind`, without credentials."""
        body = {"provider": f"acme-{kind}", "unique_key": kind}
        answer = await self.client.post("/integrations", json=body)
        assert answer.status_code == 200, answer.text

    async def connection(
        self, name: str = "c1", key: str = "acme", *, lifetime: int = 3600, **more: Any
    ) -> dict[str, Any]:
        expires_at = (self.clock.now() + timedelta(seconds=lifetime)).isoformat()
        body = {
            "provider_config_key": key,
            "connection_id": name,
            "credentials": {
                "type": "OAUTH2",
                "access_token": "access-0",
                "refresh_token": "refresh-0",
                "expires_at": expires_at,
            },
        } | more
        answer = await self.client.post("/connections", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def session(self, **more: Any) -> str:
        body = {"end_user": {"id": "u1", "display_name": "Ada"}} | more
        answer = await self.client.post("/connect/sessions", json=body)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["data"]["token"]
        return token

    async def server_key(self) -> str:
        """Make a key that may do things to the whole server, as the command line can."""
        key = "fl_of_the_whole_server"
        async with self.services.db.write() as tx:
            where = (await environments.list_all(tx))[0]
            await environments.add_key(
                tx,
                environment_id=where.id,
                name="server",
                key_hash=hash_token(key),
                scopes=["environment:*", "server:*"],
                now=self.clock.now(),
            )
        return key

    async def depart(self, key: str = "acme", token: str | None = None, **query: str) -> str:
        """Begin a trip as a browser; return its state."""
        token = token or await self.session()
        answer = await self.browser.get(
            f"/oauth/connect/{key}", params={"connect_session_token": token} | query
        )
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    async def land(self, state: str, **query: str) -> httpx.Response:
        """Come back from the vendor."""
        return await self.browser.get("/oauth/callback", params={"state": state} | query)


def error_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the error of an answer, after looking that it is one as promised."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["who"] in {"caller", "operator", "end user", "vendor", "author", "us"}
    assert error["docs"].startswith("https://")
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    assert SECRET_KEY not in answer.text
    return error


Check = Callable[[httpx.Response, int, str], dict[str, Any]]


@pytest.fixture
def check() -> Check:
    return error_of


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path, vendor: Vendor) -> AsyncIterator[World]:
    path = tmp_path / "fairlead.sqlite"
    shutil.copyfile(sqlite_template, path)
    settings = Settings(
        database_url=f"sqlite:///{path}",
        encryption_key=ENCRYPTION_KEY,
        secret_key=SECRET_KEY,
        server_url="http://fairlead.test",
    )
    clock, queue = ManualClock(NOW), InlineQueue()
    registry = Registry([make_pack(vendor)])
    async with open_services(settings, clock=clock, registry=registry, queue=queue) as services:
        transport = httpx.ASGITransport(build_app(services), raise_app_exceptions=False)
        key = {"Authorization": f"Bearer {SECRET_KEY}"}
        base = "http://fairlead.test"
        async with (
            httpx.AsyncClient(transport=transport, base_url=base, headers=key) as client,
            httpx.AsyncClient(transport=transport, base_url=base) as browser,
        ):
            yield World(services, client, browser, vendor, clock, queue)
