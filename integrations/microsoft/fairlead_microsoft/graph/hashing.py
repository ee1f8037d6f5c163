"""quickXorHash, to check that bytes arrived whole.

Follows https://learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash: 160 bits, each
byte turned in 11 bits further than the one before, the length over the last 64 bits.
"""

import base64

_WIDTH_BITS = 160
_SHIFT_BITS = 11
_LENGTH_AT_BIT = 96


def quick_xor_hash(content: bytes) -> str:
    """Return the hash in its usual form, base64."""
    cells = 0
    # Bytes 160 apart are turned in equally far (160 * 11 is a multiple of 160): fold them first.
    for offset in range(min(len(content), _WIDTH_BITS)):
        folded = 0
        for byte in content[offset::_WIDTH_BITS]:
            folded ^= byte
        shift = offset * _SHIFT_BITS % _WIDTH_BITS
        cells ^= folded << shift
    mask = (1 << _WIDTH_BITS) - 1
    cells = (cells & mask) ^ (cells >> _WIDTH_BITS)
    cells ^= len(content) << _LENGTH_AT_BIT
    return base64.b64encode((cells & mask).to_bytes(_WIDTH_BITS // 8, "little")).decode()
