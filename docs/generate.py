"""Write the reference pages that are made from the code: errors, settings, functions.

`./run python docs/generate.py` writes them; with `--check` it only says which are out of date, as
the tests do.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from fairlead import errors, settings
from fairlead.model.function import Action, Sync
from fairlead.model.scopes import least_scopes
from fairlead.sdk import load_packs
from fairlead.sdk.schemas import input_schema, output_schema, record_schemas, schema_of

_MADE = re.compile(r"(<!-- made: (.+?) -->)\n.*?(<!-- end -->)", re.DOTALL)
HERE = Path(__file__).resolve().parent
_NOTE = "<!-- Made by docs/generate.py; change the code, then run it again. -->\n"
_WHO = {
    "caller": "whoever calls the API",
    "operator": "whoever runs fairlead",
    "end user": "the end user",
    "vendor": "nobody; the vendor's side",
    "author": "the function's author",
    "us": "us",
}


def errors_page() -> str:
    """Return the page of errors, one section a class, in the order of `errors.py`."""
    rows = ["# Errors", _NOTE]
    rows.append(
        "Every error has a `code` that programs may rely on, a message for people that says who "
        "must do what, and a class that decides the HTTP status and whether the same call may "
        "succeed later with nobody acting (*retryable*). A raise may give a more precise code or "
        "status than its class; the class is what tells who acts.\n\n"
        'On the wire: `{"error": {"code", "message", ...}}`; validation problems are listed in '
        "`errors`, each with a `path`.\n"
    )
    rows.append(f"```\n{_tree()}\n```\n")
    rows += ["| code | class | status | retryable | who acts |", "|---|---|---|---|---|"]
    classes = list(_classes(errors.FairleadError))
    for one in classes:
        retryable = "yes" if one.retryable else ""
        rows.append(
            f"| [`{one.code}`](#{one.code}) | {one.__name__} | {one.status} | {retryable} "
            f"| {_WHO[one.who]} |"
        )
    for one in classes:
        above = one.__mro__[1].__name__
        rows += [
            f'\n<a id="{one.code}"></a>',
            f"## {one.__name__}\n",
            f"`{one.code}`, status {one.status}, a kind of {above}.\n",
            inspect.cleandoc(one.__doc__ or ""),
        ]
    return "\n".join(rows) + "\n"


def settings_page() -> str:
    """Return the page of settings, in the order of `settings.py`."""
    comments = _comments(inspect.getsource(settings.Settings))
    rows = ["# Settings", _NOTE]
    rows.append(
        "Settings come from the environment. One that is missing or malformed is reported in a "
        "line that names it, and the command ends with code 2.\n"
    )
    rows += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in settings.Settings.model_fields.items():
        rows.append(
            f"| `FAIRLEAD_{name.upper()}` | {_default(field.get_default())} "
            f"| {comments[name].replace('|', chr(92) + '|')} |"
        )
    rows.append(
        "\n`fairlead serve` and `fairlead worker` need `FAIRLEAD_ENCRYPTION_KEY` and "
        "`FAIRLEAD_SECRET_KEY`. Keep the first: without it, stored credentials cannot be "
        "opened.\n\n"
        "## Of the pack for Microsoft\n\n"
        "| variable | default | meaning |\n|---|---|---|\n"
        "| `FAIRLEAD_MICROSOFT_CLOUD` | `global` | which cloud to talk to: `global`, `gcc-high`, "
        "`dod`, `china`, or the path of a JSON file with `login_url`, `graph_url` and "
        "`sharepoint_url` (which holds `{tenant}`); plain http only for the loopback |"
    )
    return "\n".join(rows) + "\n"


def functions_page() -> str:
    """Return the flat view of every function of the installed packs."""
    rows = ["# Functions", _NOTE]
    for pack in load_packs().packs:
        providers = ", ".join(f"`{name}`" for name in sorted(pack.providers))
        rows.append(f"Pack `{pack.name}`, providers {providers}.\n")
        for title, functions in (("Syncs", pack.syncs), ("Actions", pack.actions)):
            if functions:
                rows.append(f"## {title}\n")
            for _, function in sorted(functions.items()):
                rows += _sync(function) if isinstance(function, Sync) else _action(function)
    return "\n".join(rows).rstrip() + "\n"


def _sync(sync: Sync) -> list[str]:
    lines = [f"### {sync.name}\n", f"{sync.description}\n"]
    begins = "starts by itself" if sync.auto_start else "is started by a call"
    lines.append(
        f"Every {sync.every}, {begins}. Scopes: {_codes(sync.scopes)}. "
        f"[Vendor's page]({sync.source}).\n"
    )
    lines += ["Metadata:\n", *_fields(schema_of(sync.metadata_model))]
    for name, schema in record_schemas(sync).items():
        lines += [f"Record `{name}`:\n", *_fields(schema)]
    return lines


def _action(action: Action) -> list[str]:
    lines = [f"### {action.name}\n", f"{action.description}\n"]
    lines.append(f"Scopes: {_codes(action.scopes)}. [Vendor's page]({action.source}).\n")
    lines += ["Input:\n", *_fields(input_schema(action))]
    lines += ["Output:\n", *_fields(output_schema(action))]
    return lines


def _fields(schema: dict[str, Any]) -> list[str]:
    if "$ref" in schema:
        schema = {**schema, **_resolved(schema, schema)}
    if not schema.get("properties"):
        return [f"{_type(schema, schema) if schema.get('type') != 'object' else 'none'}\n"]
    rows = ["| field | type | |", "|---|---|---|"]
    required = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        must = "required. " if name in required else ""
        said = (field.get("description") or "").replace("\n", " ").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field, schema)} | {must}{said} |")
    return [*rows, ""]


def _type(field: dict[str, Any], whole: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        parts = [_type(one, whole) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), whole)}"
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    return str(field.get("type", "any"))


def _resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    name = str(schema["$ref"]).rpartition("/")[2]
    return dict(whole["$defs"][name])


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _classes(top: type[errors.FairleadError]) -> Iterator[type[errors.FairleadError]]:
    for one in vars(errors).values():
        if inspect.isclass(one) and issubclass(one, top):
            yield one


def _tree() -> str:
    lines = (errors.__doc__ or "").splitlines()
    return inspect.cleandoc("\n".join(line for line in lines if _is_drawing(line)))


def _is_drawing(line: str) -> bool:
    return line.startswith("    ")


def _comments(source: str) -> dict[str, str]:
    """Return the `#:` comment above each field."""
    found: dict[str, str] = {}
    said: list[str] = []
    for line in source.splitlines():
        text = line.strip()
        if text.startswith("#:"):
            said.append(text.removeprefix("#:").strip())
        elif said and ":" in text:
            found[text.partition(":")[0]] = " ".join(said)
            said = []
    return found


def _default(value: object) -> str:
    if value in (None, PydanticUndefined, "", ()) or isinstance(value, SecretStr):
        return ""
    return f"`{value}`"


def provider_page(name: str) -> str:
    """Return a provider's page, with what is told of its functions as the code says it now."""

    def made(found: re.Match[str]) -> str:
        kind, provider = found[2].split()
        lines = _permissions(provider) if kind == "permissions" else _begins(provider)
        return "\n".join([found[1], "", *lines, "", found[3]])

    text = (HERE / name).read_text(encoding="utf-8")
    return _MADE.sub(made, text)


def _functions_of(provider: str) -> list[Action | Sync]:
    registry = load_packs()
    return [*registry.syncs(provider), *registry.actions(provider)]


def _permissions(provider: str) -> list[str]:
    functions = _functions_of(provider)
    if not functions:
        return ["No functions: a call needs `Sites.Selected`, or more, of SharePoint's own API."]
    ladders = load_packs().provider(provider).scope_ladders
    syncs = {one.name: one.scopes for one in functions if isinstance(one, Sync)}
    every = {one.name: one.scopes for one in functions}
    rows = [
        f"- All syncs: {_codes(tuple(one.name for one in least_scopes(ladders, syncs)))}.",
        f"- All functions: {_codes(tuple(one.name for one in least_scopes(ladders, every)))}.",
        "",
        "| function | | least permissions | |",
        "|---|---|---|---|",
    ]
    for one in sorted(functions, key=lambda one: (isinstance(one, Action), one.name)):
        kind = "sync" if isinstance(one, Sync) else "action"
        link = f"[{one.name}](../functions.md#{one.name})"
        rows.append(f"| {link} | {kind} | {_codes(one.scopes)} | [vendor]({one.source}) |")
    return rows


_WHY_DRIVE_ITEMS = (
    "They are as elsewhere in the field, but for `drive-items`: it begins, with the libraries "
    "of the root site if none are named, because it is what most connect for, and costs one "
    "request a round where nothing changed. `POST /sync/pause` and `/sync/start` decide "
    "otherwise."
)


def _begins(provider: str) -> list[str]:
    syncs = [one for one in _functions_of(provider) if isinstance(one, Sync)]
    return [
        "| sync | when somebody connects |",
        "|---|---|",
        *(
            f"| `{one.name}` | {'begins by itself' if one.auto_start else 'waits'} |"
            for one in sorted(syncs, key=lambda one: one.name)
        ),
        "",
        _WHY_DRIVE_ITEMS,
    ]


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "functions.md": functions_page,
    **{
        f"providers/{path.name}": partial(provider_page, f"providers/{path.name}")
        for path in sorted((HERE / "providers").glob("*.md"))
    },
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are out of date."""
    stale = []
    for name, make in PAGES.items():
        path, text = HERE / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    if stale:
        verb = "out of date" if "--check" in arguments else "written"
        sys.stdout.write(f"{verb}: {', '.join(stale)}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
