"""Providers: how SharePoint Online is reached and authenticated, in any cloud.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead_microsoft.account import find_account
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.errors import classify, throttle
from fairlead_microsoft.scopes import default_scopes, token_request

USER_AGENT = "ISV|fairlead|fairlead-microsoft/0.1.0"
_TENANT = ConfigField(
    title="Tenant",
    description=(
        "Id or verified domain of the customer's Microsoft 365 tenant. Only needed for an app "
        "registered in one tenant; otherwise the person who signs in decides."
    ),
    # an id or a domain; `organizations` = any tenant. Personal accounts have no SharePoint.
    pattern=r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?",
    example="contoso.onmicrosoft.com",
    required=False,
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
        base_url=cloud.graph_url,
        open_origins=(cloud.sharepoint_origins, *cloud.media_origins),
        authorization_url=f"{login}/authorize",
        token_url=f"{login}/token",
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
        token_request=token_request(cloud),
        on_connected=find_account(cloud),
        throttle=throttle,
        classify=classify,
    )
