"""The hook `diagnose`: what the token says, what the sign-in page says, what the APIs say.

Every probe is one small GET.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from fairlead.errors import FairleadError
from fairlead.model.diagnosis import Chart, Finding, Level, finding_of
from fairlead.model.provider import AuthMode, DiagnoseHook, Patient, Reply
from fairlead_microsoft.aadsts import MEANINGS
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.diagnosis.permissions import covers, is_selected_only
from fairlead_microsoft.diagnosis.token import Badge, check_token, wrong_cloud
from fairlead_microsoft.errors import classify

#: places that a sync's metadata names, of which so many are probed
_MOST_PLACES = 5
#: what is asked of a site of SharePoint's own API
_WEB = "/_api/web?$select=Title"
_MANY_TENANTS = frozenset({"", "common", "organizations", "consumers"})


def examiner(cloud: Cloud) -> DiagnoseHook:
    """Make the hook for a cloud."""

    async def diagnose(patient: Patient, chart: Chart) -> None:
        badge = Badge.of(patient.tokens)
        may_reach_apis = check_token(cloud, patient, badge, chart)
        await _check_directory(cloud, patient, chart)
        await _check_sign_in(patient, chart)
        if patient.error is not None:
            _read_error(patient, chart)
        elif not may_reach_apis:
            chart.skipped("apis", "They would refuse this token.")
        elif patient.auth_mode is AuthMode.TWO_STEP:
            await _check_rest(patient, badge, chart)
        else:
            await _check_graph(patient, badge, chart)

    return diagnose


async def _check_directory(cloud: Cloud, patient: Patient, chart: Chart) -> None:
    """Ask where the tenant lives; the document is public.

    https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc. A tenant of a national
    cloud has one at the global sign-in service, too, that names the other one's hosts.
    """
    config = patient.connection_config
    tenant = str(config.get("tenantId") or config.get("tenant") or "")
    if tenant.lower() in _MANY_TENANTS:
        return
    path = f"{quote(tenant, safe='')}/v2.0/.well-known/openid-configuration"
    try:
        answer = await patient.look(f"{cloud.login_url}/{path}")
    except FairleadError as error:
        chart.skipped("directory", error.message)
        return
    document = _object(answer)
    endpoint = urlsplit(str(document.get("token_endpoint", "")))
    if answer.status == 200 and endpoint.netloc != urlsplit(cloud.login_url).netloc:
        cause = f"{tenant} signs in at {endpoint.netloc}"
        chart.failed("directory", wrong_cloud(cause), instead_of="wrong_tenant")
    elif answer.status == 200:
        chart.passed("directory", f"The tenant {tenant} is known here.")
    else:
        chart.failed("directory", finding_of(classify(answer)))


async def _check_sign_in(patient: Patient, chart: Chart) -> None:
    """Ask the sign-in page whether it would send a browser back here.

    With `prompt=none` it answers at once: by a redirect, even of a failure, if the address is
    registered, and by a page if it is not
    (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow).
    """
    if patient.authorize_url is None:
        return
    try:
        answer = await patient.look(patient.authorize_url)
    except FairleadError as error:
        chart.skipped("sign-in page", error.message)
        return
    if answer.headers.get("location", "").startswith(patient.redirect_uri):
        chart.passed("sign-in page", f"It sends browsers back to {patient.redirect_uri}.")
        return
    number = re.search(rb"AADSTS(\d+)", answer.body)
    meaning = MEANINGS.get(int(number[1])) if number else None
    if meaning is None:
        chart.skipped("sign-in page", "It does not say whether it would send browsers back here.")
        return
    detail = f"AADSTS{int(number[1])}, {patient.redirect_uri}" if number else None
    refusal = meaning.kind(meaning.sentence, code=meaning.code, detail=detail)
    chart.failed("sign-in page", finding_of(refusal))


def _read_error(patient: Patient, chart: Chart) -> None:
    """Say more exactly why there is no token, where the connection's kind tells."""
    error = patient.error
    assert error is not None
    name = patient.connection_config.get("tenantName")
    if error.code == "unknown_resource" and name:
        chart.found(
            Finding(
                code="tenant_name_wrong",
                level=Level.PROBLEM,
                who="operator",
                cause=f"There is no SharePoint host of the name {name} in this tenant.",
                fix="The operator must correct the connection's tenant name: the first part of the "
                "address at which people open SharePoint.",
                detail=error.detail,
            ),
            instead_of=error.code,
        )


async def _check_graph(patient: Patient, badge: Badge, chart: Chart) -> None:
    if is_selected_only(badge.held):
        await _check_places(patient, chart, is_selected=True)
        return
    if not badge.claims or covers(badge.held, "Files.Read.All"):
        await _check_site(patient, badge, chart, "/v1.0/sites/root?$select=id", "root site")
        await _check_places(patient, chart, is_selected=False)
    if badge.claims and not badge.is_app and covers(badge.held, "Files.Read"):
        await _check_licence(patient, chart)


async def _check_rest(patient: Patient, badge: Badge, chart: Chart) -> None:
    """Look at the tenant's own host: the root site, and the sites that syncs are about."""
    places = _rest_places(patient.metadata)
    if not is_selected_only(badge.held):
        await _check_site(patient, badge, chart, _WEB, "root site")
    elif not places:
        await _check_places(patient, chart, is_selected=True)
    for name, url in places[:_MOST_PLACES]:
        await _check_site(patient, badge, chart, url, name)


async def _check_site(patient: Patient, badge: Badge, chart: Chart, url: str, name: str) -> None:
    answer = await _asked(patient, chart, url, name)
    if answer is None:
        return
    if answer.status < 400:
        chart.passed(name, f"It answers, with status {answer.status}.")
    elif answer.status == 403 and is_selected_only(badge.held):
        chart.failed(name, _not_granted(name, answer))
    else:
        chart.failed(name, finding_of(classify(answer)))


async def _check_places(patient: Patient, chart: Chart, *, is_selected: bool) -> None:
    """Look at the sites and drives that the connection's syncs are about."""
    places = _places(patient.metadata)
    if not places and is_selected:
        chart.skipped(
            "chosen sites",
            "Its permission opens chosen sites only, and none is named here: name one to probe.",
        )
    for url in places[:_MOST_PLACES]:
        answer = await _asked(patient, chart, url, url)
        if answer is None:
            continue
        if answer.status < 400:
            chart.passed(url, "It can be read.")
        elif answer.status in (403, 404):
            chart.failed(url, _not_granted(url, answer) if is_selected else _lost(url, answer))
        else:
            chart.failed(url, finding_of(classify(answer)))


async def _check_licence(patient: Patient, chart: Chart) -> None:
    """See whether the user has a drive; one without a licence has none, and the words differ.

    https://learn.microsoft.com/graph/api/drive-get: 404 if the user has none.
    """
    name = "the user's drive"
    answer = await _asked(patient, chart, "/v1.0/me/drive?$select=id", name)
    if answer is None:
        return
    if answer.status < 400:
        chart.passed(name, "It can be read.")
        return
    said = answer.body.decode("utf-8", "replace").lower()
    if answer.status == 404 or "mysite" in said or "license" in said:
        chart.failed(
            name,
            Finding(
                code="licence_missing",
                level=Level.PROBLEM,
                who="operator",
                cause="The connected user has no SharePoint licence (any more): there is no drive "
                "of theirs.",
                fix="The customer's administrator must assign a licence, or another user must "
                "connect.",
                detail=classify(answer).detail,
            ),
        )
    else:
        chart.failed(name, finding_of(classify(answer)))


async def _asked(patient: Patient, chart: Chart, url: str, name: str) -> Reply | None:
    try:
        return await patient.call(url)
    except FairleadError as error:
        chart.failed(name, finding_of(error))
        return None


def _not_granted(place: str, answer: Reply) -> Finding:
    return Finding(
        code="site_not_granted",
        level=Level.PROBLEM,
        who="operator",
        cause=f"The app's permission (Sites.Selected) opens chosen sites only, and {place} is not "
        "one of them.",
        fix="An administrator of the customer must grant it: POST /sites/{id}/permissions with the "
        "app's id and a role.",
        detail=classify(answer).detail,
    )


def _lost(place: str, answer: Reply) -> Finding:
    return Finding(
        code="site_access_lost",
        level=Level.PROBLEM,
        who="end user",
        cause=f"The connected user may not open {place} (any more), or it is gone.",
        fix="The site's owner must give the user access, or the product must choose other sites.",
        detail=classify(answer).detail,
    )


def _places(metadata: Mapping[str, Any]) -> list[str]:
    """Return the addresses of the sites and drives that metadata names."""
    found = []
    for name, kind in (("siteIds", "sites"), ("driveIds", "drives")):
        ids = metadata.get(name)
        if isinstance(ids, list):
            found += [f"/v1.0/{kind}/{quote(str(one), safe=',!')}?$select=id" for one in ids]
    return found


def _rest_places(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the sites that metadata names by path or address, each with what to ask there."""
    named = metadata.get("sites")
    found = [str(one).rstrip("/") for one in named] if isinstance(named, list) else []
    return [(one, f"{one}{_WEB}") for one in found if one.startswith(("/", "https://"))]


def _object(answer: Reply) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
