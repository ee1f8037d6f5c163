"""MSAL, azure-identity and msgraph-sdk: a device that waits, and access that ends before its time."""

from __future__ import annotations

import asyncio
import json
import urllib.request

import msal
from azure.identity import DeviceCodeCredential
from device import SCOPES, sign_in
from judge import say, told
from msgraph import GraphServiceClient


def by_msal(known):
    app = msal.PublicClientApplication(
        known["public_client_id"], authority="https://login.microsoftonline.com/organizations"
    )
    titles = []
    flow = app.initiate_device_flow(SCOPES)
    flow["expires_at"] = 0  # asks once and does not wait
    pending = app.acquire_token_by_device_flow(flow)
    sign_in(flow["verification_uri"], flow["user_code"], known["upn"], titles)
    person = app.acquire_token_by_device_flow(flow)
    again = app.acquire_token_by_device_flow(flow)
    declined = app.initiate_device_flow(SCOPES)
    sign_in(
        declined["verification_uri"], declined["user_code"], known["upn"], titles, accepts=False
    )
    return {
        "message": flow["message"],
        "user_code": flow["user_code"],
        "pending": pending,
        "person": person,
        "again": again,
        "declined": app.acquire_token_by_device_flow(declined),
        "titles": titles,
        "silent": app.acquire_token_silent(SCOPES, app.get_accounts()[0], force_refresh=True),
    }, app


def switch(known, path, **body):
    """Change the state of the cloud behind the client's back."""
    request = urllib.request.Request(
        f"{known['control_url']}/_m365sim/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


async def by_azure_identity(known):
    """Read a profile, lose access in three ways, and go on each time."""
    titles = []
    seen = []

    def ask(address, code, expires_on):
        sign_in(address, code, known["upn"], titles)

    credential = DeviceCodeCredential(
        client_id=known["public_client_id"], tenant_id=known["tenant_id"], prompt_callback=ask
    )
    token = credential.get_token("https://graph.microsoft.com/User.Read", enable_cae=True)
    graph = GraphServiceClient(credential, ["https://graph.microsoft.com/User.Read"])
    user = f"users/{known['upn']}"
    for change in ({}, {"revokeSessions": True}, {"mfaRequired": True}):
        switch(known, user, **change)
        me = await graph.me.get()
        seen.append(me.user_principal_name)
    return {"seen": seen, "titles": titles, "token": token.token}


def refused(known, app):
    """Refresh while a policy forbids it, and see what MSAL makes of the answer."""
    switch(known, "policies", control="compliant_device", id=known["policy_id"])
    account = app.get_accounts()[0]
    return app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)


def main():
    known = told()
    msal_said, app = by_msal(known)
    azure_said = asyncio.run(by_azure_identity(known))
    switch(known, f"users/{known['upn']}", mfaRequired=False)
    revoked = app.acquire_token_silent_with_error(SCOPES, app.get_accounts()[0], force_refresh=True)
    by_msal_again, app = by_msal(known)
    say(
        msal=msal_said,
        azure=azure_said,
        revoked=revoked,
        again=by_msal_again["titles"],
        refused=refused(known, app),
    )


main()
