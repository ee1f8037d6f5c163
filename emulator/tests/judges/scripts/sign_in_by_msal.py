"""MSAL: an app by secret and by certificate, and a person who clicks through the sign-in."""

from __future__ import annotations

from urllib.parse import parse_qsl, urljoin, urlsplit

import msal
import requests
from bs4 import BeautifulSoup
from judge import say, told

GRAPH = "https://graph.microsoft.com"


def app(client_id, credential, tenant):
    authority = f"https://login.microsoftonline.com/{tenant}"
    return msal.ConfidentialClientApplication(
        client_id, client_credential=credential, authority=authority
    )


def for_itself(client_id, credential, tenant, resource=GRAPH):
    return app(client_id, credential, tenant).acquire_token_for_client([f"{resource}/.default"])


def click(browser, response, **choice):
    """Submit the page's form with a choice made."""
    form = BeautifulSoup(response.text, "html.parser").find("form")
    fields = {
        field["name"]: field.get("value", "")
        for field in form.find_all("input", {"type": "hidden"})
    }
    address = urljoin(response.url, form.get("action") or "")
    return browser.post(address, data=fields | choice, allow_redirects=False)


def query_of(response):
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def by_hand(known, upn, scopes):
    """Sign a person in as a browser would, and return the app, its answer and the pages' titles."""
    client = app(known["web_client_id"], known["web_client_secret"], "organizations")
    flow = client.initiate_auth_code_flow(scopes, redirect_uri=known["redirect_uri"])
    browser = requests.Session()
    page = browser.get(flow["auth_uri"], allow_redirects=False)
    titles = []
    for choice in ({"account": upn}, {"decision": "accept"}):
        if page.status_code == 200:
            titles.append(BeautifulSoup(page.text, "html.parser").title.text)
            page = click(browser, page, **choice)
    return client, client.acquire_token_by_auth_code_flow(flow, query_of(page)), titles


def cancelled(known):
    client = app(known["web_client_id"], known["web_client_secret"], "organizations")
    flow = client.initiate_auth_code_flow(["User.Read"], redirect_uri=known["redirect_uri"])
    browser = requests.Session()
    page = click(browser, browser.get(flow["auth_uri"]), action="cancel")
    return client.acquire_token_by_auth_code_flow(flow, query_of(page))


def main():
    known = told()
    ids = known["client_id"]
    tenant = known["tenant_id"]
    secret = known["client_secret"]
    by_thumbprint = {"private_key": known["private_key"], "thumbprint": known["thumbprint"]}
    by_certificate = {
        "private_key": known["private_key"],
        "public_certificate": known["certificate"],
    }
    alone = app(ids, secret, tenant)
    first = alone.acquire_token_for_client([f"{GRAPH}/.default"])
    again = alone.acquire_token_for_client([f"{GRAPH}/.default"])
    sharepoint = "https://contoso.sharepoint.com"

    client, person, titles = by_hand(known, known["upn"], ["Sites.Read.All", "User.Read"])
    (account,) = client.get_accounts()
    silent = client.acquire_token_silent(["Sites.Read.All", "User.Read"], account)
    renewed = client.acquire_token_silent(
        ["Sites.Read.All", "User.Read"], account, force_refresh=True
    )
    other = client.acquire_token_silent([f"{sharepoint}/AllSites.Read"], account)
    _, second, second_titles = by_hand(known, known["upn"], ["Sites.Read.All", "User.Read"])
    me = requests.get(
        f"{GRAPH}/v1.0/me", headers={"Authorization": f"Bearer {renewed['access_token']}"}
    ).json()
    say(
        secret=first,
        cached=again,
        by_domain=for_itself(ids, secret, known["domain"]),
        thumbprint=for_itself(ids, by_thumbprint, tenant),
        certificate=for_itself(ids, by_certificate, tenant),
        sharepoint=for_itself(ids, by_certificate, tenant, sharepoint),
        wrong_secret=for_itself(ids, "not the secret", tenant),
        expired_secret=for_itself(*known["expired"], tenant),
        no_such_app=for_itself("11111111-2222-3333-4444-555555555555", secret, tenant),
        person=person,
        titles=titles,
        account=account,
        silent=silent,
        renewed=renewed,
        other=other,
        second=second,
        second_titles=second_titles,
        cancelled=cancelled(known),
        me=me,
    )


main()
