"""What identifiers, tags, addresses and end users may look like in a request (contract 1.5)."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, SecretStr, StringConstraints

from fairlead.api.routing import Strict
from fairlead.model.connect_session import EndUser, Organization

ConnectionId = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=255, pattern=r"""^[a-zA-Z0-9,.;:=+~\[\]|@${}"'\\/_ -]+$"""
    ),
]
UniqueKey = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9~:.@ _-]+$")
]
ProviderName = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9_-]+$")
]
FunctionName = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9_-]+$")
]
ModelName = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Z][a-zA-Z0-9_-]+$")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Email = Annotated[
    str, StringConstraints(min_length=5, max_length=255, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
]

_TAG = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-./]{0,63}")
_MOST_TAGS = 10
_EMAIL_TAG = "end_user_email"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"At most {_MOST_TAGS} tags")
    lowered: dict[str, str] = {}
    for key, value in tags.items():
        if not _TAG.fullmatch(key):
            raise ValueError(f"'{key}' is not a tag's name: a letter, then letters, digits, _-./")
        if key.lower() in lowered:
            raise ValueError(f"The tag '{key.lower()}' occurs twice")
        if not 1 <= len(value) <= 255:
            raise ValueError(f"The tag '{key}' must hold 1 to 255 characters")
        lowered[key.lower()] = value
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", lowered.get(_EMAIL_TAG, "a@b.cd")):
        raise ValueError(f"The tag '{_EMAIL_TAG}' must be an e-mail address")
    return lowered


Tags = Annotated[dict[str, str], AfterValidator(_tags)]


def web_address(url: str) -> str:
    """Return an absolute http(s) URL, or nothing for nothing; ValueError for anything else."""
    if url and not re.fullmatch(r"https?://[^\s/?#@]+([/?#]\S*)?", url):
        raise ValueError("Not an absolute http(s) URL without user name")
    return url


#: an absolute URL, or "" for none
WebAddress = Annotated[str, AfterValidator(web_address)]


def _unicode(value: SecretStr) -> SecretStr:
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("Not valid Unicode: half of a surrogate pair") from None
    return value


#: a secret that can be sealed
Secret = Annotated[SecretStr, AfterValidator(_unicode)]


def moment(value: datetime) -> datetime:
    """Return a time in UTC; ValueError if calendars cannot hold it."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        instant = aware.astimezone(UTC)
    except OverflowError:
        instant = datetime.max.replace(tzinfo=UTC)
    # with a day's room on both sides, so that an hour more or less is still a time
    if not _FIRST <= instant <= _LAST:
        raise ValueError("Not a time between 1970 and 9999")
    return instant


#: an instant in UTC; one without zone is taken for UTC
Moment = Annotated[datetime, AfterValidator(moment)]


#: of the contract: as long as `Text`, but it may be empty
Name = Annotated[str, StringConstraints(max_length=255)]


class OrganizationIn(Strict):
    """The end user's organisation, in the product's terms."""

    id: Name
    display_name: Name | None = None


class EndUserIn(Strict):
    """The product's user who connects."""

    id: Text
    email: Email | None = None
    display_name: Name | None = None
    tags: Tags | None = None


def end_user_of(user: EndUserIn | None, organization: OrganizationIn | None) -> EndUser | None:
    """Return the noun for what a body says of the end user."""
    if user is None:
        return None
    return EndUser(
        id=user.id,
        email=user.email,
        display_name=user.display_name,
        tags=user.tags or {},
        organization=organization_of(organization),
    )


def organization_of(organization: OrganizationIn | None) -> Organization | None:
    """Return the noun for what a body says of the organisation."""
    if organization is None:
        return None
    return Organization(id=organization.id, display_name=organization.display_name)
