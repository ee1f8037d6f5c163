"""A tree of any number of files that is computed from an index instead of being stored.

Index 0 is the root. After it come blocks of one folder and its files; folder `f` lies in folder `(f
- 1) // FANOUT` (0 = root), so a parent always has a smaller index than its child. An item's uid is
an invertible mix of the index, so ids read back to the index without a table; the content's filler
repeats every 160 bytes, so that its QuickXorHash is a table look-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from m365sim.files.ids import ROOT_UID
from m365sim.files.item import Actor, Item
from m365sim.files.quickxor import finish, turn

FILES_PER_FOLDER = 100
FANOUT = 20  # folders in a folder
STRIDE = FILES_PER_FOLDER + 1

_MASK = (1 << 64) - 1
_MIX = 0x9E3779B97F4A7C15  # odd, so multiplying by it can be undone modulo 2**64
_UNMIX = pow(_MIX, -1, 1 << 64)
_CHECK = 0xC2B2AE3D27D4EB4F

_EXTENSIONS = ("txt", "md", "csv", "html", "log")
_TITLES = ("Minutes", "Report", "Offer", "Invoice", "Protocol", "Draft", "Contract", "Plan")
_LINE = (
    b"The fairway was quiet, the tide was on the turn, and the pilot wrote it down line by line. "
    * 2
)[:159] + b"\n"
_WORDS = _LINE.decode().lower()
_DIGITS, _FOLDER_DIGITS = 8, 5
_KINDS = 40  # titles and extensions come round after as many
_RUN = re.compile(r"\d+")
_HEAD = b"Document %08d\n"
_OPENING, _FOLDER = "document ", "folder "
_HEAD_LENGTH = len(_HEAD % 0)
_DIGITS_AT = _HEAD.index(b"%")


class SyntheticTree:
    """The base of a drive: `files` files in folders of a hundred, none of them in memory."""

    def __init__(self, seed: bytes, files: int, started_at: int, author: Actor) -> None:
        self.files = files
        self.folders = -(-files // FILES_PER_FOLDER)
        self.last = files + self.folders  # the highest index
        self._started_at = started_at
        self._author = author
        self._salt = int.from_bytes(seed[:8], "little")
        self._check_salt = int.from_bytes(seed[8:16], "little")

    def uid(self, index: int) -> bytes:
        """Return the uid of the item of an index."""
        if index == 0:
            return ROOT_UID
        mixed = ((index ^ self._salt) * _MIX) & _MASK
        mixed ^= mixed >> 32
        check = ((mixed * _CHECK) + self._check_salt) & _MASK
        return (mixed | (check << 64)).to_bytes(16, "little")

    def index(self, uid: bytes) -> int | None:
        """Return the index behind a uid; None when it is none of this tree."""
        if uid == ROOT_UID:
            return 0
        both = int.from_bytes(uid, "little")
        mixed = both & _MASK
        if both >> 64 != ((mixed * _CHECK) + self._check_salt) & _MASK:
            return None
        mixed ^= mixed >> 32
        index = ((mixed * _UNMIX) & _MASK) ^ self._salt
        return index if 0 < index <= self.last else None

    def item(self, index: int) -> Item:
        """Compute the item of an index from 1 on."""
        block, place = divmod(index - 1, STRIDE)
        created_at = self._started_at - (index * 7919) % 31_536_000  # within the year before
        if place == 0:
            parent = self.folder_index((block) // FANOUT) if block >= FANOUT else 0
            return Item(
                self.uid(index),
                self.uid(parent),
                _folder_name(block + 1),
                True,
                created_at,
                created_at,
                self._author,
                self._author,
                None,
                1,
                0,
            )
        number = index - block - 2
        return Item(
            self.uid(index),
            self.uid(index - place),
            _file_name(number),
            False,
            created_at,
            created_at,
            self._author,
            self._author,
            SyntheticBlob(number),
        )

    @staticmethod
    def folder_index(folder: int) -> int:
        """Return the index of the folder of a number from 1 on; 0 is the root."""
        return (folder - 1) * STRIDE + 1 if folder else 0

    def is_folder(self, index: int) -> bool:
        """Tell whether the item of an index is a folder."""
        return index == 0 or (index - 1) % STRIDE == 0

    def children(self, index: int) -> Iterator[int]:
        """Yield the indexes directly below a folder: folders first."""
        if not self.is_folder(index):
            return
        folder = (index - 1) // STRIDE + 1 if index else 0
        first = folder * FANOUT + 1
        for child in range(first, min(first + FANOUT, self.folders + 1)):
            yield self.folder_index(child)
        if index:
            yield from range(index + 1, min(index + FILES_PER_FOLDER, self.last) + 1)

    def child_count(self, index: int) -> int:
        """Return how many items lie directly below a folder."""
        if not self.is_folder(index):
            return 0
        folder = (index - 1) // STRIDE + 1 if index else 0
        folders = max(0, min(FANOUT, self.folders - folder * FANOUT))
        return folders + (min(index + FILES_PER_FOLDER, self.last) - index if index else 0)

    def folder_bytes(self, index: int) -> int:
        """Sum the sizes of the files right in a folder."""
        if index == 0 or not self.is_folder(index):
            return 0
        first = (index - 1) // STRIDE * FILES_PER_FOLDER
        numbers = range(first, min(first + FILES_PER_FOLDER, self.files))
        return sum(map(_size, numbers))

    def find(self, parent: int, name: str) -> int | None:
        """Return the index of the child of that name, in any case."""
        digits = "".join(filter(str.isdigit, name))
        if not digits or len(digits) > _DIGITS:
            return None
        number = int(digits)
        for index in (self.folder_index(number), number + number // FILES_PER_FOLDER + 2):
            if 0 < index <= self.last and index in self.children(parent):
                known = self.item(index).name
                if known.lower() == name.lower():
                    return index
        return None

    def candidates(self, words: Sequence[str], *, in_content: bool) -> Iterator[int]:
        """Yield, in order, the indexes of what may say all words, and little else."""
        runs = [run for word in words for run in _RUN.findall(word)]
        longest = max(runs, key=len, default="")
        if len(longest) > 1:
            yield from self._with_digits(longest)
            return
        parts = [part for word in words for part in re.split(_RUN, word) if part]
        said = [part for part in parts if not (in_content and (part in _WORDS or part in _OPENING))]
        kinds = [all(part in _file_name(n).lower() for part in said) for n in range(_KINDS)]
        in_folders = all(part in _FOLDER for part in parts)
        if not any(kinds):
            numbers = range(1, self.folders + 1) if in_folders else range(0)
            yield from map(self.folder_index, numbers)
            return
        for index in range(1, self.last + 1):
            block, place = divmod(index - 1, STRIDE)
            if kinds[(index - block - 2) % _KINDS] if place else in_folders:
                yield index

    def _with_digits(self, run: str) -> Iterator[int]:
        """Yield the indexes of what has digits in its number."""
        folders = range(1, self.folders + 1)
        found = {self.folder_index(n) for n in folders if run in f"{n:0{_FOLDER_DIGITS}d}"}
        value, length = int(run), len(run)
        for ahead in range(_DIGITS - length + 1):
            after = 10 ** (_DIGITS - length - ahead)
            for head in range(10**ahead):
                first = (head * 10**length + value) * after
                if first >= self.files:
                    break
                numbers = range(first, min(first + after, self.files))
                found.update(n + n // FILES_PER_FOLDER + 2 for n in numbers)
        yield from sorted(found)


class SyntheticBlob:
    """The computed content of a synthetic file: a line with its number, then filler."""

    __slots__ = ("_number", "size")

    def __init__(self, number: int) -> None:
        self._number = number
        self.size = _size(number)

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash in base64, without making the content."""
        high, low = divmod(self._number, 10_000)
        ring = _FILLER[self.size % 320] ^ _HIGH[high] ^ _LOW[low]
        return finish(ring, self.size)

    def says(self, words: Iterable[str]) -> bool:
        """Tell whether all words, in lower case and without spaces, are in the content.

        Of a long content that is known without making it: no word goes beyond a line.
        """
        head = (_HEAD % self._number).decode().lower()
        if self.size >= _HEAD_LENGTH + 2 * len(_LINE):
            return all(word in head or word in _WORDS for word in words)
        text = b"".join(self.chunks(0, self.size)).decode().lower()
        return all(word in text for word in words)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`."""
        filler = _LINE * (self.size // len(_LINE) + 1)
        yield (_HEAD % self._number + filler[_HEAD_LENGTH : self.size])[start:stop]


def _size(number: int) -> int:
    return _HEAD_LENGTH + (number * 2_654_435_761 >> 7) % 40_000


def _folder_name(number: int) -> str:
    return f"Folder {number:0{_FOLDER_DIGITS}d}"


def _file_name(number: int) -> str:
    return f"{_TITLES[number % 8]} {number:08d}.{_EXTENSIONS[number % 5]}"


def _filler_rings() -> list[int]:
    # The ring of the first n bytes of endless filler with an empty number in its head. Two rows
    # cancel each other out, so n modulo 320 is enough; the head is there for every n.
    rings = []
    filler = _LINE + _LINE
    ring = 0
    for length in range(320):
        rings.append(ring)
        ring ^= turn(filler[length : length + 1], length)
    blank = turn(_HEAD % 0) ^ turn(filler[:_HEAD_LENGTH])
    return [ring ^ blank for ring in rings]


def _digit_rings(first: int) -> list[int]:
    # What four digits of the number, from place `first` of it on, change in the ring against zeros.
    zeros = turn(b"0000", _DIGITS_AT + first)
    return [zeros ^ turn(b"%04d" % number, _DIGITS_AT + first) for number in range(10_000)]


_FILLER = _filler_rings()
_HIGH = _digit_rings(0)
_LOW = _digit_rings(4)
