"""Write the reference pages that are made from the code: errors, settings, functions, commands.

`./run python docs/generate.py` writes them, `./run docs` those of the site too; with `--check` it
only says which are out of date, as
the tests do.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from fairlead import errors, settings
from fairlead.api.application import describe
from fairlead.cli.commands import app
from fairlead.cli.remote import EXIT_CODES
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


def cli_page() -> str:
    """Return the page of the command line, every command with its arguments and options."""
    rows = ["# Command line", _NOTE]
    rows.append(
        "Settings come from the [environment](settings.md). `--json` prints what programs read; "
        "completion for your shell comes with `fairlead --install-completion`.\n"
    )
    rows += ["| exit code | meaning |", "|---|---|"]
    rows += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    rows += list(_commands(typer.main.get_command(app), "fairlead"))
    return "\n".join(rows).rstrip() + "\n"


def _commands(command: Any, name: str) -> Iterator[str]:
    if inner := getattr(command, "commands", None):
        for each in sorted(inner):
            yield from _commands(inner[each], f"{name} {each}")
        return
    said = " ".join((command.help or "").split())
    yield f"\n## {name}\n\n{said}\n"
    rows = [_parameter(one) for one in command.params if one.name != "help"]
    if rows:
        yield "| | |\n|---|---|"
        yield from rows
    if command.epilog:
        example = re.sub(r"\[b\](.*?)\[/b\]", r"`\1`", " ".join(command.epilog.split()))
        yield f"\n{example}"


def _parameter(one: Any) -> str:
    is_option = one.param_type_name == "option"
    name = (one.metavar or str(one.name)).upper()
    if is_option:
        name = ", ".join(one.opts + one.secondary_opts)
    said = getattr(one, "help", None) or ""
    default = one.default
    is_plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    is_shown = is_option and is_plain
    shown = f" Default: `{getattr(default, 'value', default)}`." if is_shown else ""
    return f"| `{name}` | {said}{shown} |"


def http_page() -> str:
    """Return the page of the HTTP API: each route, what it is for, and what it is given."""
    document = describe()
    rows = ["# HTTP API", _NOTE]
    rows.append(
        "Send `Authorization: Bearer <key>`. Every failed call answers an [error](errors.md). "
        "A running server gives the whole OpenAPI document, with every shape, at "
        "`/openapi.json`; the [Python client](client.md) has a method for each route.\n"
    )
    found: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            tag = (operation.get("tags") or ["other"])[0]
            said = operation.get("description") or operation.get("summary") or ""
            lines = [f"\n### {verb.upper()} {path}\n", " ".join(said.split())]
            lines += _inputs(operation, document)
            found.setdefault(tag, []).extend(lines)
    for tag, lines in sorted(found.items()):
        rows += [f"\n## {tag}", *lines]
    return "\n".join(rows).rstrip() + "\n"


def _inputs(operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    rows = []
    for one in operation.get("parameters", ()):
        must = "required. " if one.get("required") else ""
        said = " ".join((one.get("description") or "").split()).replace("|", "\\|")
        kind = _type(one.get("schema", {}), document)
        rows.append(f"| `{one['name']}` | {one['in']} | {kind} | {must}{said} |")
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        body = document["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]]
        required = set(body.get("required", ()))
        for name, field in body.get("properties", {}).items():
            must = "required. " if name in required else ""
            said = " ".join((field.get("description") or "").split()).replace("|", "\\|")
            rows.append(f"| `{name}` | body | {_type(field, document)} | {must}{said} |")
    return ["", "| name | in | type | |", "|---|---|---|---|", *rows] if rows else []


def error_index_page() -> str:
    """Return the index of codes: every one that the code raises, with its words and who acts."""
    rows = ["# Index of error codes", _NOTE]
    rows.append(
        "Every code, with what it says: the cause, and what to do about it. `...` stands for what "
        "differs from case to case. [Errors](errors.md) explains the classes.\n"
    )
    rows += ["| code | class | who acts | cause and fix |", "|---|---|---|---|"]
    found: dict[str, tuple[type[errors.FairleadError], set[str]]] = {}
    for one in _classes(errors.FairleadError):
        said = " ".join(inspect.cleandoc(one.__doc__ or "").split())
        found[one.code] = (one, {said})
    for kind, code, said in sorted(_raised(), key=str):
        _, words = found.setdefault(code, (kind, set()))
        if said:
            words.add(said)
    for code, (kind, words) in sorted(found.items()):
        told = "<br>".join(sorted(words)).replace("|", "\\|")
        link = f"[{kind.__name__}](errors.md#{kind.code})"
        rows.append(f'| <a id="{code}"></a>`{code}` | {link} | {_WHO[kind.who]} | {told} |')
    return "\n".join(rows) + "\n"


def _raised() -> Iterator[tuple[type[errors.FairleadError], str, str]]:
    """Yield class, code and words of each error that is made with a code of its own."""
    kinds = {one.__name__: one for one in _classes(errors.FairleadError)}
    for root in ("src/fairlead", "integrations"):
        for path in sorted((HERE.parent / root).rglob("*.py")):
            if "tests" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                codes = [one.value for one in node.keywords if one.arg == "code"]
                if name in kinds and codes and isinstance(codes[0], ast.Constant):
                    said = _words(node.args[0]) if node.args else ""
                    yield kinds[name], str(codes[0].value), said


def _words(node: ast.expr) -> str:
    """Return a message as it is written, with `...` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return " ".join(node.value.split())
    if isinstance(node, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "..." for one in node.values]
        return " ".join("".join(parts).split())
    return ""


def llms_page() -> str:
    """Return `llms.txt` (https://llmstxt.org): every page with its first sentence."""
    rows = [
        "# fairlead",
        "",
        "> Self-hosted product integrations: connect your customers' accounts, keep the",
        "> credentials fresh, call vendors' APIs through a proxy, sync records, run actions.",
        "",
        "## Pages",
        "",
    ]
    texts = {name: make() for name, make in SITE_PAGES.items() if name != "llms.txt"}
    for path in HERE.rglob("*.md"):
        name = path.relative_to(HERE).as_posix()
        if not name.startswith("adr/0"):
            texts.setdefault(name, path.read_text(encoding="utf-8"))
    for name, text in sorted(texts.items()):
        title = text.partition("\n")[0].removeprefix("# ")
        rows.append(f"- [{title}]({name}): {_first_sentence(text)}")
    return "\n".join(rows) + "\n"


def _first_sentence(text: str) -> str:
    body = re.sub(r"<!--.*?-->|^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    for block in body.split("\n\n")[1:]:
        plain = " ".join(block.split())
        if plain and plain[0] not in "#|!<-":
            unlinked = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", plain)
            return re.split(r"(?<=[.:]) ", unlinked)[0]
    return "reference."


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "functions.md": functions_page,
    **{
        f"providers/{path.name}": partial(provider_page, f"providers/{path.name}")
        for path in sorted((HERE / "providers").glob("*.md"))
    },
}
#: made when the site is, and kept nowhere else
SITE_PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "http-api.md": http_page,
    "error-index.md": error_index_page,
    "llms.txt": llms_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, with `--site` its own too; with `--check` name those out of date."""
    stale = []
    for name, make in (PAGES | (SITE_PAGES if "--site" in arguments else {})).items():
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
