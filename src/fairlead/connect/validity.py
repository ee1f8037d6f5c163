"""How long credentials are good for, and whether they can be renewed."""

from datetime import datetime, timedelta

from fairlead.model.credentials import (
    ClientCredentials,
    Credentials,
    OAuth2Credentials,
    TwoStepCredentials,
)

#: before their end, credentials are renewed
MARGIN = timedelta(minutes=15)
#: of a lifetime shorter than an hour, this part; else a ten-minute token would always be due
_MARGIN_SHARE = 0.25


def token_of(credentials: Credentials) -> str:
    """Return the bearer token, "" if there is none."""
    match credentials:
        case (
            OAuth2Credentials(access_token=token)
            | ClientCredentials(token=token)
            | TwoStepCredentials(token=token)
        ):
            return token.get_secret_value()
        case _:
            return ""


def is_renewable(credentials: Credentials) -> bool:
    """Can they be renewed without the end user?"""
    if isinstance(credentials, OAuth2Credentials):
        return credentials.refresh_token is not None
    return isinstance(credentials, ClientCredentials | TwoStepCredentials)


def renewal_at(credentials: Credentials) -> datetime | None:
    """Return from when on they are to be renewed, None = nobody said that they end."""
    if not isinstance(credentials, OAuth2Credentials | ClientCredentials | TwoStepCredentials):
        return None
    if credentials.expires_at is None:
        return None
    margin = MARGIN
    try:
        lifetime = timedelta(seconds=float(credentials.raw["expires_in"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    else:
        margin = min(margin, lifetime * _MARGIN_SHARE)
    return credentials.expires_at - margin


def is_due(credentials: Credentials, now: datetime) -> bool:
    """Is it time to renew them?"""
    if is_renewable(credentials) and not token_of(credentials):
        return True
    due_at = renewal_at(credentials)
    return due_at is not None and now >= due_at


def is_valid(credentials: Credentials, now: datetime) -> bool:
    """Do they work now, as far as is known?"""
    if not isinstance(credentials, OAuth2Credentials | ClientCredentials | TwoStepCredentials):
        return True
    if not token_of(credentials):
        return False
    return credentials.expires_at is None or credentials.expires_at > now
