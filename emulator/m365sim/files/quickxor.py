"""QuickXorHash, the only content hash that SharePoint publishes.

https://learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash

Byte `i` is XORed into a 160-bit ring at bit `11 * i mod 160`. As 11 and 160 share no factor, bytes
that are 160 apart land on the same bits, so a file is first folded into one row of 160 bytes (a
big-integer XOR), and the ring is turned only once, at the end. The length is XORed into the last 8
bytes.
"""

from __future__ import annotations

import base64

_ROW = 160  # bytes after which the bit position repeats
_RING = (1 << 160) - 1
_STRIDE = 11  # bits


class QuickXor:
    """A running hash; feed it with `update`."""

    def __init__(self) -> None:
        self._row = 0  # 160 bytes, little endian
        self._length = 0

    def update(self, chunk: bytes | memoryview) -> None:
        """Take in the next bytes of the file."""
        view = memoryview(chunk)
        start = self._length % _ROW
        self._length += len(view)
        row = self._row
        if start:
            head, view = view[: _ROW - start], view[_ROW - start :]
            row ^= int.from_bytes(head, "little") << (8 * start)
        for offset in range(0, len(view), _ROW):
            row ^= int.from_bytes(view[offset : offset + _ROW], "little")
        self._row = row

    def ring(self) -> int:
        """Return the 160 bits before the length is mixed in."""
        return turn(self._row.to_bytes(_ROW, "little"))

    def digest(self) -> str:
        """Return the hash as Graph writes it: base64 of 20 bytes."""
        return finish(self.ring(), self._length)


def turn(row: bytes, first: int = 0) -> int:
    """Place bytes on the ring; `first` is the offset in the file of the first of them."""
    ring = 0
    for offset, byte in enumerate(row, first):
        shifted = byte << (_STRIDE * offset % _ROW)
        ring ^= (shifted & _RING) ^ (shifted >> _ROW)
    return ring


def finish(ring: int, length: int) -> str:
    """Mix the length into a ring and write it in base64."""
    mixed = ring ^ (length << 96)  # the last 8 of 20 bytes, little endian
    return base64.b64encode(mixed.to_bytes(20, "little")).decode()


def quick_xor_hash(content: bytes) -> str:
    """Hash bytes that are all in memory."""
    running = QuickXor()
    running.update(content)
    return running.digest()
