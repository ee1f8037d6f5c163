"""Delta rounds: fixed when they begin, complete, parents first, and nothing lost between two rounds."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m365sim.files.blob import MemoryBlob
from m365sim.files.changes import DeltaToken
from m365sim.files.problems import BadToken, Refused, TokenExpired


@pytest.fixture(params=[0, 250], ids=["stored", "computed"])
def big(request, content, site):
    return content.add_drive(site, "Big", "Big", synthetic_files=request.param)


def read(content, drive, text=None, *, limit=40, echo=True, between=None):
    """Page through a round: its entries and the text of its deltaLink token."""
    token = content.rounds.open(drive, text, content.clock.now(), echo=echo)
    entries = []
    while True:
        page = content.rounds.page(drive, token, limit)
        assert len(page.entries) <= limit
        entries += page.entries
        if page.is_last:
            return entries, page.token.write()
        if between:
            between()
        again = content.rounds.open(drive, page.token.write(), content.clock.now(), echo=echo)
        assert again == page.token
        token = again


def apply(known, entries):
    """Do what a client does: the last word on an id counts, and deletes cascade."""
    for item, gone in entries:
        if gone:
            known.pop(item.uid, None)
        else:
            known[item.uid] = (item.parent, item.name, item.version)


def swept(known):
    """Leave out what hangs below something that is gone."""
    kept = {}
    for uid, (parent, name, version) in known.items():
        above = parent
        while above is not None and above in known:
            above = known[above][0]
        if above is None:
            kept[uid] = (parent, name, version)
    return kept


def truth(drive):
    found = {drive.root.uid: (None, "root", drive.root.version)}
    for item in drive.walk(drive.root):
        found[item.uid] = (item.parent, item.name, item.version)
    return found


def put(drive, parent, name, text, by):
    return drive.put_file(parent, name, MemoryBlob(text.encode()), by)[0]


def test_first_round_lists_everything_once_and_parents_first(content, big, alex):
    late = big.create_folder(big.root, "Late", alex)
    if big.base:
        moved = big.live(big.base.uid(1))
        big.update(moved, alex, parent=late)  # a computed folder below one that came later
    entries, _ = read(content, big)
    seen = set()
    for item, gone in entries:
        assert not gone
        assert item.uid not in seen
        assert item.parent is None or item.parent in seen
        seen.add(item.uid)
    assert seen == truth(big).keys()
    assert entries[0][0].parent is None


def test_nothing_changed_gives_nothing(content, big):
    _, token = read(content, big)
    entries, again = read(content, big, token)
    assert entries == []
    assert DeltaToken.read(again, big.library).until == DeltaToken.read(token, big.library).until


def test_a_round_shows_the_drive_as_it_was_when_it_began(content, big, alex):
    kept = put(big, big.root, "kept.txt", "1", alex)
    doomed = put(big, big.root, "doomed.txt", "1", alex)
    before = truth(big)
    done = []

    def meddle():
        if not done:
            big.update(kept, alex, name="renamed.txt")
            big.delete(doomed)
            put(big, big.root, "new.txt", "1", alex)
            if big.base:
                big.delete(big.live(big.base.uid(1)))
            done.append(True)

    entries, token = read(content, big, limit=1, between=meddle)
    known = {}
    apply(known, entries)
    assert known == before
    entries, _ = read(content, big, token)
    apply(known, entries)
    assert swept(known) == truth(big)


def test_each_item_is_listed_once_in_its_latest_state(content, drive, alex):
    item = put(drive, drive.root, "a.txt", "1", alex)
    _, token = read(content, drive)
    for number in range(5):
        item = drive.update(item, alex, name=f"a{number}.txt")
    entries, _ = read(content, drive, token, echo=False)
    assert [(entry.name, gone) for entry, gone in entries] == [("a4.txt", False)]


def test_folders_above_a_change_are_listed_unless_refused(content, drive, alex):
    one = drive.create_folder(drive.root, "One", alex)
    two = drive.create_folder(one, "Two", alex)
    put(drive, drive.root, "other.txt", "1", alex)
    _, token = read(content, drive)
    put(drive, two, "a.txt", "1", alex)
    names = [item.name for item, _ in read(content, drive, token)[0]]
    assert names == ["root", "One", "Two", "a.txt"]
    names = [item.name for item, _ in read(content, drive, token, echo=False)[0]]
    assert names == ["a.txt"]


def test_renaming_a_folder_lists_only_the_folder(content, drive, alex):
    folder = drive.create_folder(drive.root, "F", alex)
    put(drive, folder, "a.txt", "1", alex)
    _, token = read(content, drive)
    drive.update(folder, alex, name="G")
    entries, _ = read(content, drive, token, echo=False)
    assert [item.name for item, _ in entries] == ["G"]


def test_deleting_a_folder_lists_the_folder_and_on_demand_its_children(content, drive, alex):
    one, two = (drive.create_folder(drive.root, name, alex) for name in ("One", "Two"))
    put(drive, one, "a.txt", "1", alex)
    put(drive, two, "b.txt", "1", alex)
    _, token = read(content, drive)
    drive.delete(one)
    drive.delete(two, report_children=True)
    entries, _ = read(content, drive, token)
    assert [(item.name, gone) for item, gone in entries] == [
        ("One", True),
        ("Two", True),
        ("b.txt", True),
    ]


def test_restoring_a_folder_lists_what_came_back_under_the_same_ids(content, big, alex):
    folder = big.create_folder(big.root, "F", alex)
    item = put(big, folder, "a.txt", "1", alex)
    if big.base:
        folder = big.live(big.base.uid(1))
    known = {}
    entries, token = read(content, big)
    apply(known, entries)
    big.delete(folder)
    entries, token = read(content, big, token)
    apply(known, entries)
    known = swept(known)
    assert folder.uid not in known
    big.restore(folder.uid)
    entries, _ = read(content, big, token)
    apply(known, entries)
    assert known == truth(big)
    assert item.uid in known


def test_created_and_deleted_between_rounds_is_a_deletion_of_something_unknown(
    content, drive, alex
):
    _, token = read(content, drive)
    item = put(drive, drive.root, "a.txt", "1", alex)
    drive.delete(item)
    assert [gone for _, gone in read(content, drive, token)[0]] == [True]


def test_latest_is_empty_and_starts_from_now(content, drive, alex):
    put(drive, drive.root, "a.txt", "1", alex)
    entries, token = read(content, drive, "latest")
    assert entries == []
    put(drive, drive.root, "b.txt", "1", alex)
    names = [item.name for item, _ in read(content, drive, token, echo=False)[0]]
    assert names == ["b.txt"]


def test_a_time_stands_for_the_changes_since(content, drive, alex, clock):
    put(drive, drive.root, "a.txt", "1", alex)
    clock.advance(timedelta(hours=1))
    moment = clock.now().isoformat()
    clock.advance(timedelta(hours=1))
    put(drive, drive.root, "b.txt", "1", alex)
    names = [item.name for item, _ in read(content, drive, moment, echo=False)[0]]
    assert names == ["b.txt"]
    before_it_all = (clock.now() - timedelta(days=30)).isoformat()
    assert len(read(content, drive, before_it_all)[0]) == 3
    with pytest.raises(TokenExpired):
        read(content, drive, "2020-01-01T00:00:00Z")


def test_tokens_expire_with_age_and_on_command_also_while_paging(content, big, alex, clock):
    put(big, big.root, "a.txt", "1", alex)
    put(big, big.root, "b.txt", "1", alex)
    _, token = read(content, big)
    opened = content.rounds.open(big, None, clock.now(), echo=True)
    page = content.rounds.page(big, opened, 1)
    assert not page.is_last
    content.expire_delta_tokens()
    for text in (token, page.token.write()):
        with pytest.raises(TokenExpired):
            content.rounds.open(big, text, clock.now(), echo=True)
    known = {}
    entries, token = read(content, big)
    apply(known, entries)
    assert known == truth(big)
    clock.advance(timedelta(days=59))
    read(content, big, token)
    clock.advance(timedelta(days=2))
    with pytest.raises(TokenExpired):
        read(content, big, token)


@pytest.mark.parametrize("text", ["nonsense", "AAAA", "", "2026-99-99T00:00:00Z", "öäü"])
def test_broken_tokens_are_told_apart(content, drive, clock, text):
    with pytest.raises(BadToken):
        content.rounds.open(drive, text, clock.now(), echo=True)


def test_token_of_another_drive_is_refused(content, site, drive):
    other = content.add_drive(site, "Other", "Other")
    _, token = read(content, other)
    with pytest.raises(BadToken):
        read(content, drive, token)


def test_token_of_a_log_that_began_anew_is_expired(content, drive, clock):
    for foreign in (
        DeltaToken(drive.library, clock.now(), 10_000),
        DeltaToken(drive.library, clock.now() - timedelta(minutes=1), 0),
    ):
        with pytest.raises(TokenExpired):
            read(content, drive, foreign.write())


def test_token_has_the_shape_that_was_recorded(drive, clock):
    text = DeltaToken(drive.library, clock.now(), 5).write()
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    parts = raw.split(";")
    assert parts[:4] == ["4", "%234", "%231", "3"]
    assert parts[7:] == ["%23", "%23", "%230", "%23"]
    since_year_one = clock.now() - datetime(1, 1, 1, tzinfo=UTC)
    assert int(parts[5]) == since_year_one // timedelta(microseconds=1) * 10


def test_a_round_that_fell_out_of_the_cache_is_laid_out_again(content, drive, alex):
    for number in range(20):
        put(drive, drive.root, f"{number}.txt", "1", alex)
    token = content.rounds.open(drive, None, content.clock.now(), echo=True)
    first = content.rounds.page(drive, token, 5)
    expected = content.rounds.page(drive, first.token, 5).entries
    for number in range(20):
        put(drive, drive.root, f"later {number}.txt", "1", alex)
        read(content, drive)
    again = content.rounds.page(drive, first.token, 5).entries
    assert [item.uid for item, _ in again] == [item.uid for item, _ in expected]


Operation = st.tuples(
    st.sampled_from(["folder", "file", "edit", "rename", "move", "delete", "restore", "sync"]),
    st.integers(0, 1_000_000),
    st.integers(0, 1_000_000),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    operations=st.lists(Operation, max_size=40),
    limit=st.integers(1, 30),
    files=st.sampled_from([0, 130]),
)
def test_replaying_the_rounds_always_ends_at_the_truth(content, alex, operations, limit, files):
    site = content.add_site("/sites/p", "P")
    drive = content.add_drive(site, "P", "P", synthetic_files=files)
    known = {}
    entries, token = read(content, drive, limit=limit)
    apply(known, entries)
    for number, (verb, one, two) in enumerate(operations):
        items = [drive.root, *drive.walk(drive.root)]
        folders = [item for item in items if item.is_folder]
        folder, item = folders[one % len(folders)], items[two % len(items)]
        try:
            match verb:
                case "folder":
                    drive.create_folder(folder, f"f{two % 5}", alex)
                case "file":
                    put(drive, folder, f"n{two % 5}.txt", str(number), alex)
                case "edit" if not item.is_folder:
                    drive.replace_content(item, MemoryBlob(str(number).encode()), alex)
                case "rename":
                    drive.update(item, alex, name=f"r{one % 5}")
                case "move":
                    drive.update(item, alex, parent=folder)
                case "delete":
                    drive.delete(item)
                case "restore" if drive.bin():
                    drive.restore(drive.bin()[one % len(drive.bin())].uid)
                case "sync":
                    entries, token = read(content, drive, token, limit=limit)
                    apply(known, entries)
                    known = swept(known)
        except Refused:
            continue
    entries, token = read(content, drive, token, limit=limit)
    apply(known, entries)
    assert swept(known) == truth(drive)
    fresh = {}
    apply(fresh, read(content, drive, limit=limit)[0])
    assert fresh == truth(drive)
