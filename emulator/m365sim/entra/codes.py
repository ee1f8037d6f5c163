"""How to get each AADSTS number out of the emulated cloud, and which it does not give and why.

The numbers are those of https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
but for 28000, 500112, 500113, 650053, 700021, 700024, 70020, 1002012, 9002326 and 9002327, which
tenants were seen to give. 700023 is there what it is in recorded answers, a client assertion for
another audience; the page means by it a scope that names no API, which is 70011 here. The page
says of 70001 and of 7000112 alike that the application is disabled: here the first is for the one
tenant that switched it off, the second for the registration itself.
"""

from __future__ import annotations

#: number → the state that earns it
HOW = {
    16000: "`prompt=none` with several people signed in",
    28000: "redeem a code with a `scope` of two APIs",
    28002: "redeem a code with a permission that the API does not have",
    28003: "redeem a code of the v1 endpoint at v2 without `scope`",
    50011: "a redirect URI that is not registered",
    50020: "a person of another tenant than the path's, who is no guest there",
    50027: "a client assertion that is no JWT",
    50033: "the token service is down (`tenants/{id}`: outage service)",
    50034: "an unknown name; a person deleted since (`users/{upn}`: delete)",
    50053: "ten wrong passwords in a row, for a minute (`users/{upn}`: locked)",
    50055: "sign in with an expired password (`users/{upn}`: passwordExpired)",
    50057: "a disabled account (`users/{upn}`: enabled)",
    50058: "`prompt=none` with nobody signed in",
    50074: "deny the second factor",
    50076: "a policy with control mfa, or `users/{upn}`: mfaRequired, and no second factor given",
    50078: "a policy with control mfa and mfaLifetime, and a second factor that is older",
    50079: "the same, for a person who has no second factor (`users/{upn}`: mfaRegistered false)",
    50105: "an app that is for assigned people (`apps/{id}`: assigned), and another person",
    50126: "a wrong password",
    50158: "a policy with control external",
    50173: "sessions revoked (`users/{upn}`: revokeSessions, resetPassword); of public apps also "
    "after a changed password",
    50194: "an app of one tenant at `common` or `organizations`",
    50196: "equal token requests, more than the tenant's limit (`tenants/{id}`: loopLimit)",
    53000: "a policy with control compliant_device (`users/{upn}`: device)",
    53001: "a policy with control domain_joined_device (`users/{upn}`: device)",
    53002: "a policy with control approved_app",
    53003: "a policy with control block",
    54005: "redeem a code twice",
    65001: "consent missing, or taken back (`apps/{id}`: withdrawConsent)",
    65004: "the person, or the administrator, cancels",
    70000: "a code or refresh token that is unknown or another app's",
    70001: "an app that is switched off in the tenant (`apps/{id}`: disabledIn)",
    70003: "a grant type that is not modelled",
    70005: "`response_type=token`; `id_token` without `openid`",
    70007: "an unknown `response_mode`; `query` with an id token",
    70008: "a code after ten minutes",
    70011: "`.default` beside named permissions, or a scope that cannot be read",
    70016: "poll for a device code before somebody has signed in; `slow_down` before the interval",
    70018: "a device code or user code that is unknown or used up",
    70019: "type in a user code after 15 minutes",
    70020: "poll for a device code after 15 minutes",
    70043: "a policy with signInFrequency, and a sign-in that is older",
    90002: "a tenant that is not in the cloud",
    90014: "grant type password without a password",
    90023: "an unknown `prompt` or challenge method; `claims` that are no JSON",
    90024: "more token requests within a minute than the tenant's budget (`tenants/{id}`: "
    "requestBudget)",
    90033: "the directory behind the token service is down (`tenants/{id}`: outage directory)",
    90094: "a person who may not consent (`users/{upn}`: mayConsent), or a permission for "
    "administrators",
    90095: "the same, where people may ask (`tenants/{id}`: consentRequests)",
    90119: "an empty user code",
    90120: "a user code that was approved or declined already",
    500011: "an API that the cloud or the tenant does not have",
    500112: "redeem a code with another redirect URI",
    500113: "sign in to an app without redirect URIs",
    501481: "a verifier that does not match the challenge",
    501491: "a challenge that is too short or too long",
    650052: "consent to SharePoint in a tenant without it (`tenants/{id}`: sharepoint)",
    650053: "a permission that the API does not have",
    650057: "`.default` of an API that the registration does not list",
    700005: "redeem a code at another path than it was asked at",
    700016: "an app that is unknown, or that nobody brought into the tenant",
    700021: "a client assertion of another app",
    700022: "a scope of two APIs with client credentials or a password",
    700023: "a client assertion for another audience",
    700024: "a client assertion outside of its time (or the clock moved)",
    700025: "a public app that sends a secret",
    700027: "a client assertion by an unknown or expired certificate, or with a wrong signature",
    700054: "an id token from the authorize endpoint, not switched on (`apps/{id}`: idTokens)",
    700082: "a refresh token after 90 days",
    700084: "a single-page app's refresh token after a day (`apps/{id}`: spaRedirectUris)",
    900144: "a required field is missing",
    900561: "GET where only POST will do",
    901002: "`resource` at the v2 endpoint",
    1002012: "client credentials with a scope that is not `.default`",
    7000112: "a disabled app (`apps/{id}`: enabled)",
    7000215: "a wrong secret",
    7000218: "no secret and no assertion",
    7000222: "an expired secret (`apps/{id}`: expireSecrets)",
    9001023: "client credentials or a password at `common`",
    9002326: "a page (`Origin`) that sends a secret, or a code that is a server's",
    9002327: "a server (no `Origin`) that sends a code of a single-page app",
}

#: number → why no state earns it
NOT_GIVEN = {
    50072: "the interruption is a page, which says 50079 where the token endpoint does",
}
