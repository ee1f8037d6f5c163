"""Who is in the groups of a site, which Graph does not tell: SharePoint's own API does.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/sharepoint-site-groups-rest. It wants a token
for the tenant's host, which an app on its own gets by a certificate only:
https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread.
"""

from fairlead.errors import FairleadError, ProviderError
from fairlead.sdk import Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.access.holders import Holder, holder_of_login


class _Member(Shape):
    LoginName: str
    Title: str | None = None


class SiteGroups:
    """The groups of one site, each read once."""

    def __init__(self, api: Graph, site_url: str | None) -> None:
        self._api = api
        self._site_url = site_url
        self._known: dict[str, list[Holder] | FairleadError] = {}

    async def members(self, number: str) -> list[Holder]:
        """Return who is in a group: people, and groups of the directory.

        What stands in the way of reading it is raised, again each time it is asked for.
        """
        if number not in self._known:
            try:
                self._known[number] = await self._read(number)
            except FairleadError as error:
                if error.retryable:
                    raise
                self._known[number] = error
        found = self._known[number]
        if isinstance(found, FairleadError):
            raise found
        return found

    async def _read(self, number: str) -> list[Holder]:
        if self._site_url is None:
            raise ProviderError("Graph does not tell the address of the site.", code="no_site_url")
        rest = Rest.of(self._api)
        web = await rest.web(self._site_url)
        users = f"{web.api}/web/sitegroups/getbyid({int(number)})/users"
        return [
            holder_of_login(one.LoginName, one.Title or "")
            async for one in rest.items(_Member, users, select="LoginName,Title")
        ]
