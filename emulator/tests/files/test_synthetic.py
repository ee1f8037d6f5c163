"""A computed tree behaves like a stored one."""

import pytest

from m365sim.files.ids import ROOT_UID, mint_uid
from m365sim.files.item import SYSTEM
from m365sim.files.quickxor import quick_xor_hash
from m365sim.files.synthetic import SyntheticBlob, SyntheticTree


def tree(files: int) -> SyntheticTree:
    return SyntheticTree(mint_uid("tree"), files, 1_780_000_000, SYSTEM)


@pytest.mark.parametrize("files", [1, 99, 100, 101, 2_350])
def test_every_item_is_reached_from_the_root_once(files):
    made = tree(files)
    seen = []

    def walk(index):
        children = list(made.children(index))
        assert made.child_count(index) == len(children)
        for child in children:
            assert child > index
            assert made.item(child).parent == made.uid(index)
            seen.append(child)
            walk(child)

    walk(0)
    assert sorted(seen) == list(range(1, made.last + 1))
    assert sum(not made.is_folder(index) for index in seen) == files


def test_uids_read_back_to_the_index():
    made = tree(1_000_000)
    for index in (0, 1, 2, 101, 102, 500_000, made.last):
        assert made.index(made.uid(index)) == index
    assert made.uid(0) == ROOT_UID
    assert made.index(mint_uid("stranger")) is None
    assert made.index(tree(10).uid(5)) == 5
    assert tree(10).index(made.uid(made.last)) is None


def test_names_are_found_in_any_case_and_only_where_they_are():
    made = tree(2_350)
    for index in (1, 2, 101, 102, 2_000, made.last):
        item = made.item(index)
        assert made.find(made.index(item.parent), item.name.upper()) == index
    assert made.find(0, made.item(2).name) is None
    assert made.find(1, "Report 99999999.txt") is None
    assert made.find(0, "no digits") is None


@pytest.mark.parametrize("number", [0, 1, 7, 160, 12_345, 999_999, 12_345_678])
def test_hash_by_table_is_the_hash_of_the_content(number):
    blob = SyntheticBlob(number)
    content = b"".join(blob.chunks(0, blob.size))
    assert len(content) == blob.size
    assert blob.quick_xor_hash() == quick_xor_hash(content)
    assert b"".join(blob.chunks(5, 40)) == content[5:40]


def test_size_of_a_folder_is_that_of_its_files():
    made = tree(250)
    for index in (1, 102):
        files = [i for i in made.children(index) if not made.is_folder(i)]
        assert made.folder_bytes(index) == sum(made.item(i).size for i in files)


@pytest.mark.parametrize("number", [0, 3, 777, 123_456, 99_999_999])
def test_what_a_content_says_is_known_without_making_it(number):
    blob = SyntheticBlob(number)
    text = b"".join(blob.chunks(0, blob.size)).decode().lower()
    words = ["fairway", "ide", "document", f"{number:08d}", "line", "wharf", "00000777", "quiet,"]
    for word in words:
        assert blob.says([word]) == (word in text), word
    assert blob.says([]) is True
    assert blob.says(["document", "wharf"]) is False


@pytest.mark.parametrize(
    "words",
    [
        (), ("minutes",), ("plan", ".md"), ("folder",), ("older 00",), ("pilot",), ("document",),
        ("0012",), ("12",), ("7",), ("00000123",), ("offer 00000002.csv",), ("report", "77"),
        ("123456789",), ("nothing of the kind",), ("fairway was",), ("fairway", "minutes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_content", [True, False])
def test_what_may_say_some_words_is_known_without_looking(words, in_content):
    tree = SyntheticTree(b"seed" * 4, 2345, 1_700_000_000, SYSTEM)
    found = list(tree.candidates(words, in_content=in_content))

    def says(item):
        name = item.name.lower()
        missing = [word for word in words if word not in name]
        if not missing:
            return True
        return in_content and item.blob is not None and item.blob.says(missing)

    right = [index for index in range(1, tree.last + 1) if says(tree.item(index))]
    assert set(right) <= set(found)
    assert found == sorted(found)
    needs_no_digit = not any(map(str.isdigit, "".join(words)))
    if not in_content and needs_no_digit and len("".join(words)) > 1:
        assert found == right
    if words in {("00000123",), ("nothing of the kind",), ("offer 00000002.csv",)}:
        assert len(found) <= len(right) + 10
