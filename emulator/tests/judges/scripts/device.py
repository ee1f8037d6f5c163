"""What somebody does in a browser when a device waits for them."""

from __future__ import annotations

from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup

SCOPES = ["User.Read", "Sites.Read.All"]


def click(browser, page, **choice):
    """Submit the page's first form with a choice made."""
    form = BeautifulSoup(page.text, "html.parser").find("form")
    fields = {
        field["name"]: field.get("value", "")
        for field in form.find_all("input", {"type": "hidden"})
    }
    return browser.post(urljoin(page.url, form.get("action")), data=fields | choice)


def sign_in(address, code, upn, titles, *, accepts=True):
    """Do what the message says, in a browser of one's own."""
    browser = requests.Session()
    page = click(browser, browser.get(address), code=code)
    choices = {
        "Pick an account": {"account": upn},
        "Approve sign in request": {"decision": "approve"},
        "Permissions requested": {"decision": "accept" if accepts else "cancel"},
        "Are you trying to sign in?": {"decision": "accept" if accepts else "cancel"},
    }
    while True:
        title = BeautifulSoup(page.text, "html.parser").title.text.partition(" · ")[0]
        titles.append(title)
        if title not in choices:
            return
        page = click(browser, page, **choices[title])
