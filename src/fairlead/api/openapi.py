"""The OpenAPI document: what FastAPI knows, and what the hot routes say of themselves.

https://spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fairlead import __version__
from fairlead.api.errors import ErrorEnvelope
from fairlead.api.routing import parameters

_REF = "#/components/schemas/{model}"
#: routes that ask for no key
_OPEN = {"/health", "/ready", "/oauth/connect/{provider_config_key}", "/oauth/callback"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """What a hot route says of itself."""

    path: str
    method: str
    tag: str
    summary: str
    query: type[BaseModel] | None = None
    headers: type[BaseModel] | None = None
    #: shape of the 200 answer; None = whatever comes
    reply: type[BaseModel] | None = None
    has_body: bool = False
    path_parameters: Sequence[str] = field(default=())


def header_parameters(*names: str, required: bool = True) -> list[dict[str, Any]]:
    """Return the OpenAPI parameters of headers that must, or may, be there."""
    return [
        {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}
        for name in names
    ]


def _operation(about: Documentation) -> dict[str, Any]:
    listed = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in about.path_parameters
    ]
    listed += parameters(about.query) if about.query else []
    listed += parameters(about.headers, "header") if about.headers else []
    content = (
        {"application/json": {"schema": {"$ref": _REF.format(model=about.reply.__name__)}}}
        if about.reply
        else {"*/*": {}}
    )
    operation: dict[str, Any] = {
        "tags": [about.tag],
        "summary": about.summary,
        "operationId": f"{about.method}{about.path}".translate(str.maketrans("/{}-", "____")),
        "parameters": listed,
        "responses": {
            "200" if about.reply else "2XX": {"description": "It worked.", "content": content}
        },
    }
    if about.has_body:
        operation["requestBody"] = {"content": {"*/*": {}}}
    return operation


def document(app: FastAPI, hot: Iterable[Documentation]) -> dict[str, Any]:
    """Return the OpenAPI document of the application and its hot routes."""
    hot = list(hot)
    built = get_openapi(
        title="fairlead",
        version=__version__,
        summary="Connections to other people's APIs: credentials, proxy, syncs, actions, records.",
        routes=app.routes,
    )
    shapes = {about.reply for about in hot if about.reply} | {ErrorEnvelope}
    _, schemas = models_json_schema(
        [(shape, "serialization") for shape in sorted(shapes, key=lambda each: each.__name__)],
        ref_template=_REF,
    )
    components = built.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas.get("$defs", {}))
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for about in hot:
        built["paths"].setdefault(about.path, {})[about.method] = _operation(about)
    failure = {
        "description": "It did not; the body says why and who must act.",
        "content": {"application/json": {"schema": {"$ref": _REF.format(model="ErrorEnvelope")}}},
    }
    for path, item in built["paths"].items():
        for operation in item.values():
            operation["responses"].pop("422", None)
            operation["responses"].setdefault("default", failure)
            operation["security"] = [] if path in _OPEN else [{"key": []}]
    return built
