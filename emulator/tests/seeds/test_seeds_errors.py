"""A tenant file that is not in order: one line with file, line and reason, and exit status 2."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from m365sim.bad_file import BadFile
from m365sim.cli import app
from m365sim.world import build_world

HEAD = "tenant: {name: fabrikam}\n"
ROBOT = "6a000000-0000-4000-8000-000000000002"

#: What the file says after the head (or, with ! ahead, instead of it), the line, the reason.
CASES = [
    ("!", None, "a mapping of keys to values was expected"),
    ("!- a\n- b\n", 1, "a mapping of keys to values was expected"),
    ("!users: []\n", 1, "tenant: is missing"),
    ("!tenant: {name: Fabrikam Ltd}\n", 1, "tenant.name: a host label was expected"),
    ("!tenant:\n  name: a\n  domain: nowhere\n", 3, "tenant.domain: a domain was expected"),
    ("!tenant:\n  name: a\n  id: '12'\n", 3, "tenant.id: a GUID was expected"),
    ("!tenant:\n  name: 7\n", 2, "tenant.name: input should be a valid string"),
    ("!tenant:\n  name: a\n name: b\n", 3, "did not find expected key|expected <block end>"),
    ("!tenant: {name: a\n", None, "expected"),
    ("!tenant: !!python/object:os.system {}\n", None, "."),
    ("users:\n  - upn: a\n  - upn: b\n    color: red\n", 5, r"users\[2\].color: is not known here"),
    ("users:\n  - name: a\n", 3, r"users\[1\]: a user has either a upn or is a guest"),
    ("users:\n  - upn: a\n  - upn: A\n", 4, r"users\[2\].upn: A@fabrikam.onmicrosoft.com is there"),
    ("users:\n  - upn: a@other.com\n", 3, r"users\[1\].upn: a@other.com is not of fabrikam"),
    ("users:\n  - guest: nobody\n", 3, "a guest has an e-mail address"),
    ("users:\n  - upn: a\n    admin: perhaps\n", 4, r"admin: input should be a valid boolean"),
    ("users:\n  - upn: a\n    upn: b\n", 4, "the key 'upn' is there twice"),
    ("users: &u\n  - *u\n", 2, "aliases make it endless|did not find|found undefined"),
    ("users:\n  - {[a]: b}\n", 3, "a key must be a plain text"),
    ("policies:\n  - name: A\n", 3, "a policy has a control or a sign_in_frequency"),
    ("policies:\n  - name: A\n    control: hope\n", 4, r"policies\[1\].control: "),
    (
        "policies:\n  - name: A\n    control: mfa\n    users: [zoe]\n",
        5,
        r"users\[1\]: there is no user zoe",
    ),
    (
        "policies:\n  - name: A\n    control: mfa\n    targets: [mail]\n",
        5,
        r"targets\[1\]: mail is neither graph nor sharepoint nor the client id of an app",
    ),
    ("groups:\n  - name: A\n    members: [zoe]\n", 4, r"members\[1\]: there is no user and no group zoe"),
    ("groups:\n  - name: A\n  - name: a\n", 4, r"groups\[2\].name: there is a group a already"),
    ("apps:\n  - id: 1\n    name: x\n", 3, r"apps\[1\].id: input should be a valid string"),
    (f"apps:\n  - id: {ROBOT}\n", 3, r"apps\[1\].name: is missing"),
    (
        f"apps:\n  - id: {ROBOT}\n    name: x\n    certificates: [no.pem]\n",
        5,
        r"certificates\[1\]: no.pem: No such file",
    ),
    (
        f"apps:\n  - id: {ROBOT}\n    name: x\n    certificates: [tenant.yaml]\n",
        5,
        r"certificates\[1\]: tenant.yaml is no certificate",
    ),
    (
        f"apps:\n  - id: {ROBOT}\n    name: x\n    application:\n      graph: ['Sites Read']\n",
        6,
        "the name of a permission was expected",
    ),
    (
        f"apps:\n  - {{id: {ROBOT}, name: x}}\n  - {{id: {ROBOT}, name: x}}\n",
        4,
        r"apps\[2\].id: another app has that id",
    ),
    (
        f"apps:\n  - id: {ROBOT}\n    name: x\n    secrets:\n      - value: a\n        expires: 2026-13-01\n",
        7,
        "month must be in 1..12|valid datetime",
    ),
    (f"consents:\n  - app: {ROBOT}\n", 3, r"consents\[1\].app: there is no app"),
    (
        f"users: [{{upn: a}}]\nconsents:\n  - app: {ROBOT}\n    user: a\n    application: {{graph: [Sites.Read.All]}}\n",
        4,
        "only an admin consents to application permissions",
    ),
    ("sites:\n  - path: /sites/a\n", 3, r"sites\[1\].title: is missing"),
    ("sites:\n  - path: /elsewhere\n    title: A\n", 3, "a site is at /sites/NAME or /teams/NAME"),
    (
        "sites:\n  - {path: /sites/a, title: A}\n  - {path: /sites/A, title: A}\n",
        4,
        r"sites\[2\].path: there is a site at /sites/A already",
    ),
    ("sites:\n  - title: A\n    owners: [zoe]\n", 4, r"owners\[1\]: there is no user and no group zoe"),
    (
        "sites:\n  - title: A\n    subsites:\n      - title: B\n",
        5,
        "a subsite has a path below its parent's",
    ),
    (
        "sites:\n  - title: A\n    subsites:\n      - path: b\n        title: B\n        owners: []\n",
        7,
        "a subsite has the groups of its site collection",
    ),
    (
        "sites:\n  - title: A\n    subsites:\n      - path: b\n        title: B\n        team: true\n",
        7,
        "a subsite belongs to no group",
    ),
    (
        "sites:\n  - title: A\n    groups:\n      - name: A Owners\n",
        5,
        r"groups\[1\].name: the site has a group A Owners already",
    ),
    (
        f"sites:\n  - title: A\n    selected:\n      - app: {ROBOT}\n        roles: [read]\n",
        5,
        "there is no app",
    ),
    (
        f"sites:\n  - title: A\n    selected:\n      - app: {ROBOT}\n        roles: [all]\n",
        6,
        r"roles\[1\]: input should be 'read'",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - title: B\n      - title: b\n",
        6,
        r"libraries\[2\].title: the site has a library at b already",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - mirror: nowhere\n",
        5,
        "there is no folder nowhere",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - text: a\n",
        6,
        "an item is either a folder or a file",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n            text: a\n            size: 1\n",
        6,
        "the content of a file is one of text, size and from",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n            size: -1\n",
        7,
        "greater than or equal to 0",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a*b\n",
        6,
        r"items\[1\].file: The provided name cannot contain",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n          - file: A\n",
        7,
        "A is there twice",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n            from: gone.txt\n",
        7,
        r"items\[1\].from: gone.txt: No such file",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n            fields: {Ship: x}\n",
        7,
        r"fields.Ship: there is no column Ship",
    ),
    (
        "sites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n            by: zoe\n",
        7,
        "there is no user zoe",
    ),
    (
        ("users: [{upn: a}]\nsites:\n  - title: A\n    libraries:\n      - items:\n          - file: a\n"
        "            permissions:\n              links:\n                - {scope: anonymous, to: [a]}\n"),
        10,
        "only a link of scope users is for certain people",
    ),
    (
        "sites:\n  - title: A\n    lists:\n      - title: L\n        columns:\n          - {name: A, colour: {}}\n",
        7,
        r"columns\[1\]: ",
    ),
    (
        ("sites:\n  - title: A\n    lists:\n      - title: L\n        columns:\n          - name: B\n"
        "            lookup: {list: M}\n"),
        8,
        "lookup.list: there is no list M in the site",
    ),
    (
        ("sites:\n  - title: A\n    lists:\n      - title: L\n        columns: [{name: N, number: {}}]\n"
        "        items:\n          - {N: many}\n"),
        8,
        r"items\[1\].N: ",
    ),
    (
        ("users: [{upn: a}]\nsites:\n  - title: A\n    lists:\n      - title: L\n"
        "        columns: [{name: P, personOrGroup: {}}]\n        items:\n          - {P: zoe}\n"),
        9,
        r"items\[1\].P: there is no user zoe",
    ),
    (
        ("sites:\n  - title: A\n    lists:\n      - title: M\n      - title: L\n"
        "        columns: [{name: K, lookup: {list: M}}]\n        items:\n          - {K: 3}\n"),
        9,
        "K finds no item 3",
    ),
    ("sites:\n  - title: A\n    lists:\n      - title: L\n        template: documentLibrary\n", 6, "a library stands under libraries"),
    ("sites:\n  - title: A\n    lists:\n      - title: L\n        template: odd\n", 5, r"lists\[1\].title: "),
    ("sites:\n  - title: A\n    lists:\n      - title: L\n      - title: l\n", 6, "is there already"),
    ("sites:\n  - title: A\n    pages:\n      - name: Home\n        title: H\n", 5, "must end in .aspx"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), CASES)
def test_the_first_fault_is_told_in_one_line(tmp_path, text, line, reason):
    path = tmp_path / "tenant.yaml"
    path.write_text(text.removeprefix("!") if text.startswith("!") else HEAD + text)
    with pytest.raises(BadFile) as caught:
        build_world(tenant_files=[path]).close()
    told = str(caught.value)
    assert "\n" not in told
    assert re.search(reason, told), told
    assert re.match(rf"{re.escape(str(path))}:\d+: .", told), told
    if line is not None:
        assert caught.value.line == line, told


def test_tenants_may_not_share_their_names(tmp_path):
    for name, text in (
        ("one", "name: one\n  id: 00000000-0000-4000-8000-000000000001"),
        ("same", "name: one"),
        ("domain", "name: two\n  domain: one.onmicrosoft.com"),
        ("id", "name: two\n  id: 00000000-0000-4000-8000-000000000001"),
    ):
        (tmp_path / f"{name}.yaml").write_text(f"tenant:\n  {text}\n")
    for other, line, key in (("same", 2, "name"), ("domain", 3, "domain"), ("id", 3, "id")):
        with pytest.raises(BadFile, match=rf"{other}.yaml:{line}: tenant.{key}: another tenant"):
            build_world(tenant_files=[tmp_path / "one.yaml", tmp_path / f"{other}.yaml"])


def test_an_app_of_another_tenant_is_consented_to_if_it_is_multi_tenant(tmp_path):
    app = f"apps:\n  - id: {ROBOT}\n    name: x\n    multi_tenant: %s\n"
    consent = f"consents:\n  - app: {ROBOT}\n    application: {{graph: [Sites.Read.All]}}\n"
    first, second = tmp_path / "one.yaml", tmp_path / "two.yaml"
    first.write_text("tenant: {name: one}\n" + consent)
    second.write_text("tenant: {name: two}\n" + app % "true")
    world = build_world(tenant_files=[first, second])
    roles = [world.directory.roles(one, ROBOT, "graph") for one in world.tenants]
    assert roles == [{"Sites.Read.All"}, frozenset()]
    second.write_text("tenant: {name: two}\n" + app % "false")
    with pytest.raises(BadFile, match=r"one.yaml:3: consents\[1\].app: x is another tenant's"):
        build_world(tenant_files=[first, second])


@pytest.mark.parametrize("command", ["serve", "proxy"])
def test_the_commands_end_with_2(tmp_path, command):
    path = tmp_path / "tenant.yaml"
    path.write_text("tenant:\n  name: fabrikam\n  colour: blue\n")
    extra = ["--ca-dir", str(tmp_path / "ca")] if command == "proxy" else []
    process = subprocess.run(
        [sys.executable, "-m", "m365sim", command, "--port", "0", "--tenant", str(path), *extra],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode == 2
    assert process.stderr == f"{path}:3: tenant.colour: is not known here\n"
    assert process.stdout == ""


def test_files_that_cannot_be_read(tmp_path):
    missing = CliRunner().invoke(
        app, ["serve", "--port", "0", "--tenant", str(tmp_path / "no.yaml")]
    )
    assert (missing.exit_code, missing.stderr) == (
        2,
        f"{tmp_path}/no.yaml: No such file or directory\n",
    )
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BadFile, match="is not UTF-8"):
        build_world(tenant_files=[odd])
    odd.write_text("tenant: a\0b")
    with pytest.raises(BadFile, match="is no YAML"):
        build_world(tenant_files=[odd])


def test_aliases_cannot_blow_up_the_memory(tmp_path):
    path = tmp_path / "laughs.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.write_text("\n".join(rows))
    with pytest.raises(BadFile, match="aliases make it endless"):
        build_world(tenant_files=[path])
