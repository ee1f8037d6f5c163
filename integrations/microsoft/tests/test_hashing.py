"""quickXorHash against known answers, and against the emulator's own."""

import base64
from random import Random

import pytest

from fairlead_microsoft.graph.hashing import quick_xor_hash
from m365sim.files import quickxor


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        ("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
        ("tbQ=", "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
        ("0pZP", "0rDEEwAAAAAAAAAAAwAAAAAAAAA="),
        ("jRRDVA==", "jaDAEKgAAAAAAAAABAAAAAAAAAA="),
    ],
)
def test_known_answers(content: str, digest: str) -> None:
    assert quick_xor_hash(base64.b64decode(content)) == digest


@pytest.mark.parametrize("length", [15, 19, 20, 159, 160, 161, 4_000])
def test_agrees_with_the_emulator(length: int) -> None:
    content = Random(length).randbytes(length)
    assert quick_xor_hash(content) == quickxor.quick_xor_hash(content)
