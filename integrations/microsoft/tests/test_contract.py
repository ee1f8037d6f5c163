"""What holds for every function of the pack, and for its public surface."""

import re
from urllib.parse import urlsplit

import pytest

from fairlead.model.function import Action, Sync
from fairlead.model.schedule import parse_frequency
from fairlead.sdk import Registry, input_schema, output_schema, record_schemas, schema_of
from fairlead.sdk.testing import Check, Contract
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import CLOUDS, GLOBAL
from fairlead_microsoft.sharepoint_v1.also_on_graph import OFFERED

PACK = pack(GLOBAL)
FUNCTIONS = [*PACK.actions.values(), *PACK.syncs.values()]
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
#: names of outputs that are spelled as integrations of SharePoint have long spelled them
SNAKE = {"next_cursor", "site_id", "list_id", "item_id"}
#: file -> its actions
ACTIONS = {
    *("get-site", "list-shared-sites", "search-sites"),
    *("create-list", "delete-list", "get-list", "list-lists", "update-list"),
    *("create-list-item", "delete-list-item", "get-list-item"),
    *("list-list-items", "update-list-item"),
    *("create-list-column", "delete-list-column", "list-list-columns", "update-list-column"),
    *("create-site-column", "delete-site-column", "list-site-columns", "update-site-column"),
    *("add-content-type-to-list", "create-content-type", "delete-content-type"),
    *("get-content-type", "list-content-types", "list-list-content-types"),
    *("create-site-page", "delete-site-page", "get-site-page"),
    *("list-site-pages", "publish-site-page", "update-site-page"),
    *("create-drive-folder", "get-drive", "list-drive-children", "list-drives"),
    *("resolve-url", "search-drive-items"),
    *("check-drive-item-access", "explain-drive-item-access"),
    *("copy-drive-item", "delete-drive-item", "get-drive-item", "update-drive-item"),
    *("create-drive-upload-session", "download-drive-item-content", "fetch-file"),
    *("get-drive-item-thumbnail", "get-thumbnails", "upload-drive-item"),
    *("list-drive-item-versions", "restore-drive-item-version"),
    *("add-drive-item-permission", "create-sharing-link", "list-drive-item-permissions"),
    *("remove-drive-item-permission", "update-drive-item-permission"),
    *("check-drive-item-access", "explain-drive-item-access"),
}
#: what SharePoint's own API does for connections that call Graph
ACTIONS |= set(OFFERED)
SYNCS = {
    *("content-types", "drive-item-versions", "drive-items", "drives", "list-columns"),
    *("list-items", "lists", "permissions", "shared-sites-selection", "site-columns"),
    *("site-pages", "sites", "subsites", "user-files", "user-files-selection"),
}
#: the one model that another platform spells so
SNAKES = {"site_id", "list_template"}
SCOPE = re.compile(r"[A-Z][A-Za-z]+\.[A-Z][A-Za-z.]+")


#: every function's case is a test of its own against the emulator
CHECKS = Contract(PACK, without_case=[function.name for function in FUNCTIONS]).checks()


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_contract_of_the_sdk(check: Check):
    check()


def each(functions: list) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("function", functions, ids=lambda function: function.name)


def test_the_pack_ships_exactly_this():
    assert set(PACK.actions) == ACTIONS
    assert set(PACK.syncs) == SYNCS
    assert sorted(PACK.providers) == [
        "microsoft",
        "one-drive",
        "sharepoint-online",
        "sharepoint-online-oauth2-cc",
    ]
    assert Registry([PACK]).pack_for("sharepoint-online") is PACK


@pytest.mark.parametrize("name", CLOUDS)
def test_every_cloud_ships_the_same_functions(name):
    other = pack(CLOUDS[name])
    assert (other.actions, other.syncs) == (PACK.actions, PACK.syncs)


@each(FUNCTIONS)
def test_declaration(function: Action | Sync):
    assert KEBAB.fullmatch(function.name)
    first = function.description.split("\n")[0]
    assert first.endswith(".")
    assert first[0].isupper()
    # what takes permissions of SharePoint says so, for a connection asks for Graph's
    assert function.scopes or "of SharePoint (not of Graph)" in function.description
    assert all(SCOPE.fullmatch(scope) for scope in function.scopes)
    assert urlsplit(function.source).hostname == "learn.microsoft.com"
    assert re.fullmatch(r"\d+\.\d+\.\d+", function.version)


def properties(schema: dict) -> set[str]:
    found = set(schema.get("properties", {}))
    for definition in schema.get("$defs", {}).values():
        found |= set(definition.get("properties", {}))
    return found


@each(list(PACK.actions.values()))
def test_action_schemas(function: Action):
    schema = input_schema(function)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    for field in schema["properties"].values():
        described = [field, *field.get("anyOf", [])]
        assert any(one.get("description") for one in described)
    output = output_schema(function)
    assert output["type"] == "object"
    names = properties(schema) | (properties(output) - SNAKE)
    assert all(CAMEL.fullmatch(name) for name in names)


@each(list(PACK.syncs.values()))
def test_sync_schemas(function: Sync):
    parse_frequency(function.every)
    for schema in record_schemas(function).values():
        assert "id" in schema["required"]
        assert all(CAMEL.fullmatch(name) for name in properties(schema) - SNAKES)
    assert schema_of(function.metadata_model)["type"] == "object"
    assert function.checkpoint_model() == function.checkpoint_model.model_validate({})
