"""`prompt` and `login_hint`: whether somebody is asked, and who."""

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID

GRAPH = "https://graph.microsoft.com"


async def test_prompt_login_asks_again(browser):
    await browser.code()
    assert "Pick an account" in (await browser.authorize(prompt="login")).text


async def test_prompt_select_account_shows_who_is_signed_in(browser, answer):
    await browser.code()
    page = await browser.authorize(prompt="select_account")
    assert "Pick an account" in page.text
    assert "signed in<" in page.text
    assert answer(await browser.pick("megan"))["code"]


async def test_prompt_consent_asks_again(browser):
    await browser.code()
    page = await browser.authorize(prompt="consent")
    assert "Permissions requested" in page.text
    assert "Read items in all site collections" in page.text


async def test_prompt_consent_shuts_out_who_may_not_consent(browser, world, answer):
    world.directory.grant(TENANT_ID, WEB_APP_ID, "graph", frozenset({"Sites.Read.All"}))
    await browser.authorize()
    assert answer(await browser.pick("adele"))["code"]
    assert "Need admin approval" in (await browser.authorize(prompt="consent")).text


async def test_prompt_blank_is_prompt_omitted(browser, answer):
    await browser.code()
    assert answer(await browser.authorize(prompt=""))["code"]


async def test_prompt_none_succeeds_silently(browser, answer):
    await browser.code()
    assert answer(await browser.authorize(prompt="none"))["code"]


async def test_prompt_none_without_a_session(browser, answer):
    back = answer(await browser.authorize(prompt="none"))
    assert back["error"] == "login_required"
    assert back["error_description"].startswith("AADSTS50058:")


async def test_prompt_none_with_consent_missing(browser, answer):
    await browser.code()
    back = answer(await browser.authorize(prompt="none", scope="Files.Read"))
    assert back["error"] == "interaction_required"
    assert back["error_description"].startswith("AADSTS65001:")


async def test_prompt_none_with_two_people_signed_in(browser, answer):
    await browser.code()
    await browser.authorize(prompt="login")
    await browser.pick("alex")
    back = answer(await browser.authorize(prompt="none"))
    assert back["error"] == "interaction_required"
    assert back["error_description"].startswith("AADSTS16000:")
    hinted = await browser.authorize(prompt="none", login_hint="megan@contoso.onmicrosoft.com")
    assert answer(hinted)["code"]


async def test_with_two_people_signed_in_the_picker_is_shown(browser):
    await browser.code()
    await browser.authorize(prompt="login")
    await browser.pick("alex")
    assert "Pick an account" in (await browser.authorize()).text


async def test_login_hint_fills_in_the_name(browser):
    page = await browser.authorize(login_hint="megan@contoso.onmicrosoft.com")
    assert 'value="megan@contoso.onmicrosoft.com"' in page.text
    assert "<details open>" in page.text


async def test_login_hint_of_somebody_else_does_not_use_the_session(browser):
    await browser.code()
    page = await browser.authorize(login_hint="alex@contoso.onmicrosoft.com")
    assert "Pick an account" in page.text


async def test_an_unknown_prompt_is_refused(browser, answer):
    back = answer(await browser.authorize(prompt="admin_consent"))
    assert back["error"] == "invalid_request"
    assert back["error_description"].startswith("AADSTS90023:")
