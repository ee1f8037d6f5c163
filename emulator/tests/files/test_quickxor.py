"""QuickXorHash against published vectors and against the definition, bit by bit."""

import base64
import random

import pytest

from m365sim.files.quickxor import QuickXor, quick_xor_hash

VECTORS = [
    ("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ("Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
    ("tbQ=", "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
    ("/aNzzCFPS/A=", "/RjFHJgRgicsAR4ACAAAAAAAAAA="),
    ("i+UZyUGJKh+ISbk=", "iyhHBpIRhESo4AOIQ0IuAAAAAAA="),
    ("T6LYJIfDh81JrAK309H2JMJTXis=", "zBTHrspn3mEcohlJdIUAbjGNaNg="),
    ("NbYXsp5/K6mR+NmHwExjvWeWDJFnXTKWVlzYHoesp2E=", "wjuAuWDiq04qDt1R8hHWDDcwVoQ="),
]


def by_definition(content: bytes) -> str:
    bits = [0] * 160
    for index, byte in enumerate(content):
        for bit in range(8):
            bits[(11 * index + bit) % 160] ^= byte >> bit & 1
    raw = bytearray(
        sum(bits[8 * position + bit] << bit for bit in range(8)) for position in range(20)
    )
    for position, byte in enumerate(len(content).to_bytes(8, "little")):
        raw[12 + position] ^= byte
    return base64.b64encode(bytes(raw)).decode()


@pytest.mark.parametrize(("content", "expected"), VECTORS)
def test_published_vectors(content, expected):
    assert quick_xor_hash(base64.b64decode(content)) == expected


@pytest.mark.parametrize("length", [1, 19, 20, 21, 159, 160, 161, 319, 320, 321, 1000])
def test_agrees_with_the_definition(length):
    content = random.Random(length).randbytes(length)
    assert quick_xor_hash(content) == by_definition(content)


@pytest.mark.parametrize("size", [1, 7, 160, 200, 333])
def test_pieces_of_any_size_give_the_same_hash(size):
    content = random.Random(0).randbytes(1500)
    running = QuickXor()
    for offset in range(0, len(content), size):
        running.update(content[offset : offset + size])
    assert running.digest() == by_definition(content)
