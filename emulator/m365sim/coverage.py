"""Writes COVERAGE.md, the list of what is imitated, and AADSTS.md, from the tables that serve it.

`python -m m365sim.coverage` writes both files anew.
"""

from __future__ import annotations

from pathlib import Path

from m365sim.control import CONTROLS
from m365sim.entra.codes import HOW, NOT_GIVEN
from m365sim.entra.errors import INTERACTIVE, OAUTH_ERROR
from m365sim.entra.routes import ROUTES as ENTRA_ROUTES
from m365sim.graph.permission_table import needed
from m365sim.graph.route import Route
from m365sim.graph.routes import ROUTES
from m365sim.rest.routes import rows
from m365sim.rest.term_store import ROUTES as TERMS

COVERAGE = Path(__file__).with_name("COVERAGE.md")
CODES_DOCUMENT = Path(__file__).parent / "entra" / "AADSTS.md"

_TENANT_HOST = (
    (
        "as above",
        "{site}/_api/v2.0/...",
        "everything above, `$batch` too; of the site `drive`, `drives`, `lists`; certificates only",
        "https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph",
    ),
    (
        "GET",
        "{site}/_layouts/15/download.aspx",
        "Range, If-None-Match, HEAD; 401 with an Authorization header or after an hour",
        "https://learn.microsoft.com/graph/api/driveitem-get-content",
    ),
    (
        "PUT, GET, DELETE",
        "{site}/_api/v2.0/drives/{drive-id}/items/{item-id}/uploadSession",
        "fragments in order, resume, cancel; ends 15 minutes after the last fragment",
        "https://learn.microsoft.com/graph/api/driveitem-createuploadsession",
    ),
    (
        "GET",
        "/_api/v2.0/monitor/{operation-id}",
        "how a copy goes: 202 in progress, 200 completed or failed; no token",
        "https://learn.microsoft.com/graph/long-running-actions-overview",
    ),
)


def coverage() -> str:
    """Return the text of COVERAGE.md."""
    lines = [
        "# What m365sim imitates",
        "",
        "Generated from the route tables; a test fails when it is out of date. All else answers",
        "400 or 404 and is counted as not modelled (`GET /_m365sim/requests` on the control port).",
        "",
        "## Sign-in: the login host",
        "",
        "`{tenant}` is a tenant's id or domain, `common` or `organizations`. The numbers that are",
        "given out, and how to get each, are in [AADSTS.md](entra/AADSTS.md).",
        "",
        "| verb | address | modelled | source |",
        "|---|---|---|---|",
        *(
            f"| {', '.join(route.methods)} | `{route.path}` | {route.modelled} "
            f"| [docs]({route.source}) |"
            for route in ENTRA_ROUTES
        ),
        (
            "| GET, POST | `/oidc/userinfo` of Graph's host | as the token's scopes allow "
            "| [docs](https://learn.microsoft.com/entra/identity-platform/userinfo) |"
        ),
        "",
        "## Microsoft Graph v1.0",
        "",
        "Drives are also reached by `/me/drive`, `/users/{id}/drive`, `/sites/{id}/drive` and",
        "`/sites/{id}/drives/{id}`; items by `root`, `root:/path:`, `items/{id}` and",
        "`items/{id}:/path:`.",
        "",
        "The permissions are the least privileged ones: of a token for a user, and of one for an",
        "app; higher ones do as well.",
        "",
        "| verb | address | modelled | permissions | source |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {route.method} | `{route.shown_as}` | {route.modelled} | {_needed(route)}"
        f" | [docs]({route.source}) |"
        for route in ROUTES
    ]
    lines += [
        "",
        "## Tenant host",
        "",
        "| verb | address | modelled | source |",
        "|---|---|---|---|",
    ]
    lines += [f"| {v} | `{a}` | {m} | [docs]({s}) |" for v, a, m, s in _TENANT_HOST]
    terms = "https://learn.microsoft.com/graph/api/resources/termstore-store"
    lines += [f"| {v} | `{{site}}/_api/v2.1{a}` | {m} | [docs]({terms}) |" for v, a, m in TERMS]
    lines += [
        "",
        "## SharePoint REST: `{site}/_api`",
        "",
        "Names count in any case; `{web}` is `_api/web`. Answers in verbose, minimal or bare JSON,",
        "or Atom; objects and collections take `$select`, `$expand`, `$filter`, `$orderby` and",
        "`$top`. Each property can be asked for by name. `_api/$batch` takes 100 parts,",
        "with change sets; nothing is rolled back. Not modelled: tokens of the ACS.",
        "",
        "| verb | address | modelled | source |",
        "|---|---|---|---|",
    ]
    lines += [f"| {v} | `{a}` | {m} | [docs]({s}) |" for v, a, m, s in rows()]  # REST
    lines += [
        "",
        "## Control API",
        "",
        "On a port of its own, without authentication; it has no counterpart in the real service.",
        "Everything takes `?tenant=NAME`; without it the default tenant is meant.",
        "",
        "| verb | address | what it does |",
        "|---|---|---|",
    ]
    lines += [f"| {verb} | `{path}` | {meaning} |" for verb, path, meaning in CONTROLS]
    return "\n".join(lines) + "\n"


def _needed(route: Route) -> str:
    """Name the least privileged permissions of a call: of users, of apps."""
    least = needed(route.kind, route.op, route.method)
    names = [names[0] if names else "none" for names in (least.delegated, least.application)]
    if names == ["none", "none"]:
        return "of what is asked for"
    return names[0] if names[0] == names[1] else f"{names[0]}; app: {names[1]}"


def codes() -> str:
    """Return the text of AADSTS.md."""
    lines = [
        "# AADSTS numbers",
        "",
        "Generated; a test fails when it is out of date, and another gets every number out of the",
        "emulated cloud. Names in brackets are switches of the control API. Client errors",
        "(`invalid_client`) are answered with 401, all others with 400; numbers marked * are",
        "called `interaction_required` by the v1 endpoint and in redirects.",
        "",
        "| number | OAuth error | how to get it |",
        "|---|---|---|",
    ]
    lines += [
        f"| {number}{'*' if number in INTERACTIVE else ''} | `{OAUTH_ERROR[number]}` | {how} |"
        for number, how in HOW.items()
    ]
    lines += ["", "## Not given", "", "| number | why |", "|---|---|"]
    lines += [f"| {number} | {why} |" for number, why in NOT_GIVEN.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write COVERAGE.md and AADSTS.md."""
    COVERAGE.write_text(coverage(), encoding="utf-8")
    CODES_DOCUMENT.write_text(codes(), encoding="utf-8")


if __name__ == "__main__":
    main()
