from __future__ import annotations

import base64
import json

import pytest

from m365sim.entra.contoso import EXPIRED_APP_ID, TENANT_ID, WEB_APP_ID

pytestmark = pytest.mark.judges

MEGAN = "megan@contoso.onmicrosoft.com"


def claims(answer, which="access_token"):
    part = answer[which].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_msal(internet, judge, not_modelled, certificate):
    directory = internet.world.directory
    web = directory.apps[WEB_APP_ID]
    said = await judge(
        "sign_in_by_msal.py",
        private_key=certificate.private_key,
        certificate=certificate.pem,
        thumbprint=certificate.thumbprint,
        domain="contoso.onmicrosoft.com",
        expired=[EXPIRED_APP_ID, "expired-secret~for-tests-only"],
        web_client_id=WEB_APP_ID,
        web_client_secret=web.secrets[0].value,
        redirect_uri=web.redirect_uris[0],
        upn=MEGAN,
    )

    for how, appidacr in (("secret", "1"), ("thumbprint", "2"), ("certificate", "2")):
        assert claims(said[how])["appidacr"] == appidacr
        assert claims(said[how])["aud"] == "https://graph.microsoft.com"
        assert claims(said[how])["tid"] == TENANT_ID
        assert "Sites.ReadWrite.All" in claims(said[how])["roles"]
        assert 3600 - 1 <= said[how]["expires_in"] <= 5400
    assert said["cached"]["token_source"] == "cache"
    assert said["cached"]["access_token"] == said["secret"]["access_token"]
    assert claims(said["by_domain"])["tid"] == TENANT_ID
    assert claims(said["sharepoint"])["aud"] == "https://contoso.sharepoint.com"
    refusals = {
        "wrong_secret": ("invalid_client", [7000215]),
        "expired_secret": ("invalid_client", [7000222]),
        "no_such_app": ("unauthorized_client", [700016]),
    }
    for which, (error, codes) in refusals.items():
        assert said[which]["error"] == error
        assert said[which]["error_codes"] == codes

    megan = directory.user_by_upn(MEGAN)
    assert len(said["titles"]) == 2  # account, consent
    assert said["second_titles"] == said["titles"][:1]  # another browser, but nothing to consent to
    assert claims(said["person"])["oid"] == megan.id
    assert "Sites.Read.All" in claims(said["person"])["scp"].split()
    assert said["person"]["id_token_claims"]["preferred_username"] == MEGAN
    assert said["account"]["home_account_id"] == f"{megan.id}.{TENANT_ID}"
    assert said["account"]["username"] == MEGAN
    assert said["silent"]["token_source"] == "cache"
    assert said["renewed"]["token_source"] == "identity_provider"
    assert said["renewed"]["access_token"] != said["person"]["access_token"]
    assert said["cancelled"]["error"] == "access_denied"
    assert said["me"]["userPrincipalName"] == MEGAN
    assert said["other"] is None  # nobody consented to SharePoint's own permissions
    assert not_modelled() == set()
