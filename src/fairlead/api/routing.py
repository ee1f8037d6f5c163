"""What the contract's clients take for granted of a router, and how queries and headers are read.

Paths are matched without regard to case or a trailing slash, an empty header counts as absent, and
queries nest with brackets (`tags[key]=value`), as with Express (https://expressjs.com/en/api.html).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from fairlead.api.errors import invalid, issues_of
from fairlead.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)

#: how deep brackets may nest
_DEPTH = 4


class Strict(BaseModel):
    """A body or query whose unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, use_attribute_docstrings=True)


class NoQuery(Strict):
    """The query of a route that takes none."""


def nested_query(query_string: bytes) -> dict[str, Any]:
    """Parse a query; brackets nest, a repeated key becomes a list."""
    found: dict[str, Any] = {}
    for key, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        name, _, rest = key.partition("[")
        parts = [name, *rest[:-1].split("][")] if rest.endswith("]") and name else [key]
        if len(parts) > _DEPTH:
            raise InvalidInput(f"{key} nests too deep", code="invalid_query_params")
        _place(found, [part for part in parts if part], value)
    return found


def _place(into: dict[str, Any], parts: list[str], value: str) -> None:
    *parents, last = parts or [""]
    for parent in parents:
        below = into.setdefault(parent, {})
        if not isinstance(below, dict):
            raise InvalidInput(
                f"{parent} is given both plain and with brackets", code="invalid_query_params"
            )
        into = below
    if last not in into:
        into[last] = value
    elif isinstance(into[last], list):
        into[last].append(value)
    else:
        into[last] = [into[last], value]


def validated(model: type[M], raw: object, code: str) -> M:
    """Return `raw` as a `model`, or raise InvalidInput under `code` with every issue."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        raise invalid(issues_of(problems), code) from None


def query_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Return a dependency that reads the whole query as `model`."""

    # async, though it waits for nothing: FastAPI sends other functions to a thread of their own
    async def read(request: Request) -> M:
        raw = nested_query(request.scope["query_string"])
        return validated(model, raw, "invalid_query_params")

    return read


def parameters(model: type[BaseModel], where: str = "query") -> list[dict[str, Any]]:
    """Return the OpenAPI parameters that a query or header model stands for."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    required = set(schema.get("required", ()))
    listed = []
    for name, about in schema.get("properties", {}).items():
        body = {key: value for key, value in about.items() if key not in {"description", "title"}}
        parameter = {"name": name, "in": where, "required": name in required, "schema": body}
        if "description" in about:
            parameter["description"] = about["description"]
        if body.get("type") == "object":
            parameter["style"], parameter["explode"] = "deepObject", True
        listed.append(parameter)
    return listed


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the request's headers with lower-case names, empty ones left out."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in raw
        if value.strip()
    }


def required_headers(headers: Mapping[str, str], *names: str) -> list[str]:
    """Return the values of headers that must be there; InvalidInput names each that is not."""
    missing = [name for name in names if name not in headers]
    if missing:
        issues = [
            {"code": "invalid_type", "message": f"Required: header {name}", "path": [name]}
            for name in missing
        ]
        raise invalid(issues, "invalid_headers")
    return [headers[name] for name in names]


@dataclass(slots=True)
class _Node:
    words: dict[str, "_Node"] = field(default_factory=dict)
    spelling: dict[str, str] = field(default_factory=dict)
    parameter: "_Node | None" = None


class PathTolerance:
    """Turns a path as callers write it into the spelling of the route that is meant."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._root = _Node()
        self._plain: set[str] = set()
        for template in templates:
            self._add(template)

    def _add(self, template: str) -> None:
        if "{" not in template:
            self._plain.add(template)
        node = self._root
        for part in template.strip("/").split("/"):
            if part.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node.spelling[part.lower()] = part
                node = node.words.setdefault(part.lower(), _Node())

    def canonical(self, path: str) -> str:
        """Return the path without trailing slash, fixed words in their own spelling."""
        if path in self._plain:
            return path
        parts = path.rstrip("/").split("/")[1:]
        node: _Node | None = self._root
        for index, part in enumerate(parts):
            if node is None:
                break
            lower = part.lower()
            if lower in node.words:
                parts[index] = node.spelling[lower]
                node = node.words[lower]
            else:
                node = node.parameter
        return "/" + "/".join(parts)
