"""What holds for every action on SharePoint's own API, against the emulator.

Each has one way to be called well (`v1_cases`). With exactly the permissions it declares it
succeeds, for an app with a certificate; without any of them it is refused and says which one is
missing. Ids of nothing, ids that would lead elsewhere and inputs nobody asked for are refused, too.
"""

import re
from urllib.parse import urlsplit

import pytest
import v1_more_cases  # noqa: F401 - registers its cases
from v1_cases import CASES, V1Lab

from fairlead.errors import ActionFailed, InvalidInput, Rejected
from fairlead.model.function import Action
from fairlead.sdk import input_schema, output_schema
from fairlead.sdk.testing import Case, Contract
from fairlead_microsoft import rest_pack
from fairlead_microsoft.clouds import GLOBAL

PACK = rest_pack(GLOBAL)
NAMES = sorted(CASES)
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
SNAKE = {"next_cursor", "site_id", "list_id", "item_id"}
ROLES = {
    *("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"),
    *("TermStore.Read.All", "TermStore.ReadWrite.All"),
}
#: to take a role that somebody does not have changes nothing
HARMLESS = {("remove-role-assignment", "roleId")}
#: what a token may do that may do nothing with sites
NOTHING = "User.Read.All"


def test_every_action_has_a_case():
    assert set(CASES) == set(PACK.actions)


@pytest.mark.parametrize("name", NAMES)
async def test_contract_of_the_sdk(v1: V1Lab, name: str):
    case = Case(
        function=name,
        input=await CASES[name](v1),
        connection_config={"tenantName": "contoso"},
        send=lambda: v1.sender(PACK.actions[name].scopes),
    )
    others = {*PACK.actions, *PACK.syncs} - {name}
    checks = Contract(v1.pack, [case], without_case=others).checks()
    mine = [check for check in checks if check.name.startswith(f"{name}: ")]
    assert [check.name.partition(": ")[2] for check in mine] == ["declaration", "schemas", "output"]
    for check in mine:
        await check.verify()


@pytest.mark.parametrize("action", PACK.actions.values(), ids=lambda action: action.name)
def test_declaration(action: Action):
    assert KEBAB.fullmatch(action.name)
    first = action.description.split("\n")[0]
    assert first.endswith(".")
    assert first[0].isupper()
    assert set(action.scopes) <= ROLES
    assert action.scopes
    assert urlsplit(action.source).hostname == "learn.microsoft.com"
    schema = input_schema(action)
    assert schema["additionalProperties"] is False
    for field in schema["properties"].values():
        described = [field, *field.get("anyOf", [])]
        assert any(one.get("description") for one in described)
    names = set(schema["properties"]) | (set(output_schema(action).get("properties", {})) - SNAKE)
    assert all(CAMEL.fullmatch(name) for name in names)


@pytest.mark.parametrize("name", NAMES)
async def test_declared_permissions_suffice_and_are_needed(v1: V1Lab, name: str):
    action = PACK.actions[name]
    given = await CASES[name](v1)
    for missing in action.scopes:
        held = [scope for scope in action.scopes if scope != missing]
        with pytest.raises(Rejected, match=missing) as told:
            await v1.run(name, given, scopes=[*held, NOTHING])
        assert (told.value.code, told.value.provider_status) == ("access_denied", 403)
        assert name in told.value.message
    await v1.run(name, given, scopes=action.scopes)


def ids_of(name: str) -> list[str]:
    fields = input_schema(PACK.actions[name])["properties"]
    return [field for field in fields if field.endswith("Id")]


@pytest.mark.parametrize("name", [name for name in NAMES if ids_of(name)])
async def test_ids_of_nothing(v1: V1Lab, name: str):
    action = PACK.actions[name]
    given = await CASES[name](v1)
    for field in ids_of(name):
        if field not in given or (name, field) in HARMLESS:
            continue
        for wrong in ("", ".", ".."):
            v1.requests.clear()
            with pytest.raises((InvalidInput, ActionFailed, Rejected)) as refused:
                await v1.run(name, {**given, field: wrong}, scopes=action.scopes)
            if isinstance(refused.value, Rejected):
                assert (refused.value.code, refused.value.who) == ("item_not_found", "caller")
        nowhere = {"siteId": "/sites/nowhere", "itemId": "987654", "principalId": 987654}
        wrong = nowhere.get(field, "00000000-0000-4000-8000-00000000000f")
        if isinstance(given[field], int):
            wrong = 987654
        with pytest.raises((InvalidInput, ActionFailed, Rejected)) as told:
            await v1.run(name, {**given, field: wrong}, scopes=action.scopes)
        if isinstance(told.value, Rejected):
            assert told.value.code in ("item_not_found", "invalid_request")
            assert told.value.who == "caller"


@pytest.mark.parametrize("name", NAMES)
async def test_inputs_that_nobody_asked_for(v1: V1Lab, name: str):
    v1.requests.clear()
    for wrong in ([], "text", {"colour": "red"}):
        with pytest.raises(InvalidInput) as told:
            await v1.run(name, wrong)
        assert told.value.code == "invalid_action_input"
    assert v1.requests == []
