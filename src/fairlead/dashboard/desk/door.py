"""The door: sign in, sign out, the first account; who is let in, and whose form it is.

A form is ours if it carries what only this session's pages know, and if the browser says that it
comes from here (Origin, or Sec-Fetch-Site where there is none:
https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header).
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fairlead.dashboard.desk.drawing import page
from fairlead.errors import FairleadError, Forbidden
from fairlead.model.clock import Clock
from fairlead.model.person import Person
from fairlead.people.accounts import Accounts
from fairlead.vault.tokens import same_token

SESSION = "fairlead_session"
ROOT = "/dashboard"
SIGN_IN, SET_UP = f"{ROOT}/sign-in", f"{ROOT}/set-up"


def csrf_of(token: str) -> str:
    """Return what the forms of a session carry."""
    return hmac.new(token.encode(), b"forms", hashlib.sha256).hexdigest()


def check_origin(request: Request, server_url: str) -> None:
    """Raise Forbidden for a form that another site sent."""
    origin = request.headers.get("origin")
    if origin is not None:
        own = {_origin(server_url), _origin(str(request.base_url))}
        is_own = _origin(origin) in own
    else:
        is_own = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    if not is_own:
        raise Forbidden("This form was sent from another site; open the dashboard and try again.")


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def check_csrf(token: str, form: Mapping[str, str]) -> None:
    """Raise Forbidden for a form that no page of this session made."""
    if not same_token(csrf_of(token), form.get("csrf", "")):
        raise Forbidden("This form is of an earlier session; open the page anew and try again.")


def safe_next(wanted: str) -> str:
    """Return where to go after signing in: a page of the dashboard, whatever was asked for."""
    is_ours = wanted.startswith(f"{ROOT}/") and not set("\\\r\n") & set(wanted)
    return wanted if is_ours and "//" not in wanted else ROOT


class Door:
    """Lets people in."""

    def __init__(self, accounts: Accounts, clock: Clock, server_url: str) -> None:
        self._accounts = accounts
        self._clock = clock
        self._server_url = server_url
        #: name of the identity provider, None = there is none
        self.provider: str | None = None

    async def who(self, request: Request) -> tuple[Person, str] | None:
        """Return who is signed in, and the session's token."""
        token = request.cookies.get(SESSION, "")
        person = await self._accounts.who(token) if token else None
        return (person, token) if person else None

    def turn_away(self, request: Request) -> Response:
        """Send a browser to the sign-in page, from where it comes back."""
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        suffix = f"?next={quote(wanted, safe='')}" if request.method == "GET" else ""
        return RedirectResponse(SIGN_IN + suffix, 303)

    def let_in(self, token: str, where: str) -> Response:
        """Send a browser on, signed in."""
        answer = RedirectResponse(where, 303)
        answer.set_cookie(
            SESSION,
            token,
            path=ROOT,
            httponly=True,
            samesite="lax",
            secure=self._server_url.startswith("https:"),
        )
        return answer

    async def sign_in_page(self, request: Request) -> Response:
        """Draw the form."""
        if await self.who(request):
            return RedirectResponse(ROOT, 303)
        return await self._form(request.query_params.get("next", ""))

    async def _form(
        self, wanted: str, email: str = "", alert: str = "", status: int = 200
    ) -> Response:
        return page(
            "desk/sign_in.html",
            status,
            self._clock.now(),
            wanted=wanted,
            email=email,
            alert=alert,
            is_new=await self._accounts.is_new(),
            provider=self.provider,
        )

    async def sign_in(self, request: Request) -> Response:
        """Take e-mail and password."""
        check_origin(request, self._server_url)
        form = await _fields(request)
        wanted, email = form.get("next", ""), form.get("email", "")
        address = request.client.host if request.client else ""
        try:
            _, token = await self._accounts.sign_in(email, form.get("password", ""), address)
        except FairleadError as error:
            return await self._form(wanted, email, error.message, error.status)
        return self.let_in(token, safe_next(wanted))

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        check_origin(request, self._server_url)
        token = request.cookies.get(SESSION, "")
        check_csrf(token, await _fields(request))
        await self._accounts.sign_out(token)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(SESSION, path=ROOT)
        return answer

    async def set_up_page(self, request: Request) -> Response:
        """Draw the form for the first account."""
        return await self._set_up_form({"token": request.query_params.get("token", "")})

    async def _set_up_form(
        self, form: Mapping[str, str], alert: str = "", status: int = 200
    ) -> Response:
        return page(
            "desk/set_up.html",
            status,
            self._clock.now(),
            form={name: form.get(name, "") for name in ("token", "email", "name")},
            alert=alert,
            is_new=await self._accounts.is_new(),
        )

    async def set_up(self, request: Request) -> Response:
        """Make the first account, and let its person in."""
        check_origin(request, self._server_url)
        form = await _fields(request)
        try:
            person = await self._accounts.set_up(
                form.get("token", ""),
                email=form.get("email", ""),
                name=form.get("name", ""),
                password=form.get("password", ""),
            )
        except FairleadError as error:
            return await self._set_up_form(form, error.message, error.status)
        token = await self._accounts.open_session(person, "signed in")
        return self.let_in(token, ROOT)


async def _fields(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


#: what answers a request
Endpoint = Callable[[Request], Awaitable[Response]]
