"""What the judges share: parameters in, findings out, and a quickXorHash of their own."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any


def told() -> dict[str, Any]:
    """Read the parameters."""
    return json.loads(sys.argv[1])


def say(**findings: Any) -> None:
    """Print what was found."""
    json.dump(findings, sys.stdout)


def quick_xor(content: bytes) -> str:
    """Hash bytes as the published description says, bit by bit: slow and plain."""
    bits = 160
    whole = 0
    for number, byte in enumerate(content):
        shift = number * 11 % bits
        whole ^= byte << shift
    mask = (1 << bits) - 1
    folded = (whole & mask) ^ (whole >> bits)
    digest = bytearray(folded.to_bytes(20, "little"))
    for number, byte in enumerate(len(content).to_bytes(8, "little")):
        digest[12 + number] ^= byte
    return base64.b64encode(bytes(digest)).decode()


def content(size: int, seed: int = 1) -> bytes:
    """Make bytes that do not repeat soon."""
    block = b"".join(
        (number * 2654435761 + seed).to_bytes(8, "little") for number in range(size // 8 + 1)
    )
    return block[:size]
