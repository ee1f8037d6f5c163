"""Every code block of the documents: it runs, or it is read and held to what there is.

Python either runs in the test that `RUN_BY` names, or here. Of console blocks, each `fairlead`
command must exist with its options. JSON and YAML must be just that.
"""

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from fairlead.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "emulator/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
#: pages whose Python needs a whole cloud -> the test that runs it
RUN_BY = {
    "docs/agents.md": "tests/walks/test_mcp.py",
    "docs/coming-from/your-own-code.md": "tests/walks/test_coming_from.py",
    "docs/client.md": "tests/walks/test_client_docs.py",
    "docs/write-an-integration.md": "tests/docs/test_write_an_integration.py",
    "README.md": "tests/docs/test_documents.py",
}
#: pages whose Python is only parsed, and why
READ_ONLY = {
    "CONTRIBUTING.md": "a part of a pack, in which its names are imported",
    "emulator/README.md": "parts of a test of the reader's own; emulator/tests run each call",
    "docs/realtime.md": "a part of a pack; tests/contract/engine/test_telling.py runs such a function",
}
#: languages whose blocks are not run, and why
NOT_RUN = {
    "js": "it is the front end's: tests/judges run the product's page in a browser",
    "text": "it is what something prints",
}
SHELLS = frozenset({"console", "sh", "shell", "bash"})


def blocks(*languages: str) -> list[Any]:
    found = []
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for number, (indent, language, text) in enumerate(_BLOCK.findall(page.read_text())):
            if language in languages:
                code = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
                found.append(pytest.param(name, code, id=f"{name}-{number}"))
    return found


def test_every_language_is_known() -> None:
    known = {"python", "json", "yaml", *SHELLS, *NOT_RUN}
    for page in PAGES:
        for _, language, _ in _BLOCK.findall(page.read_text()):
            assert language in known, f"{page.name}: {language}"


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python(page: str, code: str) -> None:
    if page in RUN_BY:
        assert Path(page).name in (ROOT / RUN_BY[page]).read_text()
        return
    if page in READ_ONLY:
        ast.parse(code)
        return
    exec(compile(code, page, "exec", dont_inherit=True), {"__name__": "page"})


@pytest.mark.parametrize(("page", "code"), blocks("json"))
def test_json(page: str, code: str) -> None:
    assert json.loads(code) is not None, page


@pytest.mark.parametrize(("page", "code"), blocks("yaml"))
def test_yaml(page: str, code: str) -> None:
    assert yaml.safe_load(code) is not None, page


def commands(code: str) -> list[list[str]]:
    """Return the words of each `fairlead` command of a block."""
    found = []
    for line in code.replace("\\\n", " ").splitlines():
        said = line.strip().removeprefix("$ ")
        for part in re.split(r"&&|\|(?!\|)", said):
            words = shlex.split(part, comments=True) if part.count("'") % 2 == 0 else []
            while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] == "./run"):
                words.pop(0)
            if words and words[0] == "fairlead":
                found.append(words[1:])
    return found


@pytest.mark.parametrize(("page", "code"), blocks(*SHELLS))
def test_commands_exist(page: str, code: str) -> None:
    for words in commands(code):
        command: Any = get_command(app)
        while words and hasattr(command, "commands") and not words[0].startswith("-"):
            assert words[0] in command.commands, f"{page}: fairlead {' '.join(words)}"
            command = command.commands[words.pop(0)]
        options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        for word in words:
            if word.startswith("--"):
                assert word.partition("=")[0] in options | {"--help"}, f"{page}: {word}"


def test_site_menu_names_pages_that_exist() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    named = set(re.findall(r": ([\w/-]+\.md)$", text, re.MULTILINE))
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    made = set(re.findall(r"^/docs/(\S+\.md)$", (ROOT / ".gitignore").read_text(), re.MULTILINE))
    assert named <= there | made
