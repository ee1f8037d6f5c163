"""quickXorHash, to check that bytes arrived whole.

Follows https://learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash: 160 bits, each
byte turned in 11 bits further than the one before, the length over the last 64 bits.
"""

import base64

_WIDTH_BITS = 160
_SHIFT_BITS = 11
_LENGTH_AT_BIT = 96


class QuickXor:
    """The hash of bytes that come in pieces."""

    def __init__(self) -> None:
        self._folded = 0  # 160 bytes, as one number
        self._length = 0

    def update(self, piece: bytes) -> None:
        """Take the next piece."""
        before = self._length % _WIDTH_BITS
        self._length += len(piece)
        # Bytes 160 apart are turned in equally far (160 * 11 is a multiple of 160): they are folded
        # first, rows upon rows, as whole numbers.
        rest = bytes(before) + piece
        rest += bytes(-len(rest) % _WIDTH_BITS)
        while len(rest) > _WIDTH_BITS:
            half = len(rest) // _WIDTH_BITS // 2 * _WIDTH_BITS
            low, high, odd = rest[:half], rest[half : 2 * half], rest[2 * half :]
            both = int.from_bytes(low, "little") ^ int.from_bytes(high, "little")
            self._folded ^= int.from_bytes(odd, "little")
            rest = both.to_bytes(half, "little")
        self._folded ^= int.from_bytes(rest, "little")

    def digest(self) -> str:
        """Return the hash in its usual form, base64."""
        cells = 0
        for offset, byte in enumerate(self._folded.to_bytes(_WIDTH_BITS, "little")):
            cells ^= byte << (offset * _SHIFT_BITS % _WIDTH_BITS)
        mask = (1 << _WIDTH_BITS) - 1
        cells = (cells & mask) ^ (cells >> _WIDTH_BITS)
        cells ^= self._length << _LENGTH_AT_BIT
        return base64.b64encode((cells & mask).to_bytes(_WIDTH_BITS // 8, "little")).decode()


def quick_xor_hash(content: bytes) -> str:
    """Return the hash of bytes, base64."""
    whole = QuickXor()
    whole.update(content)
    return whole.digest()
