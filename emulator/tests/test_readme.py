"""The README names what there is."""

from pathlib import Path

from m365sim.control import CONTROLS
from m365sim.harness.wishes import Wishes

README = Path(__file__).parents[1] / "README.md"


def test_every_noun_of_the_control_port_is_in_its_table():
    table = README.read_text().partition("## The control port\n")[2].partition("\n## ")[0]
    for verb, path, _ in CONTROLS:
        noun = path.removeprefix("/_m365sim/").partition("?")[0].partition("/")[0]
        assert noun in table, f"{verb} {path}"


def test_every_wish_of_the_marker_is_told():
    section = README.read_text().partition("## In a test\n")[2].partition("\n## ")[0]
    for name in Wishes.__dataclass_fields__:
        assert f"`{name}`" in section, name
