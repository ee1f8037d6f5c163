"""Ids are byte for byte what the real service composes; shapes were decoded from recordings."""

import base64
from uuid import UUID

import pytest

from m365sim.files import ids

UID = UUID("33333b59-2e33-47ab-ad18-f030c9f1166a").bytes_le


def test_drive_id_is_three_little_endian_guids_in_66_characters():
    made = ids.drive_id(ids.mint_uid("a"), ids.mint_uid("b"), ids.mint_uid("c"))
    assert made.startswith("b!")
    assert len(made) == 66
    raw = base64.urlsafe_b64decode(made[2:])
    assert raw == ids.mint_uid("a") + ids.mint_uid("b") + ids.mint_uid("c")


def test_item_id_is_prefix_and_little_endian_guid_in_base32():
    made = ids.item_id(b"\x01\x02\x03\x04", UID)
    assert len(made) == 34
    assert made.startswith("01")
    assert base64.b32decode(made[2:]) == b"\x01\x02\x03\x04" + UID
    assert ids.parse_item_id(made) == (b"\x01\x02\x03\x04", UID)


@pytest.mark.parametrize("prefix", [b"\x00\x00\x00\x00", b"abcd", b"\xff\xff\xff\xff"])
def test_every_root_id_ends_alike(prefix):
    assert ids.item_id(prefix, ids.ROOT_UID).endswith("6Y2GOVW7725BZO354PWSELRRZ")


@pytest.mark.parametrize(
    "text", ["", "root", "01", "01" + "a" * 32, "02" + "A" * 32, "01" + "0" * 32]
)
def test_other_texts_are_no_item_ids(text):
    assert ids.parse_item_id(text) is None


def test_guid_text_round_trips():
    assert ids.guid_of(UID) == "33333b59-2e33-47ab-ad18-f030c9f1166a"
    assert ids.upper_guid_of(UID) == "33333B59-2E33-47AB-AD18-F030C9F1166A"
    assert ids.uid_of("{33333B59-2E33-47AB-AD18-F030C9F1166A}") == UID
    assert ids.uid_of("nonsense") is None


def test_minting_is_repeatable():
    assert ids.mint_uid("x", 1) == ids.mint_uid("x", 1) != ids.mint_uid("x", 2)
    assert UUID(bytes_le=ids.mint_uid("x")).version == 4
