"""What Graph lacks, for connections that call Graph: by the tenant's own API, where a token is."""

import pytest
import v1_more_cases  # noqa: F401 - registers its cases
from v1_cases import CASES, V1Lab

from fairlead.errors import OperatorError, Rejected
from fairlead.sdk import input_schema, output_schema
from fairlead.sdk.testing import run_action
from fairlead_microsoft import pack, rest_pack
from fairlead_microsoft.clouds import GLOBAL, Cloud
from fairlead_microsoft.sharepoint_v1.also_on_graph import OFFERED, ROLES, needed

V1, V2 = rest_pack(GLOBAL), pack(GLOBAL)


@pytest.mark.parametrize("name", OFFERED)
def test_it_is_the_same_action(name: str):
    mine, theirs = V2.actions[name], V1.actions[name]
    assert input_schema(mine) == input_schema(theirs)
    assert output_schema(mine) == output_schema(theirs)
    assert (mine.effect, mine.source, mine.scopes) == (theirs.effect, theirs.source, ())
    assert mine.description == f"{theirs.description}\n\n{needed(theirs)}"


@pytest.mark.parametrize("name", OFFERED)
async def test_a_person_may_with_the_permissions_it_names(v1: V1Lab, name: str):
    given = await CASES[name](v1)
    v2 = pack(Cloud("custom", **v1.tenant.cloud))
    scopes = [ROLES[scope] for scope in V1.actions[name].scopes]
    # the host of the tenant is found, once, by the connection
    config = {"sharepointHost": "contoso.sharepoint.com"}

    def send(held):
        return v1.sender(held, "alex")

    if name == "check-in-drive-item":  # who checked it out checks it in
        given = await CASES["check-out-drive-item"](v1)
        out = "check-out-drive-item"
        await run_action(v2, out, given, send(scopes), connection_config=config)
    with pytest.raises(Rejected, match=scopes[0]) as told:
        await run_action(v2, name, given, send(["User.Read"]), connection_config=config)
    assert (told.value.code, told.value.provider_status) == ("access_denied", 403)
    await run_action(v2, name, given, send(scopes), connection_config=config)


async def test_an_app_with_a_secret_is_told_to_bring_a_certificate(v1: V1Lab):
    v2 = pack(Cloud("custom", **v1.tenant.cloud))
    send = v1.sender(["Sites.FullControl.All"], appidacr="1")
    config = {"sharepointHost": "contoso.sharepoint.com"}
    with pytest.raises(OperatorError) as told:
        await run_action(v2, "list-site-groups", {"siteId": "root"}, send, connection_config=config)
    assert told.value.code == "certificate_required"
