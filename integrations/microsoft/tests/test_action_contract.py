"""What holds for every action, against the emulator: permissions, ids, inputs.

Each action has one way to be called well (`action_cases`). With exactly the permissions it declares
it succeeds, for a person and for an app alone; without any one of them it is refused and says which
one is missing. Ids of nothing, ids that would lead elsewhere and inputs nobody asked for are
refused, too.
"""

import file_cases  # noqa: F401 - registers its cases
import pytest
from action_cases import CASES, ActionLab

from fairlead.errors import InvalidInput, MissingScope, ProviderError, Rejected
from fairlead.sdk import input_schema
from fairlead.sdk.testing import Case, Contract
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.sharepoint_v1.also_on_graph import OFFERED

PACK = pack(GLOBAL)
NAMES = sorted(CASES)
#: what a token may do that may do nothing with sites and files
NOTHING = "User.Read"


def test_every_action_has_a_case():
    # those of SharePoint's own API are held to the same in `v1`
    assert set(CASES) == set(PACK.actions) - set(OFFERED)


@pytest.mark.parametrize("name", NAMES)
async def test_contract_of_the_sdk(lab: ActionLab, name: str):
    case = Case(
        function=name,
        input=await CASES[name](lab),
        send=lambda: lab.sender(scopes=PACK.actions[name].scopes),
    )
    others = {*PACK.actions, *PACK.syncs} - {name}
    checks = Contract(lab.pack, [case], without_case=others).checks()
    mine = [check for check in checks if check.name.startswith(f"{name}: ")]
    kinds = [check.name.partition(": ")[2] for check in mine]
    assert kinds == ["declaration", "schemas", "output"]
    for check in mine:
        await check.verify()


def ids_of(name: str) -> list[str]:
    fields = input_schema(PACK.actions[name])["properties"]
    return [field for field in fields if field.endswith("Id")]


@pytest.mark.parametrize("who", ["alex", None], ids=["delegated", "application"])
@pytest.mark.parametrize("name", NAMES)
async def test_declared_permissions_suffice_and_are_needed(lab: ActionLab, name: str, who):
    action = PACK.actions[name]
    given = await CASES[name](lab)
    for missing in action.scopes:
        held = [scope for scope in action.scopes if scope != missing]
        with pytest.raises((Rejected, MissingScope), match=missing) as told:
            await lab.run(name, given, scopes=[*held, NOTHING], who=who)
        # the directory says that the app lacks it, files and sites only that access is denied
        if isinstance(told.value, Rejected):
            assert (told.value.code, told.value.provider_status) == ("access_denied", 403)
        assert name in told.value.message
    await lab.run(name, given, scopes=action.scopes, who=who)


@pytest.mark.parametrize("name", [name for name in NAMES if ids_of(name)])
async def test_ids_of_nothing(lab: ActionLab, name: str):
    given = await CASES[name](lab)
    for field in ids_of(name):
        if field not in given:
            continue
        for wrong in ("", ".", ".."):
            lab.requests.clear()
            with pytest.raises(InvalidInput):
                await lab.run(name, {**given, field: wrong})
            assert lab.requests == []
        with pytest.raises(ProviderError) as told:
            await lab.run(name, {**given, field: lab.nowhere(field)})
        assert (told.value.code, told.value.who) in {
            ("item_not_found", "caller"),
            ("invalid_request", "caller"),
        }


@pytest.mark.parametrize("name", NAMES)
async def test_inputs_that_nobody_asked_for(lab: ActionLab, name: str):
    lab.requests.clear()
    for wrong in ([], "text", {"colour": "red"}):
        with pytest.raises(InvalidInput) as told:
            await lab.run(name, wrong)
        assert told.value.code == "invalid_action_input"
    required = input_schema(PACK.actions[name]).get("required", [])
    for field in required:
        with pytest.raises(InvalidInput) as told:
            await lab.run(name, {})
        assert [field] in [issue["path"] for issue in told.value.issues]
    assert lab.requests == []
