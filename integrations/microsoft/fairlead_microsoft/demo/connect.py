"""Connecting: the authorization-code flow, walked as a person's browser walks it."""

from urllib.parse import parse_qs, urljoin, urlsplit

from fairlead_microsoft.demo.browser import Browser, Page
from fairlead_microsoft.demo.failure import StepFailed
from fairlead_microsoft.demo.show import Screen
from fairlead_microsoft.demo.tenant import Tenant

#: characters of a long random value that are shown
_SHOWN = 10
#: parameters of the authorize URL worth a look
_PARAMETERS = ("response_type", "scope", "state", "code_challenge", "code_challenge_method")


async def connect(
    screen: Screen, tenant: Tenant, connect_link: str, integration: str, token: str
) -> None:
    """Open the connect link, sign in, agree, and come back; StepFailed if that did not connect."""
    browser = Browser()
    try:
        page = await _leave_for_sign_in(browser, connect_link, integration, token)
        _show_authorize(screen, page)
        page = await _sign_in(screen, browser, page, tenant)
        page = await _consent(screen, browser, page, tenant)
        _show_return(screen, page)
    finally:
        await browser.close()


async def _leave_for_sign_in(browser: Browser, link: str, integration: str, token: str) -> Page:
    """Open the platform's connect page and press its button for the integration."""
    page = await browser.open(link)
    target = f"/oauth/connect/{integration}"
    address = next((url for url in page.links if target in url), None)
    form = next((form for form in page.forms if target in form.action), None)
    if page.status == 200 and form is not None:
        query = "&".join(f"{name}={value}" for name, value in form.fields.items())
        joint = "&" if "?" in form.action else "?"
        address = f"{form.action}{joint}{query}" if query else form.action
    if address is None:
        address = f"{target}?connect_session_token={token}"
    return await browser.open(urljoin(link, address))


def _show_authorize(screen: Screen, page: Page) -> None:
    # The first redirect is the platform's own; the sign-in host may add hops of its own.
    query = next((found for hop in page.hops if (found := _query(hop)).get("code_challenge")), None)
    if query is None:
        raise StepFailed(f"the platform did not send the browser to sign in, but to {page.url}")
    where = urlsplit(next(hop for hop in page.hops if "code_challenge=" in hop))
    screen.say(f"the browser is sent to [cyan]{where.scheme}://{where.netloc}{where.path}[/] with")
    for name in _PARAMETERS:
        screen.say(f"   [dim]{name:22}[/] {_shortened(name, query.get(name, ''))}")


async def _sign_in(screen: Screen, browser: Browser, page: Page, tenant: Tenant) -> Page:
    form = page.form_with_field("password")
    if form is None:
        raise StepFailed(f"expected a sign-in page at {page.url}, found '{page.heading}'")
    screen.say(f"page [italic]{page.heading}[/]: {tenant.person} signs in as {tenant.upn}")
    return await browser.submit(page, form, username=tenant.upn, password=tenant.password)


async def _consent(screen: Screen, browser: Browser, page: Page, tenant: Tenant) -> Page:
    form = page.form_with_button("decision", "accept")
    if form is None:
        raise StepFailed(f"expected a consent page at {page.url}, found '{page.heading}'")
    asked = [text for text in page.bold if text and text != "fairlead"]
    screen.say(f"page [italic]{page.heading}[/]: {tenant.person} accepts")
    for text in asked:
        screen.say(f"   [dim]·[/] {text}")
    return await browser.submit(page, form, decision="accept")


def _show_return(screen: Screen, page: Page) -> None:
    callback = next((hop for hop in page.hops if "/oauth/callback" in hop), page.url)
    query = _query(callback)
    if page.status >= 400 or "code" not in query:
        reason = query.get("error_description") or page.heading or f"status {page.status}"
        raise StepFailed(f"the browser came back without a connection: {reason}")
    where = urlsplit(callback)
    screen.say(
        f"the browser comes back to [cyan]{where.scheme}://{where.netloc}{where.path}[/] with "
        f"code {query['code'][:_SHOWN]}... and the same state; the platform exchanges the code"
    )


def _query(url: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


def _shortened(name: str, value: str) -> str:
    if name in ("state", "code_challenge") and len(value) > _SHOWN:
        return f"{value[:_SHOWN]}... ({len(value)} characters)"
    return value.replace("offline_access", "[bold]offline_access[/]")
