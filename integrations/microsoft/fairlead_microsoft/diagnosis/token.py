"""What a connection's own token says of it.

Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference. They are
read, not verified: they came from the token endpoint, and nothing is authorised by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fairlead.model.diagnosis import Chart, Finding, Level
from fairlead.model.provider import Patient
from fairlead_microsoft.account import claims_of
from fairlead_microsoft.clouds import CLOUDS, Cloud
from fairlead_microsoft.diagnosis.permissions import broad, covers, named

#: all personal accounts, https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
#: the retired service that gave tokens to SharePoint add-ins,
#: https://learn.microsoft.com/sharepoint/dev/sp-add-ins/retirement-announcement-for-azure-acs
RETIRED_ISSUER = "00000001-0000-0000-c000-000000000000"
_PROOFS = {"0": "nothing", "1": "secret", "2": "certificate"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A connection's access token, decoded; an opaque one says nothing."""

    claims: Mapping[str, Any]
    id_claims: Mapping[str, Any]

    @classmethod
    def of(cls, tokens: Mapping[str, Any]) -> "Badge":
        return cls(claims_of(tokens.get("access_token")), claims_of(tokens.get("id_token")))

    @property
    def tenant_id(self) -> str:
        return str(self.claims.get("tid") or self.id_claims.get("tid") or "")

    @property
    def is_app(self) -> bool:
        return self.claims.get("idtyp") == "app"

    @property
    def held(self) -> frozenset[str]:
        """The permissions, without OpenID's own."""
        roles = self.claims.get("roles")
        names = roles if isinstance(roles, list) else []
        return frozenset(named([*str(self.claims.get("scp") or "").split(), *map(str, names)]))

    def facts(self) -> dict[str, Any]:
        """Return what may be shown of it."""
        said = {
            "tenantId": self.tenant_id,
            "appId": self.claims.get("appid") or self.claims.get("azp"),
            "user": self.claims.get("upn") or self.id_claims.get("preferred_username"),
            "audience": self.claims.get("aud"),
            "permissions": sorted(self.held),
            "appProof": _PROOFS.get(str(self.claims.get("appidacr"))),
            # https://learn.microsoft.com/entra/identity-platform/claims-challenge
            "answersChallenges": "CP1" in (self.claims.get("xms_cc") or ()),
        }
        return {name: value for name, value in said.items() if value}


def check_token(cloud: Cloud, patient: Patient, badge: Badge, chart: Chart) -> bool:
    """Find what shows without asking anybody; return whether asking the APIs makes sense."""
    chart.facts |= badge.facts()
    _check_kind(patient, badge, chart)
    _check_cloud(cloud, badge, chart)
    _check_tenant(patient, badge, chart)
    if {"acs_retired", "personal_account"} & chart.findings.keys():
        return False
    if patient.error is None and badge.claims:
        _check_permissions(patient, badge, chart)
    return "admin_consent_missing" not in chart.findings


def _check_kind(patient: Patient, badge: Badge, chart: Chart) -> None:
    if str(badge.claims.get("iss", "")).startswith(RETIRED_ISSUER) or "@" in patient.client_id:
        chart.failed(
            "kind of app",
            Finding(
                code="acs_retired",
                level=Level.PROBLEM,
                who="operator",
                cause="The app was registered with SharePoint (appregnew.aspx); Microsoft retired "
                "such apps on 2026-04-02.",
                fix="The operator must register an app in Entra ID with a certificate, and connect "
                "again with it.",
            ),
        )
    if badge.tenant_id == PERSONAL_TENANT:
        chart.failed(
            "kind of account",
            Finding(
                code="personal_account",
                level=Level.PROBLEM,
                who="end user",
                cause="A personal Microsoft account is connected; SharePoint has none.",
                fix="The end user must connect again with their work or school account.",
            ),
        )
    if badge.is_app and badge.claims.get("appidacr") == "1" and not patient.has_certificate:
        chart.failed(
            "proof of the app",
            Finding(
                code="certificate_required",
                level=Level.WARNING,
                who="operator",
                cause="The app proves itself by a secret, and SharePoint's own API (`_api`) takes "
                "no such app; Graph does.",
                fix="The operator must register a certificate with the app and connect again with "
                "it, if `_api` is to be called.",
            ),
        )


def _check_cloud(cloud: Cloud, badge: Badge, chart: Chart) -> None:
    audience = str(badge.claims.get("aud", ""))
    other = next((one for one in CLOUDS.values() if one.graph_url == audience), None)
    ours = {cloud.graph_url, CLOUDS["global"].graph_url if cloud.name == "custom" else ""}
    if other is None or audience in ours:
        return
    chart.failed("cloud", wrong_cloud(f"The token is for {audience}"))


def wrong_cloud(cause: str, detail: str | None = None) -> Finding:
    """Return the finding that a tenant lives in another cloud."""
    return Finding(
        code="wrong_cloud",
        level=Level.PROBLEM,
        who="operator",
        cause=f"{cause}: the tenant lives in another cloud than the one that is set here.",
        fix="The operator must set FAIRLEAD_MICROSOFT_CLOUD to the tenant's cloud, and the end "
        "user must connect again.",
        detail=detail,
    )


def _check_tenant(patient: Patient, badge: Badge, chart: Chart) -> None:
    config = patient.connection_config
    wanted = str(config.get("tenant") or config.get("tenantId") or "")
    if not _is_guid(wanted) or not badge.tenant_id:
        return
    if wanted.lower() == badge.tenant_id.lower():
        chart.passed("tenant", f"The token is of the tenant that was asked for, {wanted}.")
        return
    chart.failed(
        "tenant",
        Finding(
            code="wrong_tenant",
            level=Level.PROBLEM,
            who="operator",
            cause=f"The token is of the tenant {badge.tenant_id}, the connection is to be of "
            f"{wanted}.",
            fix="The operator must correct the connection's tenant, or the end user must connect "
            "again with an account of the right one.",
        ),
    )


def _check_permissions(patient: Patient, badge: Badge, chart: Chart) -> None:
    held = badge.held
    if badge.is_app and not held:
        chart.failed(
            "permissions",
            Finding(
                code="admin_consent_missing",
                level=Level.PROBLEM,
                who="operator",
                cause="The token holds no permission: no administrator has approved the app's "
                "application permissions in this tenant.",
                fix="An administrator of the customer must grant admin consent (app registration, "
                "API permissions); it may take some minutes to show.",
            ),
        )
        return
    asked = [name for name in named(patient.scopes) if not covers(held, name)]
    lacking = {
        function: names
        for function, scopes in patient.needs.items()
        if not any(name.endswith(".Selected") for name in held)
        and (names := [name for name in scopes if not covers(held, name)])
    }
    if asked or lacking:
        said = [f"{', '.join(asked)} was asked for and not granted"] if asked else []
        said += [f"{function} needs {' and '.join(names)}" for function, names in lacking.items()]
        chart.failed(
            "permissions",
            Finding(
                code="missing_scope",
                level=Level.PROBLEM,
                who="operator",
                cause=f"A permission is missing: {'; '.join(said)}.",
                fix="The operator must add it to the app registration and to the integration's "
                "scopes, and the end user (or an administrator) must consent: connect again.",
                detail=f"granted: {' '.join(sorted(held)) or 'none'}",
            ),
        )
    else:
        chart.passed("permissions", f"Granted: {', '.join(sorted(held)) or 'none'}.")
    needed = [name for scopes in patient.needs.values() for name in scopes]
    wanted = [*named(patient.scopes), *needed]
    if wanted and (unused := broad(held, wanted)):
        where = (
            "take them off the app registration"
            if badge.is_app
            else "name narrower scopes on the integration"
        )
        chart.found(
            Finding(
                code="scopes_too_broad",
                level=Level.ADVICE,
                who="operator",
                cause=f"The app may change things ({', '.join(unused)}), and nothing that runs by "
                "itself here does.",
                fix=f"The operator can {where}, unless actions or the proxy need these.",
            )
        )


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
