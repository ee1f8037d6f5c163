"""The desk: turns a request into a visit, and sees to it that nobody does what they may not."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fairlead.dashboard.desk.door import (
    ROOT,
    Door,
    Endpoint,
    check_csrf,
    check_origin,
    csrf_of,
)
from fairlead.dashboard.desk.drawing import page
from fairlead.dashboard.desk.inside import Inside, Refused
from fairlead.dashboard.desk.visit import Visit
from fairlead.errors import FairleadError
from fairlead.model.clock import Clock
from fairlead.store import environments
from fairlead.store.database import Database

log = structlog.get_logger(__name__)

#: draws a page, or does what a form asks for
Handler = Callable[[Visit], Awaitable[Response]]


class Desk:
    """Where every page of the dashboard begins."""

    def __init__(self, door: Door, db: Database, clock: Clock, server_url: str) -> None:
        self._door = door
        self._db = db
        self._clock = clock
        self._server_url = server_url

    async def front(self, request: Request) -> Response:
        """Send a browser to the first environment."""
        if await self._door.who(request) is None:
            return self._door.turn_away(request)
        async with self._db.read() as tx:
            found = await environments.list_all(tx)
        return RedirectResponse(f"{ROOT}/in/{found[0].name if found else 'dev'}", 303)

    def page(self, handler: Handler) -> Endpoint:
        """Return the endpoint of a page."""

        async def endpoint(request: Request) -> Response:
            visit = await self.visit(request)
            return visit if isinstance(visit, Response) else await self.answer(handler, visit)

        return endpoint

    def form(self, handler: Handler) -> Endpoint:
        """Return the endpoint of a form: only one of ours is listened to."""

        async def endpoint(request: Request) -> Response:
            visit = await self.visit(request)
            if isinstance(visit, Response):
                return visit
            async with request.form() as sent:
                fields = [(name, str(value)) for name, value in sent.multi_items()]
            several: dict[str, list[str]] = {}
            for name, value in fields:
                several.setdefault(name, []).append(value)
            visit = replace(visit, form=dict(fields), several=several)
            try:
                check_origin(request, self._server_url)
                check_csrf(self._token(request), visit.form)
            except FairleadError as error:
                return self._problem(visit, error.status, error.message)
            return await self.answer(handler, visit)

        return endpoint

    async def answer(self, handler: Handler, visit: Visit) -> Response:
        """Let a handler answer; what the API refuses becomes a page that says so."""
        try:
            return await handler(visit)
        except Refused as error:
            return self._problem(visit, error.status, error.sentence)

    def _problem(self, visit: Visit, status: int, message: str) -> Response:
        return visit.draw("desk/problem.html", status, problem=status, message=message)

    async def visit(self, request: Request, looked_at: str = "") -> Visit | Response:
        """Return the visit that a request is; a response if there is nothing to visit.

        `looked_at` is the address of the page that a live update is of.
        """
        found = await self._door.who(request)
        if found is None:
            return self._door.turn_away(request)
        person, token = found
        async with self._db.read() as tx:
            there = await environments.list_all(tx)
        name = request.path_params["environment"]
        environment = next((one for one in there if one.name == name), None)
        if environment is None:
            message = f"There is no environment “{name}”."
            return page("desk/lost.html", 404, self._clock.now(), message=message)
        asked = dict(parse_qsl(urlsplit(looked_at).query)) if looked_at else request.query_params
        return Visit(
            request=request,
            asked=asked,
            form={},
            several={},
            person=person,
            environment=environment,
            environments=there,
            csrf=csrf_of(token),
            now=self._clock.now(),
            server_url=self._server_url,
            api=Inside(request.app.state.indoors, person, environment),
            is_live=bool(looked_at),
        )

    @staticmethod
    def _token(request: Request) -> str:
        return request.cookies.get("fairlead_session", "")
