"""All routes of the dashboard."""

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from fairlead.dashboard.desk import (
    approvals,
    connections,
    integrations,
    keys,
    logs,
    overview,
    people,
    records,
    syncs,
    webhooks,
)
from fairlead.dashboard.desk.desk import Desk, Handler
from fairlead.dashboard.desk.door import ROOT, SET_UP, SIGN_IN, Door
from fairlead.dashboard.desk.live import Live
from fairlead.model.clock import Clock
from fairlead.people.accounts import Accounts
from fairlead.store.database import Database

#: address below an environment -> what draws it
PAGES: Mapping[str, Handler] = {
    "": overview.show,
    "connections": connections.show_all,
    "connection": connections.show,
    "syncs": syncs.show_all,
    "sync": syncs.show,
    "records": records.show,
    "integrations": integrations.show_all,
    "integrations/new": integrations.show_new,
    "integration": integrations.show,
    "keys": keys.show,
    "logs": logs.show_all,
    "log": logs.show,
    "approvals": approvals.show,
    "webhooks": webhooks.show,
    "settings": people.show,
    "audit": people.show_audit,
}
#: address below an environment -> what a form sent there does
FORMS: Mapping[str, Handler] = {
    "connection/examine": connections.examine,
    "connection/reconnect": connections.reconnect,
    "connection/delete": connections.remove,
    "connections/invite": connections.invite,
    "sync/run": syncs.run,
    "sync/start": syncs.start,
    "sync/pause": syncs.pause,
    "sync/cancel": syncs.cancel,
    "sync/approve": syncs.approve,
    "sync/reschedule": syncs.reschedule,
    "integrations/new": integrations.create,
    "integration/change": integrations.change,
    "integration/delete": integrations.remove,
    "keys/create": keys.create,
    "keys/revoke": keys.revoke,
    "environments/create": keys.create_environment,
    "people/add": people.add,
    "people/change": people.change,
    "people/delete": people.remove,
    "approvals/decide": approvals.decide,
    "webhooks/replay": webhooks.replay,
}


def desk_routes(
    accounts: Accounts, db: Database, clock: Clock, server_url: str
) -> tuple[list[BaseRoute], Live]:
    """Return the routes, and the live updates, to be stopped with the server."""
    door = Door(accounts, clock, server_url)
    desk = Desk(door, db, clock, server_url)
    live = Live(desk, PAGES)
    inside = f"{ROOT}/in/{{environment}}"
    routes: list[BaseRoute] = [
        Route(ROOT, desk.front),
        Route(SIGN_IN, door.sign_in_page),
        Route(SIGN_IN, door.sign_in, methods=["POST"]),
        Route(f"{ROOT}/sign-out", door.sign_out, methods=["POST"]),
        Route(SET_UP, door.set_up_page),
        Route(SET_UP, door.set_up, methods=["POST"]),
        Route(f"{inside}/live", live.stream),
    ]
    routes += [
        Route(f"{inside}/{name}" if name else inside, desk.page(handler), methods=["GET"])
        for name, handler in PAGES.items()
    ]
    routes += [
        Route(f"{inside}/{name}", desk.form(handler), methods=["POST"])
        for name, handler in FORMS.items()
    ]
    return routes, live
