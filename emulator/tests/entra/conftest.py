"""A world with a clock that stands still, and a browser and an app that use its login host."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from random import Random
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt

from m365sim.clock import VirtualClock
from m365sim.entra.app import entra_app
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS, PUBLIC_APP_ID, WEB_APP_ID, contoso
from m365sim.entra.keys import signing_key
from m365sim.faults import FaultScript
from m365sim.files import Content
from m365sim.graph.quirks import Quirks
from m365sim.sign_in_rules import Policy
from m365sim.tenant import Tenant, User
from m365sim.world import Urls, World

REDIRECT = DEFAULT_REDIRECT_URIS[0]
SECRET = "fairlead-secret~for-tests-only"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


@pytest.fixture
def world() -> World:
    clock = VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    rng = Random(7)
    directory, tenant = contoso(clock.now(), DEFAULT_REDIRECT_URIS)
    return World(
        clock=clock,
        urls=Urls(),
        directory=directory,
        tenant=tenant,
        rng=rng,
        content=Content(clock=clock, rng=rng, tenant=tenant),
        faults=FaultScript(),
        quirks=Quirks(),
    )


@pytest.fixture
def fabrikam(world: World) -> Tenant:
    """A second tenant, with one user: Fred."""
    tenant = world.directory.add_tenant(
        Tenant(
            "11111111-2222-4333-8444-555555555555",
            "fabrikam",
            "fabrikam.onmicrosoft.com",
            "Fabrikam",
        )
    )
    world.directory.add_user(
        User(
            "fred-id",
            tenant.id,
            "fred@fabrikam.onmicrosoft.com",
            "Fred Fox",
            "Fred-pass-1",
            "f@f.example",
        )
    )
    return tenant


@dataclass
class Browser:
    """A browser on the login host that follows forms, but never leaves it."""

    http: httpx.AsyncClient
    world: World
    last: httpx.Response = field(init=False)

    async def authorize(
        self, path: str = "organizations", *, v1: bool = False, **params: Any
    ) -> httpx.Response:
        query = {
            "client_id": WEB_APP_ID,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "Sites.Read.All offline_access openid",
            "state": "xyz",
            **params,
        }
        query = {k: v for k, v in query.items() if v is not None}
        endpoint = "oauth2/authorize" if v1 else "oauth2/v2.0/authorize"
        return await self.open(f"/{path}/{endpoint}?{urlencode(query)}")

    async def open(self, url: str) -> httpx.Response:
        self.last = await self.http.get(url)
        return self.last

    async def submit(self, **fields: str) -> httpx.Response:
        """Post the form on the page that has the first of the fields, with its value if it can."""
        forms = re.findall(
            r"<form method=\"post\" action=\"([^\"]+)\"(.*?)</form>", self.last.text, re.DOTALL
        )
        name, value = next(iter(fields.items()))
        for wanted in (f'name="{name}" value="{value}"', f'name="{name}"'):
            for action, inside in forms:
                if wanted in inside:
                    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', inside)
                    self.last = await self.http.post(
                        unescape(action), data={**dict(hidden), **fields}
                    )
                    return self.last
        raise AssertionError(f"no form with {name} on the page:\n{self.last.text}")

    async def pick(self, name: str) -> httpx.Response:
        return await self.submit(account=f"{name}@contoso.onmicrosoft.com")

    async def code(self, name: str = "megan", path: str = "organizations", **params: Any) -> str:
        """Sign in, accept, and return the code."""
        response = await self.authorize(path, **params)
        if response.status_code == 200 and "Pick an account" in response.text:
            response = await self.pick(name)
        if response.status_code == 200:
            response = await self.submit(decision="accept")
        return dict(parse_qsl(urlsplit(response.headers["location"]).query))["code"]

    async def token(
        self,
        path: str = "organizations",
        *,
        v1: bool = False,
        origin: str | None = None,
        **form: Any,
    ) -> httpx.Response:
        """Post to the token endpoint as the web app; from a page of an origin, if one is given."""
        fields = {"client_id": WEB_APP_ID, "client_secret": SECRET, **form}
        fields = {k: v for k, v in fields.items() if v is not None}
        endpoint = "oauth2/token" if v1 else "oauth2/v2.0/token"
        headers = {"Origin": origin} if origin else {}
        return await self.http.post(f"/{path}/{endpoint}", data=fields, headers=headers)

    async def signed_in(self, name: str = "megan", **params: Any) -> dict[str, Any]:
        """Sign in, accept, redeem, and return the tokens."""
        response = await self.redeem(await self.code(name, **params))
        assert response.status_code == 200, response.text
        return response.json()

    async def device(self, **form: Any) -> dict[str, Any]:
        """Ask for a device code as the terminal's app."""
        fields = {"client_id": PUBLIC_APP_ID, "scope": "Sites.Read.All offline_access", **form}
        response = await self.http.post("/organizations/oauth2/v2.0/devicecode", data=fields)
        assert response.status_code == 200, response.text
        return response.json()

    async def poll(self, device_code: str, **form: Any) -> httpx.Response:
        return await self.token(
            **{
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "device_code": device_code,
                "client_id": PUBLIC_APP_ID,
                "client_secret": None,
                **form,
            }
        )

    async def type_in(self, user_code: str) -> httpx.Response:
        await self.open("/common/oauth2/deviceauth")
        return await self.submit(code=user_code)

    async def redeem(self, code: str, path: str = "organizations", **form: Any) -> httpx.Response:
        return await self.token(
            path,
            **{"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **form},
        )

    async def refresh(
        self, refresh_token: str, path: str = "organizations", **form: Any
    ) -> httpx.Response:
        return await self.token(
            path, grant_type="refresh_token", refresh_token=refresh_token, **form
        )


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(entra_app(world))
    async with httpx.AsyncClient(transport=transport, base_url=world.urls.login) as http:
        yield Browser(http, world)


def answer(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect carries back to the app."""
    assert response.status_code == 302, response.text
    location = response.headers["location"]
    assert location.startswith(REDIRECT)
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))


def refusal(response: httpx.Response, status: int = 400) -> tuple[int, str]:
    """Return number and OAuth error of a token endpoint's refusal, after checking its shape."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) >= {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    (number,) = body["error_codes"]
    lines = body["error_description"].split("\r\n")
    assert lines[0].startswith(f"AADSTS{number}: ")
    assert lines[1:] == [
        f"Trace ID: {body['trace_id']}",
        f"Correlation ID: {body['correlation_id']}",
        f"Timestamp: {body['timestamp']}",
    ]
    assert parse_qs(urlsplit(body["error_uri"]).query) == {"code": [str(number)]}
    return number, body["error"]


def on_page(response: httpx.Response, number: int) -> None:
    """Check that a refusal is shown to the person and sent nowhere."""
    assert response.status_code == 400
    assert "location" not in response.headers
    assert f"AADSTS{number}" in response.text


def claims(token: str) -> dict[str, Any]:
    """Return what stands in a token, after checking who signed it."""
    return dict(jwt.decode(token, signing_key().key, algorithms=["RS256"]).claims)


@pytest.fixture
def megan(world: World) -> User:
    return world.directory.user_by_upn("megan@contoso.onmicrosoft.com")


@pytest.fixture
def policy(world: World) -> Any:
    """Put a policy in force: what it asks for, and on what."""

    def put(control: str | None = None, **more: Any) -> Policy:
        found = {"id": "4d1c2b5e-0000-4000-8000-00000000ca01", "name": "test", **more}
        return world.directory.add_policy(
            Policy(tenant_id=world.tenant.id, control=control, **found)
        )

    return put


@pytest.fixture(name="claims")
def _claims() -> Any:
    return claims


@pytest.fixture(name="answer")
def _answer() -> Any:
    return answer


@pytest.fixture(name="refusal")
def _refusal() -> Any:
    return refusal


@pytest.fixture(name="on_page")
def _on_page() -> Any:
    return on_page
