from __future__ import annotations

import base64
import json

import pytest

from m365sim.entra.contoso import PUBLIC_APP_ID, TENANT_ID

pytestmark = pytest.mark.judges

POLICY = "4d1c2b5e-0000-4000-8000-00000000ca01"
MEGAN = "megan@contoso.onmicrosoft.com"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_device_codes_and_lost_access(internet, judge, not_modelled):
    said = await judge(
        "sign_in_by_device.py",
        public_client_id=PUBLIC_APP_ID,
        upn=MEGAN,
        control_url=internet.control_url,
        policy_id=POLICY,
    )

    msal = said["msal"]
    assert msal["message"].endswith(f"enter the code {msal['user_code']} to authenticate.")
    assert msal["pending"]["error"] == "authorization_pending"
    assert claims(msal["person"]["access_token"])["upn"] == MEGAN
    assert claims(msal["person"]["access_token"])["appidacr"] == "0"
    assert msal["again"]["error"] == "bad_verification_code"
    assert msal["declined"]["error"] == "authorization_declined"
    assert msal["silent"]["token_source"] == "identity_provider"
    assert msal["titles"] == [
        "Pick an account",
        "Permissions requested",
        "Signed in",
        "Pick an account",
        "Are you trying to sign in?",
        "Not signed in",
    ]

    azure = said["azure"]
    assert claims(azure["token"])["xms_cc"] == ["CP1"]
    assert claims(azure["token"])["tid"] == TENANT_ID
    assert azure["seen"] == [MEGAN] * 3
    once = ["Pick an account", "Are you trying to sign in?", "Signed in"]
    with_a_factor = [once[0], "Approve sign in request", *once[1:]]
    # At first; when the sessions were revoked; when a second factor was asked for.
    assert azure["titles"] == [*once, *once, *with_a_factor]

    assert (said["revoked"]["error"], said["revoked"]["error_codes"]) == ("invalid_grant", [50173])
    refused = said["refused"]
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [53000])
    assert refused["suberror"] == "additional_action"
    assert json.loads(refused["claims"])["access_token"]["capolids"]["values"] == [POLICY]
    assert not_modelled() == set()
