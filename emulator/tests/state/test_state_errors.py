"""A state file that will not do: one line with its name and the reason, and exit status 2."""

import pickle
import sqlite3
import stat
import subprocess
import sys

import pytest

from m365sim.bad_file import BadFile
from m365sim.clouds import CLOUDS
from m365sim.server import Options
from m365sim.state.codec import Reader, Unkeepable, Unreadable, Writer
from m365sim.tenant import BrowserSession, Directory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def made(path):
    """A file with contoso in it that nobody has open."""
    Options(state=path).build().close()
    return path


def refusal(path, **options):
    with pytest.raises(BadFile) as caught:
        Options(state=path, **options).build()
    told = str(caught.value)
    assert told.startswith(f"{path}: ")
    assert "\n" not in told
    return told.removeprefix(f"{path}: ")


def change(path, statement, *values):
    database = sqlite3.connect(path)
    with database:
        database.execute(statement, values)
    database.close()


def test_something_else_than_sqlite(path):
    path.write_text("tenant: contoso\n" * 200)
    assert refusal(path) == "is no state file of m365sim: file is not a database"


def test_somebody_elses_database(path):
    change(path, "CREATE TABLE mine (x)")
    assert refusal(path) == "is a SQLite file, but no state file of m365sim"


@pytest.mark.parametrize(("number", "age"), [(99, "a newer"), (0, "an older")])
def test_another_format(made, number, age):
    change(made, f"PRAGMA user_version = {number}")
    assert refusal(made) == f"was written by {age} m365sim, in format {number}"


def test_an_entity_of_another_version(made):
    raw, _ = Writer(lambda _: 1, None, None).write({"tenants": {}})
    change(made, "UPDATE entities SET state = ? WHERE class = 'm365sim.tenant:Directory'", raw)
    change(made, "UPDATE about SET value = '0.0.9' WHERE name = 'version'")
    told = refusal(made)
    assert told.startswith(
        "was written by m365sim 0.0.9 and does not fit 0.1.0: Directory without "
    )


def test_a_class_that_is_gone(made):
    change(made, "UPDATE entities SET class = 'm365sim.tenant:Guild' WHERE class LIKE '%:User'")
    assert "there is no class m365sim.tenant.Guild" in refusal(made)
    change(made, "UPDATE entities SET class = 'os:system' WHERE class LIKE '%:Guild'")
    assert "there is no class os.system" in refusal(made)
    change(made, "UPDATE entities SET class = 'm365sim.tenant:Tenant' WHERE class LIKE '%:system'")
    assert "Tenant is not kept as a row" in refusal(made)


def test_rows_that_are_damaged(made):
    change(made, "UPDATE entities SET state = x'00' WHERE class LIKE '%:Content'")
    assert refusal(made).startswith("was written by m365sim 0.1.0 and does not fit 0.1.0: ")
    change(made, "DELETE FROM about WHERE name = 'tenants'")
    assert refusal(made) == "is damaged: KeyError('tenants')"


def test_pages_that_are_damaged(made):
    content = bytearray(made.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    made.write_bytes(content)
    assert refusal(made).startswith("is damaged: ")


def test_an_entity_that_others_need_is_missing(made):
    change(made, "DELETE FROM entities WHERE class LIKE '%:Drive'")
    assert "there is no entity" in refusal(made)


def test_another_cloud(made):
    assert refusal(made, cloud=CLOUDS["china"]) == "holds a tenant of the cloud global"


def test_a_file_that_is_in_use(path):
    world = Options(state=path).build()
    try:
        assert refusal(path) == "is in use by another process"
    finally:
        world.close()
    Options(state=path).build().close()


def test_places_where_no_file_can_be(tmp_path):
    assert refusal(tmp_path / "nowhere" / "state.db") == "cannot be used: No such file or directory"
    assert refusal(tmp_path).startswith("cannot be used: ")


def test_only_its_owner_may_read_it(made):
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    folder = made.with_name("state.db.files")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_start_that_never_finished_leaves_a_file_that_can_be_used(path):
    path.touch()
    Options(state=path).build().close()
    change(path, "DROP TABLE about")
    for table in ("entities", "history", "blobs"):
        change(path, f"DROP TABLE {table}")
    Options(state=path).build().close()


def test_a_seed_that_will_not_do_leaves_no_file(tmp_path, path):
    seed = tmp_path / "tenant.yaml"
    seed.write_text("tenant: {}\n")
    with pytest.raises(BadFile, match=r"tenant\.name: is missing"):
        Options(state=path, tenants=(seed,)).build()
    assert list(tmp_path.iterdir()) == [seed]
    faults = tmp_path / "faults.yaml"
    faults.write_text("fault: 1\n")
    for _ in range(2):  # the first attempt lets go of the file
        with pytest.raises(BadFile, match="fault: is not known here"):
            Options(state=path, faults=faults).build()


@pytest.mark.parametrize("command", ["serve", "proxy"])
def test_the_commands_end_with_2(tmp_path, path, command):
    path.write_text("no database" * 100)
    extra = ["--ca-dir", str(tmp_path / "ca")] if command == "proxy" else []
    process = subprocess.run(
        [sys.executable, "-m", "m365sim", command, "--port", "0", "--state", str(path), *extra],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    told = f"{path}: is no state file of m365sim: file is not a database\n"
    assert (process.returncode, process.stderr, process.stdout) == (2, told, "")


def nothing(reference):
    raise AssertionError(reference)


@pytest.mark.parametrize("value", [print, subprocess.Popen, sys.exit])
def test_a_row_can_name_nothing_but_our_own_values(value):
    with pytest.raises(Unreadable, match="there is no class"):
        Reader(pickle.dumps(value), nothing).read()


def test_a_row_cannot_make_entities_of_its_own():
    for entity in (Directory, BrowserSession("x")):
        with pytest.raises(Unreadable, match="within another object"):
            Reader(pickle.dumps(entity), nothing).read()


def test_what_cannot_be_kept_is_a_mistake_of_ours():
    writer = Writer(lambda _: 1, nothing, nothing)
    with pytest.raises(Unkeepable, match="the function"):
        writer.write({"a": lambda: None})
    with pytest.raises(Unkeepable, match="a method of"):
        writer.write({"a": CaseOf().method})


class CaseOf:
    def method(self):
        return None
