"""Providers: how Microsoft 365 is reached and authenticated, in any cloud.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/certificate-credentials,
https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from dataclasses import replace

from fairlead.model.limits import PageLink, Pagination, RateLimit
from fairlead.model.provider import Audience, AuthMode, ConfigField, Provider
from fairlead_microsoft.account import find_account, find_tenant
from fairlead_microsoft.clouds import TENANT, Cloud
from fairlead_microsoft.diagnosis import examiner
from fairlead_microsoft.diagnosis.permissions import LADDERS
from fairlead_microsoft.errors import classify, throttle
from fairlead_microsoft.granted import lacking
from fairlead_microsoft.graph.subscriptions import prove, subscriptions
from fairlead_microsoft.graph.units import ALLOWANCE
from fairlead_microsoft.guides import (
    APP_ONLY,
    CERTIFICATE,
    CERTIFICATE_SECTION,
    CREDENTIALS,
    SIGN_IN,
    TENANT_ID,
    TENANT_NAME,
)
from fairlead_microsoft.scopes import default_scopes, token_request

USER_AGENT = "ISV|fairlead|fairlead-microsoft/0.1.0"
#: a pre-authenticated address: it must be called without a token
_PERMIT = r".*[?&]tempauth=.*"
_TENANT = ConfigField(
    title="Tenant",
    description=(
        "Id or verified domain of your organisation's Microsoft 365 tenant. Only needed for an app "
        "registered in one tenant; otherwise the person who signs in decides."
    ),
    # an id or a domain; `organizations` = any tenant. Personal accounts have no SharePoint.
    pattern=r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?",
    example="contoso.onmicrosoft.com",
    required=False,
    section=TENANT_ID,
)
_OWN_TENANT = ConfigField(
    title="Tenant ID",
    description=(
        "Id or verified domain of your organisation's Microsoft 365 tenant: Entra admin center, "
        "Overview, Tenant ID."
    ),
    # an app that acts for itself must name one: `common` and the like stand for a user's
    pattern=(
        r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        r"|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    ),
    example="00000000-0000-0000-0000-000000000000",
    section=TENANT_ID,
)


_TENANT_NAME = ConfigField(
    title="Tenant name",
    description=(
        "The first part of the SharePoint address: of contoso.sharepoint.com it is contoso."
    ),
    pattern=r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*",
    example="contoso",
    section=TENANT_NAME,
)
_ALGORITHM = ConfigField(
    title="Signature",
    description="How the app's statement is signed: PS256 (names x5t#S256) or RS256 (names x5t).",
    pattern="PS256|RS256",
    example="PS256",
    required=False,
)
#: https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
_RATE_LIMIT = RateLimit(after=("retry-after", "ratelimit-reset"), remaining="ratelimit-remaining")
#: https://learn.microsoft.com/graph/paging
_GRAPH_PAGES = Pagination(
    type=PageLink.LINK,
    response_path="value",
    link_path_in_response_body="@odata.nextLink",
    limit_name_in_request="$top",
)
#: in the form `odata=verbose`, which the provider asks for:
#: https://learn.microsoft.com/sharepoint/dev/sp-add-ins/use-odata-query-operations-in-sharepoint-rest-requests
_REST_PAGES = Pagination(
    type=PageLink.LINK,
    response_path="d.results",
    link_path_in_response_body="d.__next",
    limit_name_in_request="$top",
)
_SIGNED_BY_CERTIFICATE = {
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "${credentials.assertion}",
}


def providers(cloud: Cloud) -> list[Provider]:
    """Return all providers of the pack, in a cloud."""
    return [
        sharepoint_online(cloud),
        sharepoint_online_app(cloud),
        microsoft(cloud),
        one_drive(cloud),
    ]


def tenant_hosts(cloud: Cloud) -> Audience:
    """Return SharePoint's own API: every tenant host wants a token of its own.

    The sign-in service gives out tokens for hosts of the connection's tenant only, so a foreign
    host gets none. A pre-authenticated address (`tempauth`) must be called without a token.
    https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread
    """
    return Audience(
        origins=(cloud.sharepoint_origins,),
        paths=rf"(?!{_PERMIT})/(?:[^?]*/)?_(?:api|vti_bin)/.*",
    )


def sharepoint_online(cloud: Cloud) -> Provider:
    """Return the provider `sharepoint-online`: a user signs in, Graph is called for them."""
    login = f"{cloud.login_url}/${{connectionConfig.tenant}}/oauth2/v2.0"
    return Provider(
        name="sharepoint-online",
        display_name="SharePoint Online (v2)",
        auth_mode=AuthMode.OAUTH2,
        categories=("storage", "knowledge-base"),
        docs="https://learn.microsoft.com/graph/api/resources/sharepoint",
        docs_connect="https://learn.microsoft.com/entra/identity-platform/quickstart-register-app",
        guide=SIGN_IN,
        base_url=cloud.graph_url,
        open_origins=(cloud.sharepoint_origins, *cloud.media_origins),
        audiences=(tenant_hosts(cloud),),
        authorization_url=f"{login}/authorize",
        token_url=f"{login}/token",
        # `.default` there: all that the registration lists, for everybody
        # (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent)
        admin_consent_url=f"{cloud.login_url}/${{connectionConfig.tenant}}/v2.0/adminconsent",
        admin_consent_params={"scope": f"{cloud.graph_url}/.default"},
        default_scopes=default_scopes(cloud),
        # without it there is no refresh token, and the connection dies within the hour
        required_scopes=("offline_access",),
        # no `prompt`: Microsoft then asks only for what is not granted yet
        authorization_params={"response_mode": "query"},
        pkce=True,
        connection_config={"tenant": _TENANT},
        connection_defaults={"tenant": "organizations"},
        # undecorated traffic is throttled first
        headers={"User-Agent": USER_AGENT},
        rate_limit=_RATE_LIMIT,
        allowance=ALLOWANCE,
        pagination=_GRAPH_PAGES,
        token_request=token_request(cloud),
        on_connected=find_account(cloud),
        throttle=throttle,
        classify=classify,
        verify_notice=prove,
        subscriptions=subscriptions(cloud),
        diagnose=examiner(cloud),
        lacks=lacking,
        scope_ladders=LADDERS,
    )


def sharepoint_online_app(cloud: Cloud) -> Provider:
    """Return the provider `sharepoint-online-oauth2-cc`: the app acts for itself.

    It proves who it is by a secret or a certificate; SharePoint's own API wants the certificate.
    """
    return Provider(
        name="sharepoint-online-oauth2-cc",
        display_name="SharePoint Online (app-only)",
        auth_mode=AuthMode.OAUTH2_CC,
        categories=("storage", "knowledge-base"),
        docs="https://learn.microsoft.com/graph/api/resources/sharepoint",
        docs_connect="https://learn.microsoft.com/graph/auth-v2-service",
        guide=APP_ONLY,
        base_url=cloud.graph_url,
        open_origins=(cloud.sharepoint_origins, *cloud.media_origins),
        audiences=(tenant_hosts(cloud),),
        token_url=f"{cloud.login_url}/${{connectionConfig.tenantId}}/oauth2/v2.0/token",
        admin_consent_url=f"{cloud.login_url}/${{connectionConfig.tenantId}}/v2.0/adminconsent",
        admin_consent_params={"scope": f"{cloud.graph_url}/.default"},
        default_scopes=(f"{cloud.graph_url}/.default",),
        connection_config={"tenantId": _OWN_TENANT, "assertionAlgorithm": _ALGORITHM},
        connection_defaults={"assertionAlgorithm": "PS256"},
        headers={"User-Agent": USER_AGENT},
        rate_limit=_RATE_LIMIT,
        allowance=ALLOWANCE,
        pagination=_GRAPH_PAGES,
        token_request=token_request(cloud),
        on_connected=find_account(cloud),
        throttle=throttle,
        classify=classify,
        verify_notice=prove,
        subscriptions=subscriptions(cloud),
        diagnose=examiner(cloud),
        lacks=lacking,
        scope_ladders=LADDERS,
    )


def sharepoint_online_v1(cloud: Cloud) -> Provider:
    """Return the provider `sharepoint-online-v1`: an app for itself at SharePoint's own API.

    That API takes no app that proves itself by a secret
    (https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread), so the
    app has a certificate, or a statement that somebody signed with it.
    """
    host = cloud.sharepoint_url.replace(TENANT, "${connectionConfig.tenantName}")
    return Provider(
        name="sharepoint-online-v1",
        display_name="SharePoint Online (v1)",
        auth_mode=AuthMode.TWO_STEP,
        categories=("storage", "knowledge-base"),
        docs="https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service",
        docs_connect="https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread",
        guide=CERTIFICATE,
        base_url=host,
        permit_paths=_PERMIT,
        open_origins=(cloud.sharepoint_origins, *cloud.media_origins),
        audiences=(tenant_hosts(cloud),),
        token_url=f"{cloud.login_url}/${{connectionConfig.tenantId}}/oauth2/v2.0/token",
        admin_consent_url=f"{cloud.login_url}/${{connectionConfig.tenantId}}/v2.0/adminconsent",
        admin_consent_params={"scope": f"{host}/.default"},
        token_params={
            "grant_type": "client_credentials",
            "client_id": "${credentials.clientId}",
            "scope": f"{host}/.default",
            **_SIGNED_BY_CERTIFICATE,
        },
        credential_fields={
            "clientId": ConfigField(
                title="Client ID",
                description="Application (client) ID of the app's registration.",
                example="00000000-0000-0000-0000-000000000000",
                section=CREDENTIALS,
            ),
            "assertion": ConfigField(
                title="Client assertion",
                description=(
                    "A statement that you signed yourself. It lives for minutes only: a "
                    "certificate keeps the connection alive."
                ),
                required=False,
                secret=True,
                section=CERTIFICATE_SECTION,
            ),
        },
        assertion_field="assertion",
        client_id_field="clientId",
        connection_config={
            "tenantId": _OWN_TENANT,
            "tenantName": _TENANT_NAME,
            "assertionAlgorithm": _ALGORITHM,
        },
        connection_defaults={"assertionAlgorithm": "PS256"},
        # without it the API answers in Atom
        headers={"Accept": "application/json;odata=verbose", "User-Agent": USER_AGENT},
        rate_limit=_RATE_LIMIT,
        allowance=ALLOWANCE,
        pagination=_REST_PAGES,
        token_request=token_request(cloud),
        on_connected=find_tenant,
        starts_syncs=False,
        throttle=throttle,
        classify=classify,
        diagnose=examiner(cloud),
    )


def microsoft(cloud: Cloud) -> Provider:
    """Return the provider `microsoft`: all of Graph, for a user who signs in."""
    return replace(
        sharepoint_online(cloud),
        name="microsoft",
        display_name="Microsoft",
        categories=("productivity",),
        docs="https://learn.microsoft.com/graph/overview",
        starts_syncs=False,
    )


def one_drive(cloud: Cloud) -> Provider:
    """Return the provider `one-drive`: a user's own files, for a user who signs in."""
    return replace(
        sharepoint_online(cloud),
        name="one-drive",
        display_name="OneDrive for Business",
        categories=("storage",),
        docs="https://learn.microsoft.com/graph/onedrive-concept-overview",
        starts_syncs=False,
    )
