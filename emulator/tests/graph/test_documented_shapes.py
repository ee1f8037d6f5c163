"""What is answered has the keys and types of the example responses in Microsoft's reference.

The files in `shapes` hold these as facts: for each example the page it is on, the call it answers,
and its keys with the types of their values. A key of an example must be there, unless it is said to
be optional, and why; more keys may be there, since examples are shortened.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import yaml

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.notify import Answer
from m365sim.testing import app_token, delegated_token

SHAPES = Path(__file__).with_name("shapes")
FILES = sorted(SHAPES.glob("*.yaml"))
SCOPES = ["Sites.FullControl.All", "Files.ReadWrite.All", "User.Read"]
ROLES = ["Sites.FullControl.All", "User.Read.All", "Group.Read.All"]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


class Reader:
    """Makes the calls of one file, in one world, and keeps what later ones need."""

    def __init__(self, graph, world) -> None:
        self.graph, self.world = graph, world
        self.names: dict[str, str] = {}
        self.received: list[dict[str, Any]] = []
        world.notify.post = self._receive

    async def _receive(self, url, _, body):
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if not token:
            self.received.append(orjson.loads(body))
        return Answer(200, "text/plain", token[0].encode() if token else b"")

    async def prepare(self) -> None:
        """Find, or make, what the blanks of addresses stand for."""
        world, content = self.world, self.world.content
        site = content.site_at(content.host, "/sites/engineering")
        alex = world.directory.user_by_upn("alex@contoso.onmicrosoft.com")
        own = content.personal_site(alex.id).drives[0]
        self.become("user")
        await self.graph.call("PUT", "/me/drive/root:/p.png:/content", content=PNG)
        await self.graph.call("PUT", "/me/drive/root:/gone.txt:/content", content=b"x")
        root = content.site_at(content.host, "")
        pages = (await self.graph.json(f"/sites/{root.id}/pages"))["value"]
        self.names = {
            "site": site.id,
            "other-site": content.site_at(content.host, "/sites/people").id,
            "pages-site": root.id,
            "page": pages[1]["id"],
            "user": alex.id,
            "group": world.sharing.group_of(site).id,
            "app": DAEMON_APP_ID,
        }
        paths = {"item": "Notes.txt", "folder": "Drafts", "picture": "p.png", "victim": "gone.txt"}
        for name, path in paths.items():
            self.names[name] = own.item_id(own.resolve(own.root, [path]).uid)
        if "megan" in self.users:
            body = {"recipients": [{"alias": "megan"}], "roles": ["read"]}
            await self.graph.call("POST", "/me/drive/root:/Notes.txt:/invite", json=body)

    users: frozenset[str] = frozenset()

    def become(self, who: str) -> None:
        if who == "app":
            self.graph.token = app_token(self.world, roles=ROLES)
        else:
            name = "alex" if who == "user" else who
            self.graph.token = delegated_token(self.world, name, SCOPES)

    def filled(self, template: Any) -> Any:
        if isinstance(template, dict):
            return {key: self.filled(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self.filled(value) for value in template]
        if not isinstance(template, str):
            return template
        return re.sub(r"\{([a-z-]+)\}", lambda found: self.names.get(found[1], found[0]), template)

    async def answer(self, example: dict[str, Any]) -> Any:
        """Make the call of an example; return the body of the answer."""
        self.become(example.get("as", "user"))
        for earlier in example.get("before", ()):
            verb, _, path = earlier.partition(" ")
            await self.graph.call(verb, self.filled(path))
        if example["call"] in ("RECEIVE", "CHALLENGE"):
            if example["call"] == "CHALLENGE":
                self.world.notify.challenge()
            self.received.clear()
            await self.world.notify.pump()
            return self.received[0]
        verb, _, path = example["call"].partition(" ")
        options = {"headers": example.get("headers", {})}
        if "body" in example:
            options["json"] = self.filled(example["body"])
        if "content" in example:
            options["content"] = example["content"].encode()
        url = self.filled(path)
        if "/monitor/" in url:  # of the tenant host, which takes no token for it
            response = await self.graph.http.request(verb, url)
        else:
            response = await self.graph.call(verb, url, **options)
        assert response.status_code == example.get("status", 200), (url, response.text)
        body = response.json() if response.content else None
        for name, where in example.get("keep", {}).items():
            kind, _, header = where.partition(":")
            self.names[name] = response.headers[header] if kind == "header" else at(body, where)
        return body


def at(body: Any, path: str) -> Any:
    for part in [path] if path.startswith("@") else path.split("."):
        body = body[int(part)] if part.isdigit() else body[part]
    return body


def differences(shape: Any, value: Any, where: str, optional: dict[str, str]) -> list[str]:
    """List where a value is not of a shape."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        found = []
        for key, inner in shape.items():
            place = f"{where}.{key}".lstrip(".")
            if key in value:
                found += differences(inner, value[key], place, optional)
            elif place not in optional:
                found.append(f"{place} is missing")
        return found
    if isinstance(shape, list):
        if not isinstance(value, list) or (shape and not value):
            return [f"{where} is no list, or empty"]
        return [m for one in value if shape for m in differences(shape[0], one, where, optional)]
    if shape == "time":
        return [] if isinstance(value, str) and TIME.fullmatch(value) else [f"{where}: {value!r}"]
    for name in shape.split("|"):
        is_flag = isinstance(value, bool) and name != "boolean"
        if isinstance(value, TYPES[name]) and not is_flag:
            return []
    return [f"{where} is {value!r}"]


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_every_answer_fits_its_example(graph, world, file):
    examples = yaml.safe_load(file.read_text(encoding="utf-8"))
    reader = Reader(graph, world)
    reader.users = frozenset(example.get("as", "user") for example in examples)
    await reader.prepare()
    wrong = []
    for example in examples:
        body = await reader.answer(example)
        if "shape" not in example:
            assert body is None, example
            continue
        found = differences(example["shape"], body, "", example.get("optional", {}))
        wrong += [f"{example['page']}: {one}" for one in found]
    assert wrong == []
    assert not world.faults.traffic.not_modelled


def test_examples_are_told_with_their_pages_and_reasons():
    for file in FILES:
        for example in yaml.safe_load(file.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[a-z-]+", example["page"]), example
            assert example["call"], example
            assert all(example.get("optional", {"x": "y"}).values()), example


def test_differences_are_found():
    shape = {"a": "string", "b": [{"c": "integer"}], "d": {"e": "boolean"}, "t": "time"}
    right = {"a": "x", "b": [{"c": 1}], "d": {"e": True}, "t": "2026-01-01T00:00:00Z", "f": 1}
    assert differences(shape, right, "", {}) == []
    for wrong in (
        {"a": 1},
        {"a": None},
        {"b": [{"c": True}]},
        {"b": []},
        {"b": [{}]},
        {"d": []},
        {"t": "yesterday"},
    ):
        assert len(differences(shape, right | wrong, "", {})) == 1
    del right["a"]
    assert differences(shape, right, "", {}) == ["a is missing"]
    assert differences(shape, right, "", {"a": "a reason"}) == []
    assert differences("string|null", None, "", {}) == []
