"""Addresses on the tenant host that carry their own proof (`tempauth`), so that no token is needed.

https://learn.microsoft.com/graph/api/driveitem-get-content: such an address is short-lived, and
sending an Authorization header along makes it fail.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from m365sim.files import Drive, Item
from m365sim.files.checkout import is_hidden
from m365sim.files.ids import guid_of
from m365sim.files.names import quoted

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.world import World

DOWNLOAD_LIFETIME = timedelta(hours=1)
UPLOAD_LIFETIME = timedelta(hours=24)


class BadProof(Exception):
    """The address was tampered with, or its time is over."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an address proves: on whose behalf it may reach which thing."""

    subject: str  # drive id and item uid, or an upload session
    claims: dict[str, Any]


def origin_of(world: World, drive: Drive) -> str:
    """Return where the host of a drive's site is reached."""
    return world.urls.sharepoint.replace("{tenant}", drive.site.host.partition(".")[0])


class Downloads:
    """Makes the download addresses of one drive for one caller."""

    def __init__(self, world: World, drive: Drive, principal: Principal) -> None:
        self._key = world.content.signing_key
        self._head = _claims(world, drive, principal, DOWNLOAD_LIFETIME)
        self._base = f"{origin_of(world, drive)}{quoted(drive.site.path)}/_layouts/15/download.aspx"
        self._drive = drive

    def url(self, item: Item, version: int | None = None) -> str:
        """Return the pre-authenticated address of a file's bytes, or of those of a version."""
        subject = f"{self._drive.id} {item.uid.hex()}"
        held = self._drive.checked_out.get(item.uid)
        if version is None and held is not None and is_hidden(held):
            version = held.before.content_version  # whoever follows it sends no token along
        if version is not None:
            subject += f" {version}"
        proof = _seal(self._key, self._head, subject)
        return (
            f"{self._base}?UniqueId={guid_of(item.uid)}&Translate=false&tempauth={proof}"
            "&ApiVersion=2.0"
        )


def upload_proof(world: World, drive: Drive, principal: Principal, session_id: str) -> str:
    """Return the `tempauth` of an upload session's address."""
    head = _claims(world, drive, principal, UPLOAD_LIFETIME)
    return _seal(world.content.signing_key, head, session_id)


def read_proof(world: World, text: str) -> Proof:
    """Check a `tempauth`; BadProof unless it was made here and is still good."""
    version, _, rest = text.partition(".")
    signed, _, signature = rest.rpartition(".")
    expected = _signature(world.content.signing_key, signed)
    if version != "v1" or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise BadProof("The download address is not valid.")
    head, _, subject = signed.partition(".")
    claims = orjson.loads(_decode(head))
    if int(claims["exp"]) <= world.clock.now().timestamp():
        raise BadProof("The download address has expired.")
    return Proof(_decode(subject).decode(), claims)


def _claims(world: World, drive: Drive, principal: Principal, lifetime: timedelta) -> str:
    expires = int((world.clock.now() + lifetime).timestamp())
    host = drive.site.host
    claims = {
        "siteid": guid_of(drive.site.collection),
        "appid": principal.app_id,
        "app_displayname": principal.app_display_name,
        "aud": f"00000003-0000-0ff1-ce00-000000000000/{host}@{principal.tenant_id}",
        "exp": str(expires),
    }
    return _encode(orjson.dumps(claims))


def _seal(key: bytes, head: str, subject: str) -> str:
    signed = f"{head}.{_encode(subject.encode())}"
    return f"v1.{signed}.{_signature(key, signed)}"


def _signature(key: bytes, signed: str) -> str:
    return _encode(hmac.digest(key, signed.encode("utf-8", "replace"), hashlib.sha256))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
