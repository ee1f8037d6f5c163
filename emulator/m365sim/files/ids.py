"""Identifiers of SharePoint objects, minted byte for byte as the real service composes them.

A *uid* here is a GUID in the byte order Windows stores it (`bytes_le`), because every public id
embeds it so. Shapes were decoded from recorded responses; see also
https://learn.microsoft.com/graph/api/resources/driveitem
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from uuid import UUID

#: Every drive's root item has this GUID; only the drive's prefix tells roots apart.
ROOT_UID = UUID("ea8cc6be-ffdb-43d7-976f-bc7da445c639").bytes_le

_FIELDS = struct.Struct("<IHH8s")

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = range(150, -1, -10)


def mint_uid(*names: object) -> bytes:
    """Derive a uid from names: equal names, equal uid."""
    digest = hashlib.blake2b("\0".join(map(str, names)).encode(), digest_size=16).digest()
    return UUID(bytes=digest, version=4).bytes_le


def guid_of(uid: bytes) -> str:
    """Write a uid as a lower-case GUID."""
    first, second, third, rest = _FIELDS.unpack(uid)
    tail = rest.hex()
    return f"{first:08x}-{second:04x}-{third:04x}-{tail[:4]}-{tail[4:]}"


def upper_guid_of(uid: bytes) -> str:
    """Write a uid as an upper-case GUID, the form inside eTags."""
    return guid_of(uid).upper()


def uid_of(guid: str) -> bytes | None:
    """Read a GUID in any case, with or without braces; None when it is none."""
    try:
        return UUID(guid).bytes_le
    except ValueError:
        return None


def drive_id(site: bytes, web: bytes, library: bytes) -> str:
    """Compose `b!` and the three uids in base64url: 66 characters."""
    return "b!" + base64.urlsafe_b64encode(site + web + library).decode()


def item_id(prefix: bytes, uid: bytes) -> str:
    """Compose `01` and the drive's four bytes and the uid in base32: 34 characters."""
    # Ten bits at a time: three times as fast as `base64.b32encode`, and a delta page does it often.
    bits, pairs = int.from_bytes(prefix + uid, "big"), _PAIRS
    return "01" + "".join([pairs[bits >> shift & 1023] for shift in _SHIFTS])


def parse_item_id(text: str) -> tuple[bytes, bytes] | None:
    """Split an item id into the drive's prefix and the uid; None when it has another shape."""
    if len(text) != 34 or not text.startswith("01"):
        return None
    try:
        raw = base64.b32decode(text[2:])
    except binascii.Error:
        return None
    return raw[:4], raw[4:]
