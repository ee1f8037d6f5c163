"""Inside: the API as the dashboard calls it, in the name of the person who is signed in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from fairlead.model.environment import Environment
from fairlead.model.person import Person


class Indoors(Protocol):
    """Call a route of the API without the network; return status and parsed answer."""

    async def __call__(
        self,
        person: Person,
        environment: Environment,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]: ...


class Refused(Exception):
    """The API refused; the message says who must do what."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(error.get("code", "error"))
        self.message = str(error.get("message", "The request was refused."))
        issues = error.get("errors") or (error.get("payload") or {}).get("errors") or []
        #: name of a field -> what is wrong with it
        self.fields = {
            str(issue["path"][-1]): str(issue["message"])
            for issue in issues
            if isinstance(issue, dict) and issue.get("path")
        }
        super().__init__(self.message)

    @property
    def sentence(self) -> str:
        """The message, with what is wrong with which field."""
        told = "; ".join(f"{name}: {message}" for name, message in self.fields.items())
        return f"{self.message.rstrip('.')} ({told})" if told else self.message


def path(*segments: str) -> str:
    """Return a path of the API with each segment quoted."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


class Inside:
    """The API, for one person in one environment."""

    def __init__(self, indoors: Indoors, person: Person, environment: Environment) -> None:
        self._indoors = indoors
        self._person = person
        self._environment = environment

    async def get(self, where: str, *, headers: Mapping[str, str] | None = None, **q: Any) -> Any:
        """Read; None in the query is left out. Refused if the API does."""
        return await self._call("GET", where, q, None, headers)

    async def change(self, method: str, where: str, body: Any = None, **q: Any) -> Any:
        """Change something; Refused if the API does."""
        return await self._call(method, where, q, body, None)

    async def _call(
        self,
        method: str,
        where: str,
        query: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> Any:
        asked = [(name, str(value)) for name, value in query.items() if value not in (None, "")]
        status, answer = await self._indoors(
            self._person, self._environment, method, where, query=asked, body=body, headers=headers
        )
        if status >= 400:
            raise Refused(status, (answer or {}).get("error", {}))
        return answer
