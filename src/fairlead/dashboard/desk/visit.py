"""Visit: one request of a person who is signed in, and all that its page needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fairlead.dashboard.desk.drawing import living, page
from fairlead.dashboard.desk.inside import Inside
from fairlead.model.environment import Environment
from fairlead.model.person import Person

#: holds the sentence that the next page says once
SAID = "fairlead_said"
ROOT = "/dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a person who is signed in."""

    request: Request
    #: what the address asks for; of the page that is looked at, if this is a live update
    asked: Mapping[str, str]
    #: what the form holds
    form: Mapping[str, str]
    #: of fields that occur several times
    several: Mapping[str, list[str]]
    person: Person
    environment: Environment
    environments: list[Environment]
    csrf: str
    now: datetime
    server_url: str
    api: Inside
    is_live: bool = False

    def may(self, scope: str) -> bool:
        """Say whether the person's role holds a scope."""
        return self.person.role.may(scope)

    def link(self, where: str = "", **asked: Any) -> str:
        """Return the address of a page in this environment."""
        told = {name: value for name, value in asked.items() if value not in (None, "")}
        address = f"{ROOT}/in/{self.environment.name}" + (f"/{where}" if where else "")
        return f"{address}?{urlencode(told)}" if told else address

    def draw(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page, or of a live update that part of it which lives."""
        values |= {"visit": self, "said": self.request.cookies.get(SAID, "")}
        if self.is_live:
            return HTMLResponse(living(template, self.now, **values))
        answer = page(template, status, self.now, **values)
        if values["said"]:
            answer.delete_cookie(SAID, path=ROOT)
        return answer

    def back(self, link: str, said: str, *, is_bad: bool = False) -> Response:
        """Send the browser to a page, which says a sentence once."""
        answer = RedirectResponse(link, 303)
        told = quote(("!" if is_bad else "") + said[:600])
        answer.set_cookie(
            SAID,
            told,
            max_age=60,
            path=ROOT,
            httponly=True,
            samesite="lax",
            secure=self.server_url.startswith("https:"),
        )
        return answer
