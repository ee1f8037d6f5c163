"""What Entra ID's error numbers mean for us: class of error, code, and who must do what.

Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Microsoft asks
to switch on the OAuth `error`, but only the number tells an expired secret from a mistyped one;
`by_oauth_error` answers for numbers that are not listed.
"""

from dataclasses import dataclass

from fairlead.errors import (
    AdminConsentRequired,
    BadClientSecret,
    FairleadError,
    InternalError,
    OperatorError,
    ReconnectRequired,
    Rejected,
    Unavailable,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error of ours that one of the vendor's means."""

    kind: type[FairleadError]
    #: who must do what
    sentence: str
    #: stable name on the wire; default: the class's own
    code: str | None = None


def _each(numbers: tuple[int, ...], meaning: Meaning) -> dict[int, Meaning]:
    return dict.fromkeys(numbers, meaning)


_RECONNECT = "the end user must connect again"
_WRONG_TENANT = Meaning(
    OperatorError,
    "The sign-in tenant does not suit the app; the operator must set the connection's `tenant` to "
    "the customer's tenant id or domain, in the right cloud.",
    "wrong_tenant",
)
_INVALID_SCOPE = Meaning(
    OperatorError,
    "The scopes cannot be asked for together; the operator must correct the integration's scopes: "
    "either `.default` or named ones, of one API.",
    "invalid_scope",
)
_SIGN_IN_AGAIN = Meaning(
    ReconnectRequired,
    f"Microsoft wants the user to sign in once more (multi-factor or policy); {_RECONNECT}.",
    "mfa_required",
)
_POLICY = Meaning(
    OperatorError,
    "A Conditional Access policy of the customer's tenant blocks this sign-in; its administrator "
    "must allow the app.",
    "conditional_access",
)
_EXPIRED = Meaning(
    ReconnectRequired,
    f"The grant was not used for too long and has expired; {_RECONNECT}.",
    "grant_expired",
)
_NOT_APPROVED = Meaning(
    AdminConsentRequired,
    "Users of this tenant may not approve the app; an administrator must approve it first.",
)
_MALFORMED = Meaning(
    InternalError,
    "The token request lacks a field; this is a defect of fairlead, please report it.",
    "malformed_token_request",
)
_BACK_OFF = Meaning(Unavailable, "Microsoft's sign-in service is busy; try again later.")

MEANINGS: dict[int, Meaning] = {
    50011: Meaning(
        OperatorError,
        "The callback address is not registered; the operator must add it to the app "
        "registration as a redirect URI of type Web, letter for letter.",
        "redirect_uri_mismatch",
    ),
    **_each(
        (50020, 50034),
        Meaning(
            ReconnectRequired,
            "The account does not belong to this tenant; the end user must connect with an "
            "account of the right one.",
            "wrong_account",
        ),
    ),
    50053: Meaning(
        Unavailable,
        "The account is locked after too many sign-ins; wait, or have the customer's "
        "administrator unlock it.",
        "account_locked",
    ),
    50055: Meaning(
        ReconnectRequired,
        "The account's password has expired; the end user must change it and connect again.",
    ),
    50057: Meaning(
        ReconnectRequired,
        "The account is disabled; the customer's administrator must enable it, or another user "
        "must connect.",
        "account_disabled",
    ),
    50058: Meaning(ReconnectRequired, f"There is no signed-in session; {_RECONNECT}."),
    **_each((50076, 50079, 50158), _SIGN_IN_AGAIN),
    50105: Meaning(
        OperatorError,
        "The user is not assigned to the app; the customer's administrator must assign them.",
        "admin_action_required",
    ),
    50126: Meaning(ReconnectRequired, f"User name or password is wrong; {_RECONNECT}."),
    50173: Meaning(
        ReconnectRequired,
        "The grant was revoked: the password was changed, or an administrator ended all sessions; "
        f"{_RECONNECT}.",
        "grant_revoked",
    ),
    50194: _WRONG_TENANT,
    500011: Meaning(
        OperatorError,
        "The API does not exist in this tenant; the operator must correct the SharePoint host, or "
        "the customer needs a SharePoint licence.",
        "unknown_resource",
    ),
    **_each((53000, 53001, 53002, 53003), _POLICY),
    54005: Meaning(
        ReconnectRequired,
        "The authorization code was used before; the end user must start connecting afresh.",
        "code_already_used",
    ),
    65001: Meaning(
        ReconnectRequired,
        "The app's permissions are not granted, or were withdrawn; the end user must connect "
        "again, or an administrator must approve the app.",
        "consent_required",
    ),
    65004: Meaning(
        ReconnectRequired,
        "The end user declined the permissions; nothing was connected.",
        "access_denied",
    ),
    650052: Meaning(
        OperatorError,
        "The customer's tenant lacks the service; its administrator must subscribe to it.",
        "admin_action_required",
    ),
    650057: Meaning(
        OperatorError,
        "The API is not among the app registration's permissions; the operator must add it there.",
        "unknown_resource",
    ),
    70000: Meaning(ReconnectRequired, f"The grant is not valid any more; {_RECONNECT}."),
    **_each(
        (70001, 700016),
        Meaning(
            BadClientSecret,
            "The app is unknown in this tenant, or was deleted; the operator must correct the "
            "integration's client id, or the tenant.",
            "unknown_client",
        ),
    ),
    # https://microsoft.github.io/teams-sdk/teams/app-authentication/troubleshooting
    7000229: Meaning(
        BadClientSecret,
        "The app exists, but this tenant has not got it; the customer's administrator must approve "
        "it there.",
        "app_not_in_tenant",
    ),
    7000112: Meaning(
        BadClientSecret,
        "The app is disabled in this tenant; the customer's administrator must enable it there "
        "(Enterprise applications, Properties).",
        "app_disabled",
    ),
    **_each((70008, 700082), _EXPIRED),
    700084: Meaning(
        ReconnectRequired,
        "The grant is of a single-page app and lived 24 hours; the operator must register the "
        "redirect URI as Web, then the end user must connect again.",
        "registered_as_spa",
    ),
    **_each((70011, 28000, 28002, 28003, 700022, 700023, 1002012), _INVALID_SCOPE),
    70043: Meaning(
        ReconnectRequired,
        f"The customer's sign-in frequency policy ended the grant; {_RECONNECT}.",
    ),
    700025: Meaning(
        OperatorError,
        "The app is registered as a public client; the operator must register it as Web, or "
        "remove the integration's secret.",
        "public_client",
    ),
    700024: Meaning(
        BadClientSecret,
        "This server's clock is wrong, so the signed assertion is out of date when it arrives; the "
        "operator must set the clock (NTP).",
        "clock_skew",
    ),
    700027: Meaning(
        BadClientSecret,
        "Microsoft does not know the certificate that signed; the operator must upload its public "
        "part to the app registration, or connect with the one that is there.",
        "certificate_not_registered",
    ),
    7000215: Meaning(
        BadClientSecret,
        "The client secret is wrong; the operator must set the secret's value (not its id) on the "
        "integration.",
    ),
    7000218: Meaning(
        BadClientSecret,
        "The app needs a client secret; the operator must set one on the integration.",
        "client_secret_missing",
    ),
    7000222: Meaning(
        BadClientSecret,
        "The client secret has expired; the operator must make a new one in the app registration "
        "and set it on the integration.",
        "client_secret_expired",
    ),
    **_each((9001023, 90002), _WRONG_TENANT),
    **_each((90014, 900144), _MALFORMED),
    **_each((90094, 90095), _NOT_APPROVED),
    **_each((90024, 90033, 50033, 50196), _BACK_OFF),
    **_each(
        (501481, 700005),
        Meaning(
            ReconnectRequired,
            "The authorization code does not belong to this attempt; the end user must start "
            "connecting afresh.",
            "code_mismatch",
        ),
    ),
}

#: 700027 whose text says that the key is over
CERTIFICATE_EXPIRED = Meaning(
    BadClientSecret,
    "The certificate that signed has expired; the operator must upload a new one to the app "
    "registration and connect again with it.",
    "certificate_expired",
)
#: 700023 of an assertion; of a scope it is another thing
ASSERTION_FOR_ANOTHER = Meaning(
    BadClientSecret,
    "The signed assertion is for another tenant or cloud; the operator must correct the "
    "connection's tenant, or FAIRLEAD_MICROSOFT_CLOUD.",
    "bad_client_assertion",
)

_BY_OAUTH_ERROR: dict[str, Meaning] = {
    "invalid_grant": Meaning(ReconnectRequired, f"The grant is not valid any more; {_RECONNECT}."),
    "interaction_required": _SIGN_IN_AGAIN,
    "login_required": _SIGN_IN_AGAIN,
    "consent_required": MEANINGS[65001],
    "access_denied": Meaning(
        ReconnectRequired,
        "Access was denied at sign-in; the end user must connect again and accept.",
        "access_denied",
    ),
    "invalid_client": Meaning(
        BadClientSecret,
        "Microsoft refuses the client id or secret; the operator must set valid ones on the "
        "integration.",
    ),
    "unauthorized_client": Meaning(
        BadClientSecret,
        "Microsoft does not know the app, or not for this grant; the operator must check the "
        "integration's client id and the app registration.",
        "unknown_client",
    ),
    "invalid_scope": _INVALID_SCOPE,
    "invalid_resource": Meaning(
        OperatorError,
        "The API asked for does not exist in this tenant; the operator must correct the scopes or "
        "the host.",
        "unknown_resource",
    ),
    "temporarily_unavailable": _BACK_OFF,
    "server_error": _BACK_OFF,
}


def by_number(number: int, error: str, said: str) -> Meaning | None:
    """Return what a number means beside an OAuth `error` and a description, None = not listed."""
    if number == 700023 and error == "invalid_client":
        return ASSERTION_FOR_ANOTHER
    if number == 700027 and "expired" in said.lower():
        return CERTIFICATE_EXPIRED
    return MEANINGS.get(number)


def by_oauth_error(error: str) -> Meaning:
    """Return what an OAuth `error` means whose number is not listed."""
    return _BY_OAUTH_ERROR.get(
        error,
        Meaning(
            Rejected, "Microsoft refused the token request; the operator must read the detail."
        ),
    )
